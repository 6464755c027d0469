"""SCOPE and DIRECT: which images mirrors are asked for, and what a pull from one host means."""

from dataclasses import replace

from simulator.journal import Exchange
from suites.rules.finding import Finding, PullRule, broken, kept
from suites.timeline import HUB, PullCase

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
