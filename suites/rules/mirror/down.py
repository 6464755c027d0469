"""DOWN: what a mirror is good for while Hub is not there."""

from dataclasses import replace

from simulator.arrangement import Fault
from suites.mirror.timeline import Case
from suites.rules.finding import Finding, broken, kept
from suites.rules.mirror.common import CaseRule, came, content

_CANNOT_SAY = (429, 500, 502, 503, 504)
_MARKS = ("warning", "age", "x-cache", "x-cache-status", "cache-status", "x-proxy-cache")


def _outage(case: Case) -> str:
    """How Hub is down for everybody, in a word; ``""`` where it is not."""
    for fault in case.state.faults:
        if fault.kind == "refuse":
            return "refuse"
        if fault.at == "any" and not fault.method and fault.times is None and not fault.skip:
            return _kind(fault)
    return ""


def _kind(fault: Fault) -> str:
    if fault.kind == "status":
        return "429" if fault.status == 429 else "5xx" if fault.status >= 500 else ""
    return fault.kind if fault.kind in ("hang", "reset") else ""


def _during(case: Case) -> str:
    return "" if case.ask.repository in case.scenario.private else _outage(case)


def held_digests_survive_an_outage(case: Case) -> Finding | None:
    how = _during(case)
    if not how or not case.reads or case.by_tag or not case.held:
        return None
    said = f"Hub is down ({how}), the mirror holds it, and {came(case)}"
    finding = kept(said) if case.served else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=how)


def held_tags_survive_an_outage(case: Case) -> Finding | None:
    how = _during(case)
    if not how or not case.reads or not case.by_tag or not case.held:
        return None
    said = f"Hub is down ({how}), the mirror holds it, and {came(case)}"
    finding = kept(said) if case.whole else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=how)


def what_may_be_stale_says_so(case: Case) -> Finding | None:
    if not _during(case) or not case.reads or not case.by_tag or not case.whole:
        return None
    if not any(e.repository == case.ask.repository and e.stage == "manifest-by-tag" for e in content(case.upstream)):
        return None
    marks = [name for name in _MARKS if case.answer.header(name)]
    if marks:
        return kept(f"Hub could not be asked, and the answer says so: {marks[0]}", case.upstream)
    return broken("Hub could not be asked, and nothing in the answer says so", case.upstream)


def an_outage_is_not_called_a_miss(case: Case) -> Finding | None:
    how = _during(case) or ("" if case.scenario.limits_nobody else "limit")
    known = case.held or case.served or any(c.place == case.place and c.answer.status == 200 for c in case.earlier)
    if not how or not case.reads or not case.at_hub or known or not case.fills:
        return None
    if how == "hang" and not case.answer.status:
        return None
    said = f"Hub could not be asked ({how}), and {came(case)}"
    finding = kept(said) if case.answer.status in _CANNOT_SAY else broken(said, case.upstream)
    return Finding(finding.kept, finding.reason, finding.exchanges, variant=how)


def a_hanging_hub_does_not_hang_its_clients(case: Case) -> Finding | None:
    if _during(case) != "hang" or not case.reads:
        return None
    said = f"Hub hangs, clients wait {case.ask.deadline:g} s, and {came(case)} after {case.answer.seconds:.1f} s"
    measure = (("seconds until a client is answered while Hub hangs", case.answer.seconds),)
    answered = bool(case.answer.status) and not case.answer.problem
    finding = kept(said) if answered else broken(said, case.upstream)
    return replace(finding, measure=measure)


CASE_RULES: dict[str, CaseRule] = {
    "DOWN-1": held_digests_survive_an_outage,
    "DOWN-2": held_tags_survive_an_outage,
    "DOWN-3": what_may_be_stale_says_so,
    "DOWN-4": an_outage_is_not_called_a_miss,
    "DOWN-5": a_hanging_hub_does_not_hang_its_clients,
}
