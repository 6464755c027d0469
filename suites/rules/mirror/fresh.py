"""COND, FRESH, GONE, QUOTA: how a mirror keeps up with Hub, and what that costs."""

from collections.abc import Iterator

from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, TrialRule, came, content, short

_LOGINS = 2
"""Token requests for one repository that are well spent: a token, and another where it ran out."""

_LOOKS = 3
"""Looks at a tag that moved from which on bounds can be told."""

_DAY = 86400.0
"""Seconds after which a tag that is still behind will hardly ever catch up."""

_MANY = 4
"""Requests to Hub about one repository from which on it shows whether a token is used again."""


def what_is_known_is_not_sent_again(case: Case) -> Finding | None:
    if not case.has("if-none-match") or not case.reads or not case.servable or not case.held:
        return None
    tags = {c.answer.header("etag") for c in case.earlier if c.place == case.place and c.whole}
    if not any(case.part and case.part.digest in tag for tag in tags):
        return None
    said = f"with its own ETag, {came(case)}"
    return kept(said) if case.answer.status == 304 else broken(said, case.upstream)


def tag_is_as_fresh_as_was_promised(case: Case) -> Finding | None:
    promised, age = case.history.promises.stale, case.state.since.get(case.place)
    if promised is None or age is None or not case.by_tag or not case.reads or not case.servable or age < promised:
        return None
    held = case.state.held.get(case.place)
    if held is None or held == case.image:
        return None
    said = f"Hub has had another image for {age:g} s, the mirror promises {promised:g} s, and {came(case)}"
    measure = (("seconds stale, promised at most", promised),)
    finding = (
        kept(said, case.upstream) if case.served else broken(f"{said}: {short(case.answer.digest)}", case.upstream)
    )
    return Finding(finding.kept, finding.reason, finding.exchanges, measure=measure)


def a_tag_catches_up(found: tuple[Case, ...]) -> Iterator[Finding]:
    """How long a tag was behind, in bounds: as old as the old image was seen, as new as Hub's was."""
    seen = [case for case in found if _has_moved(case)]
    ages = [(case.state.since[case.place], case) for case in seen]
    least = max((age for age, case in ages if not case.served and _is_older(case)), default=0.0)
    most = min((age for age, case in ages if case.served and age >= least), default=None)
    if len(seen) < _LOOKS or not any(case.served or _is_older(case) for case in seen):
        return
    measure = [("seconds that a tag was behind, at least", least)]
    if most is None:
        said = f"a tag that moved at Hub was still behind after {least:g} s"
    else:
        measure.append(("seconds that a tag was behind, at most", most))
        said = f"a tag that moved at Hub was behind for at least {least:g} s and at most {most:g} s"
    yield Finding(most is not None or least < _DAY, said, step=seen[-1].number, measure=tuple(measure))


def _has_moved(case: Case) -> bool:
    """Whether a tag is read that the mirror was let hold before it moved."""
    moved = case.by_tag and case.reads and case.healthy and case.at_hub and case.place in case.state.since
    return moved and case.whole and not case.is_choosy and case.state.held.get(case.place, case.image) != case.image


def _is_older(case: Case) -> bool:
    """Whether an image came that the tag named before."""
    before = case.state.before.get(case.place, frozenset())
    return case.answer.digest in {case.history.contents[image].root for image in before}


def many_looks_cost_little(case: Case) -> Finding | None:
    if case.ask.method != "HEAD" or case.ask.clients < 2 or case.index or not case.held or not case.healthy:
        return None
    asked, many = content(case.upstream), case.ask.clients
    said = f"{many} clients looked at once at a tag that is held, and Hub was asked {len(asked)} times"
    measure = ((f"requests to Hub for {many} looks at once", float(len(asked))),)
    return Finding(len(asked) <= many, said, tuple(e.seq for e in asked), measure=measure)


def what_hub_deleted_goes_as_was_promised(case: Case) -> Finding | None:
    promises, age = case.history.promises, case.state.since.get(case.place)
    deleted = case.by_tag and case.place not in case.state.tags and case.place in case.state.held
    if promises.deleted is None or not deleted or age is None or not case.reads or not case.healthy:
        return None
    if age < (promises.stale or 0.0):
        return None
    said = f"Hub deleted it {age:g} s ago, the mirror promises that it is {promises.deleted}, and {came(case)}"
    there = case.answer.status == 200
    return kept(said) if there == (promises.deleted == "kept") else broken(said, case.upstream)


def a_hit_costs_no_pull(case: Case) -> Finding | None:
    unchanged = case.state.held.get(case.place) == case.image and case.by_tag
    if not case.reads or not case.servable or not case.held or not (unchanged or not case.by_tag):
        return None
    pulls = [e for e in case.upstream if e.method == "GET" and e.stage in ("manifest-by-tag", "manifest-by-digest")]
    if pulls:
        return broken(f"{case.name} is a hit, and Hub was asked for the manifest by GET", pulls)
    return kept(f"{case.name} is a hit, and cost no pull", case.upstream)


def a_digest_that_is_held_asks_nothing(case: Case) -> Finding | None:
    if not case.reads or case.by_tag or not case.held or not case.healthy:
        return None
    asked = content(case.upstream)
    if asked:
        return broken(f"{case.name} is held, and Hub was asked for {asked[0].stage}", asked)
    return kept(f"{case.name} is held, and Hub was asked for nothing")


def hubs_limits_are_not_shown_as_the_clients(case: Case) -> Finding | None:
    if case.scenario.limits is None or case.ask.kind != "manifest" or case.answer.status != 200:
        return None
    shown = [name for name, _ in case.answer.headers if name.startswith(("ratelimit-", "docker-ratelimit"))]
    if shown:
        return broken(f"{came(case)} and Hub's {shown[0]}, which is the mirror's own", case.upstream)
    return kept("no limit of Hub's was shown")


def tokens_are_used_again(found: tuple[Case, ...]) -> Iterator[Finding]:
    history = found[0].history if found else None
    if history is None or not found[0].healthy or len(history.contents) > 1:
        return
    asked = content(history.exchanges)
    repositories = {e.repository for e in asked if e.repository}
    tokens = [e for e in history.exchanges if e.stage == "token" and e.status == 200]
    clients_own = any(answer.with_token for happened in history.happened for answer in happened.answers)
    if len(asked) < _MANY or len(repositories) != 1 or clients_own:
        return
    measure = (("token requests", float(len(tokens))),)
    said = f"{len(asked)} requests to Hub took {len(tokens)} for tokens"
    numbers = tuple(e.seq for e in tokens)
    yield Finding(len(tokens) <= _LOGINS, said, numbers, step=found[-1].number, measure=measure)


CASE_RULES: dict[str, CaseRule] = {
    "COND-1": what_is_known_is_not_sent_again,
    "FRESH-1": tag_is_as_fresh_as_was_promised,
    "GONE-1": what_hub_deleted_goes_as_was_promised,
    "QUOTA-1": a_hit_costs_no_pull,
    "QUOTA-2": a_digest_that_is_held_asks_nothing,
    "QUOTA-3": hubs_limits_are_not_shown_as_the_clients,
    "QUOTA-5": many_looks_cost_little,
}
TRIAL_RULES: dict[str, TrialRule] = {"FRESH-2": a_tag_catches_up, "QUOTA-4": tokens_are_used_again}
