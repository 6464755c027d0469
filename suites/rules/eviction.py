"""EVICT: what a mirror forgets, and when."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.history import History
from fixtures.scenario import Scenario
from simulator.arrangement import Break, Evict, Fault
from simulator.journal import Exchange
from suites.rules.endpoints import DELAYS, brought_what_was_offered, how_it_failed
from suites.rules.finding import Finding, HistoryRule, broken, kept
from suites.timeline import HUB, PullCase, pulls, pulls_together

_MANIFESTS = frozenset({"manifest-by-tag", "manifest-by-digest"})


def eviction_breaks_no_pull(scenario: Scenario, history: History) -> Iterator[Finding]:
    for overlapping in pulls_together(scenario, history):
        finding = _while_pulls_run(overlapping)
        if finding:
            yield replace(finding, step=overlapping.number)
    cases = {case.number: case for case in pulls(scenario, history)}
    served: set[tuple[str, str]] = set()
    evicted: dict[tuple[str, str], str] = {}
    for number, step in enumerate(scenario.steps):
        if isinstance(step, Evict):
            place = (step.server, step.repository)
            evicted[place] = "between pulls" if place in served else "before a pull"
        case = cases.get(number)
        if case is None:
            continue
        finding = _judged(case, evicted)
        if finding:
            yield replace(finding, step=number)
        served |= {(e.server, e.repository) for e in case.exchanges if e.stage in _MANIFESTS and e.status == 200}


def _while_pulls_run(case: PullCase) -> Finding | None:
    """Several pulls run while mirrors evict: none suffers, whosever an exchange is."""
    place = case.reference.repository
    evicted = [c for c in case.meanwhile if isinstance(c, Evict) and c.repository == place and c.server != HUB]
    broken_meanwhile = [c.fault for c in case.meanwhile if isinstance(c, Break)]
    behave = _others_behave(case) and all(map(_is_harmless, broken_meanwhile))
    if not evicted or not case.is_hub or not case.usable(HUB) or not behave:
        return None
    other = any(case.image_at(one.server) not in {None, case.image_at(HUB)} for one in evicted)
    variant = f"while pulls run{' of another image' if other else ''}"
    finding = _suffered(case, evicted[0].server, "while pulls run")
    inherited = () if finding.kept else _inherited(case)
    if inherited:
        told = f"{finding.reason}, as a mirror answered to another pull of that layer"
        return replace(broken(told, inherited), variant=f"{variant}, by another's miss")
    return replace(finding, variant=variant)


def _inherited(case: PullCase) -> tuple[Exchange, ...]:
    """A mirror's misses that became the end of a pull which had come to Docker Hub, and was refused nothing there."""
    asked = case.history.asked(case.outcome)
    at_hub = [e for e in asked if e.server == HUB and e.repository == case.reference.repository]
    if not any(e.stage in _MANIFESTS and e.status == 200 for e in at_hub) or any(e.status == 404 for e in at_hub):
        return ()
    if not case.outcome.error.endswith("unknown blob"):
        return ()
    content = case.content(case.image_at(HUB) or "")
    own = {entry.digest for entry in content.objects} if content else frozenset()
    mirrors = case.situation.mirrors
    return tuple(
        e for e in asked if e.server in mirrors and (e.stage, e.status) == ("layer", 404) and e.reference in own
    )


def _suffered(case: PullCase, server: str, when: str) -> Finding:
    if brought_what_was_offered(case):
        return kept(f"{server} evicted {when}, and the pull of {case.spelled()} did not suffer", case.exchanges)
    return broken(
        f"{server} evicted {when}, Hub has {case.spelled()}, and the pull {how_it_failed(case)}", case.exchanges
    )


def _judged(case: PullCase, evicted: dict[tuple[str, str], str]) -> Finding | None:
    if not case.is_hub or not case.exchanges or not case.usable(HUB) or not _others_behave(case):
        return None
    met = {server: when for server in _before_the_server(case) if (when := _when(case, server, evicted))}
    if not met:
        return None
    server, when = next(iter(met.items()))
    other = any(case.image_at(one) not in {None, case.image_at(HUB)} for one in met)
    return replace(_suffered(case, server, when), variant=f"{when}{' of another image' if other else ''}")


def _before_the_server(case: PullCase) -> Iterator[str]:
    """The mirrors that a pull comes by on its way to whoever serves it."""
    for server in case.situation.mirrors:
        if case.usable(server):
            return
        yield server


def _when(case: PullCase, server: str, evicted: dict[tuple[str, str], str]) -> str:
    """When a mirror evicted what is asked for: before this pull, between it and another, or while it ran."""
    gave = False
    for exchange in case.to((server,)):
        if gave and exchange.status == 404 and exchange.fault:
            return "during a pull"
        gave |= exchange.stage in _MANIFESTS and exchange.status == 200
    return "" if case.shelf(server).faults else evicted.get((server, case.reference.repository), "")


def _others_behave(case: PullCase) -> bool:
    return all(all(map(_is_harmless, case.shelf(server).faults)) for server in case.situation.mirrors)


def _is_harmless(fault: Fault) -> bool:
    """On the wire, what is evicted while a pull runs is what is no longer found; what is late is there all the same."""
    return fault.kind in DELAYS or (fault.kind == "status" and fault.status == 404)


HISTORY_RULES: dict[str, HistoryRule] = {"EVICT-1": eviction_breaks_no_pull}
