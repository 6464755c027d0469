"""What should happen at least once in a run: the situations that bugs hide in, told from histories alone.

None of them is a rule. A run in which one never happened says so: its verdicts then rest on less than they seem to.
"""

from collections.abc import Callable
from itertools import pairwise

from fixtures.history import History
from fixtures.scenario import Configure, Restart, Scenario, Step
from simulator.arrangement import Evict, Heal, Publish
from simulator.journal import Exchange
from suites.timeline import HUB, PullCase, pulls

Happened = Callable[[Scenario, History], bool]


def happened(scenario: Scenario, history: History) -> frozenset[str]:
    """The situations that a history shows."""
    return frozenset(name for name, shows in SITUATIONS.items() if shows(scenario, history))


def _in_a_pull(shows: Callable[[PullCase], bool]) -> Happened:
    return lambda scenario, history: any(case.is_hub and shows(case) for case in pulls(scenario, history))


def _between_pulls(shows: Callable[[PullCase, PullCase, tuple[Step, ...]], bool]) -> Happened:
    """Two pulls that asked somebody, one after the other, and the steps between them."""

    def somewhere(scenario: Scenario, history: History) -> bool:
        cases = [case for case in pulls(scenario, history) if case.is_hub and case.exchanges]
        return any(shows(one, two, scenario.steps[one.number + 1 : two.number]) for one, two in pairwise(cases))

    return somewhere


def _after_some_layers(case: PullCase) -> bool:
    whole = [e for e in case.exchanges if e.stage == "layer" and _is_whole(e)]
    return case.outcome.result == "ok" and len({e.server for e in whole}) > 1


def _after_a_part_of_a_layer(case: PullCase) -> bool:
    parts = {
        (e.reference, e.server)
        for e in case.exchanges
        if e.stage == "layer" and e.fault and e.server in case.situation.mirrors and e.sent > 0
    }
    whole = [e for e in case.exchanges if e.stage == "layer" and _is_whole(e)]
    return any(e.reference == part and e.server != server for e in whole for part, server in parts)


def _evicted_after_the_manifest(case: PullCase) -> bool:
    for mirror in case.situation.mirrors:
        given = [e.seq for e in case.to((mirror,)) if e.stage.startswith("manifest") and e.status == 200]
        gone = [e.seq for e in case.to((mirror,)) if e.stage in {"config", "layer"} and e.status == 404]
        if given and gone and given[0] < gone[-1]:
            return True
    return False


def _mirror_to_mirror(case: PullCase) -> bool:
    servers = [server for server in case.asked() if server in case.situation.endpoints]
    return case.outcome.result == "ok" and len(servers) > 1 and HUB not in servers


def _several_unusable(case: PullCase) -> bool:
    return case.outcome.result == "ok" and len({e.server for e in case.to(case.situation.mirrors) if e.fault}) > 1


def _older_copy(case: PullCase) -> bool:
    """Whether a mirror gave a copy of a tag that is no longer the one at Hub."""
    now = case.image_at(HUB)
    return case.reference.digest is None and now is not None and case.got() not in {None, now}


def _reordered(one: PullCase, two: PullCase, between: tuple[Step, ...]) -> bool:
    before, after = one.situation.mirrors, two.situation.mirrors
    reloaded = any(isinstance(step, Configure) for step in between)
    return reloaded and before != after and set(before) == set(after)


def _taken_out(one: PullCase, two: PullCase, between: tuple[Step, ...]) -> bool:
    gone = set(one.situation.mirrors) - set(two.situation.mirrors)
    return bool(gone & set(one.asked())) and any(isinstance(step, Configure | Restart) for step in between)


def _retagged(one: PullCase, two: PullCase, between: tuple[Step, ...]) -> bool:
    moved = any(isinstance(step, Publish) and step.server == HUB for step in between)
    same = (one.reference.repository, one.reference.tag) == (two.reference.repository, two.reference.tag)
    another = two.got() not in {None, one.got()}
    return moved and same and two.reference.digest is None and another


def _restarted(one: PullCase, two: PullCase, between: tuple[Step, ...]) -> bool:
    restarts = [two.history.outcomes[one.number + 1 + n] for n, s in enumerate(between) if isinstance(s, Restart)]
    return any(outcome.result == "ok" for outcome in restarts)


def _healed(one: PullCase, two: PullCase, between: tuple[Step, ...]) -> bool:
    healed = {step.server for step in between if isinstance(step, Heal)}
    struck = {e.server for e in one.exchanges if e.fault}
    return any(_served(two, server) for server in healed & struck)


def _evicted(scenario: Scenario, history: History) -> bool:
    """Whether a pull by digest brought an image that a mirror of its list had lost before."""
    for case in pulls(scenario, history):
        lost = {s.server for s in scenario.steps[: case.number] if isinstance(s, Evict) and _is_of(s, case)}
        by_digest = case.is_hub and case.reference.digest is not None and case.exchanges
        if (
            by_digest
            and case.outcome.result == "ok"
            and any(case.misses(m) for m in lost & set(case.situation.mirrors))
        ):
            return True
    return False


def _is_of(step: Evict, case: PullCase) -> bool:
    return step.repository == case.reference.repository


def _served(case: PullCase, server: str) -> bool:
    given = any(e.stage in {"config", "layer"} and _is_whole(e) for e in case.to((server,)))
    return given and case.outcome.result == "ok"


def _is_whole(exchange: Exchange) -> bool:
    return exchange.status == 200 and 0 < exchange.length == exchange.sent and not exchange.fault


SITUATIONS: dict[str, Happened] = {
    "a fallback after some layers": _in_a_pull(_after_some_layers),
    "a fallback after a part of a layer": _in_a_pull(_after_a_part_of_a_layer),
    "an eviction between a manifest and its layers": _in_a_pull(_evicted_after_the_manifest),
    "a fallback from mirror to mirror": _in_a_pull(_mirror_to_mirror),
    "several unusable mirrors in one pull": _in_a_pull(_several_unusable),
    "an older copy from a mirror": _in_a_pull(_older_copy),
    "a reorder between two pulls": _between_pulls(_reordered),
    "a mirror taken out between two pulls": _between_pulls(_taken_out),
    "a retag between two pulls": _between_pulls(_retagged),
    "a restart between two pulls": _between_pulls(_restarted),
    "a mirror in use again after it was ill": _between_pulls(_healed),
    "a pull by digest after an eviction": _evicted,
}
"""Each situation by name."""
