"""SCOPE and DIRECT: which images mirrors are asked for, and what a pull from one host means."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.history import History
from fixtures.scenario import HUB_NAMES, Login, Pull, PullAllTags, Push, Scenario, Search, Step
from simulator.journal import Exchange
from suites.rules.endpoints import unseen, variant
from suites.rules.finding import Finding, HistoryRule, PullRule, broken, kept
from suites.timeline import HUB, PullCase, pulls, situations

_NOT_FOUND = ("not found", "manifest unknown", "does not exist")


def other_registries_touch_no_mirror(case: PullCase) -> Finding | None:
    if case.is_hub or _is_mirror(case.host) or not case.situation.mirrors:
        return None
    return _only(case, f"{case.spelled()} is not a Docker Hub image")


def no_mirror_configured_none_asked(case: PullCase) -> Finding | None:
    if not case.is_hub or case.situation.mirrors:
        return None
    asked = [e for e in case.exchanges if _is_mirror(e.server)]
    if asked:
        finding = broken(f"no mirror is configured, yet {asked[0].server} was asked", asked)
    else:
        finding = kept("no mirror is configured, and none was asked", case.exchanges)
    return replace(finding, variant=case.situation.changed_by)


def direct_miss_fails(case: PullCase) -> Finding | None:
    if not _is_mirror(case.host) or case.copy_at(case.host) or case.shelf(case.host).faults:
        return None
    if case.local or not case.foreseen:
        return None
    stray = _stray(case)
    if stray:
        return broken(f"{case.host} alone was to be asked, yet {stray[0].server} was asked too", stray)
    if case.outcome.result != "failed":
        return broken(
            f"{case.host} does not hold {case.spelled()}, and the direct pull did not fail ({case.outcome.result})",
            case.exchanges,
        )
    missed = [e for e in case.exchanges if e.status == 404]
    if not missed or not any(words in case.outcome.error.lower() for words in _NOT_FOUND):
        return broken(f"the direct pull failed, and not as not-found: {case.outcome.error!r}", case.exchanges)
    return kept(f"{case.host} does not hold {case.spelled()}: {case.outcome.error}", missed)


def direct_hit_is_served_by_that_host(case: PullCase) -> Finding | None:
    if not _is_mirror(case.host) or not case.usable(case.host):
        return None
    if case.outcome.result != "ok" or case.got() != case.image_at(case.host):
        return broken(
            f"{case.host} holds {case.spelled()}, and the direct pull did not bring it: "
            f"{case.outcome.error or 'another image was taken'}",
            case.exchanges,
        )
    return _only(case, f"{case.host} holds {case.spelled()}")


def what_is_no_pull_touches_no_mirror(scenario: Scenario, history: History) -> Iterator[Finding]:
    for step, situation, outcome in situations(scenario, history):
        if not _is_hubs_own(step) or not situation.mirrors:
            continue
        exchanges = history.asked(outcome)
        touched = [e for e in exchanges if _is_mirror(e.server)]
        if touched:
            finding = broken(f"a {step.do} is Docker Hub's affair, yet {touched[0].server} was asked", touched)
        elif exchanges:
            finding = kept(f"the {step.do} asked only {exchanges[0].server}", exchanges)
        else:
            continue
        yield replace(finding, variant=step.do, step=outcome.step)


def _is_hubs_own(step: Step) -> bool:
    host = step.reference.host if isinstance(step, Push) else step.host if isinstance(step, Login) else ""
    return isinstance(step, Login | Search | Push) and host in HUB_NAMES


def every_spelling_goes_by_the_mirrors(scenario: Scenario, history: History) -> Iterator[Finding]:
    for case in (*pulls(scenario, history), *_all_tags(scenario, history)):
        if not case.is_hub or not case.exchanges:
            continue
        seen = [server for server in case.situation.mirrors if not unseen(case, server)]
        if seen:
            yield replace(
                _by(case, seen), variant=variant(case, _spelling(scenario.steps[case.number])), step=case.number
            )


def _by(case: PullCase, mirrors: list[str]) -> Finding:
    name, to_mirrors = case.reference.repository, case.to(mirrors)
    misnamed = [e for e in to_mirrors if e.repository not in {"", name}]
    if misnamed:
        return broken(f"{misnamed[0].server} was asked for {misnamed[0].repository}, where {name} is meant", misnamed)
    if not to_mirrors:
        past = f"{' and '.join(mirrors)}, which {'is' if len(mirrors) == 1 else 'are'} configured and can be reached"
        return broken(f"{name} was pulled past {past}", case.exchanges)
    return kept(f"{to_mirrors[0].server} was asked for {name}", to_mirrors)


def _all_tags(scenario: Scenario, history: History) -> Iterator[PullCase]:
    for step, situation, outcome in situations(scenario, history):
        if isinstance(step, PullAllTags):
            yield PullCase(outcome.step, Pull(step.reference), situation, outcome, history.asked(outcome), history)


def _spelling(step: Step) -> str:
    """How an image is spelled: what is there beside its repository."""
    if isinstance(step, PullAllTags):
        return "--all-tags"
    if not isinstance(step, Pull):
        return ""
    reference = step.reference
    told = {
        reference.host: bool(reference.host),
        "short": reference.short,
        "tag": reference.tag is not None,
        "digest": reference.digest is not None,
        "--platform": step.platform is not None,
    }
    return ", ".join(word for word, there in told.items() if there) or "name alone"


def _only(case: PullCase, because: str) -> Finding:
    stray = _stray(case)
    if stray:
        return broken(f"{because}, yet {stray[0].server} was asked", stray)
    return kept(f"{because}, and only {case.host} was asked", case.exchanges)


def _stray(case: PullCase) -> list[Exchange]:
    return [e for e in case.exchanges if e.server != case.host]


def _is_mirror(server: str) -> bool:
    return server != HUB and server.startswith("mirror")


RULES: dict[str, PullRule] = {
    "SCOPE-1": other_registries_touch_no_mirror,
    "SCOPE-3": no_mirror_configured_none_asked,
    "DIRECT-1": direct_miss_fails,
    "DIRECT-2": direct_hit_is_served_by_that_host,
}

HISTORY_RULES: dict[str, HistoryRule] = {
    "SCOPE-2": what_is_no_pull_touches_no_mirror,
    "SCOPE-4": every_spelling_goes_by_the_mirrors,
}
