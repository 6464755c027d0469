"""Pulls that overlap: played by the model in turns, told apart where that can be, and judged by what is known."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from fixtures.history import History
from fixtures.model import ModelLab, Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Pull, Reference, Scenario, Together
from report.diagram import describe
from simulator.arrangement import Break, Copy, Evict, Heal, Holdings, ImageSpec
from suites.judge import judge
from suites.saved import SCENARIOS, read_scenario
from suites.strategies import overlapping_pulls
from suites.timeline import pulls, pulls_together
from suites.verdict import Verdict
from tests.mutants.table import BOTH
from tests.mutants.trials import EVICTED_OF_TWO, FIRST, SECOND

APP, TOOL = Copy("library/app", "1.0", "app"), Copy("team/tool", "1.0", "tool")
PULLS = tuple(Pull(Reference(copy.repository, "1.0")) for copy in (APP, TOOL))
EVICTING = (Evict("mirror-1", "library/app"), Evict("mirror-1", "team/tool"))
TWICE = (PULLS[0], PULLS[0])


def at_once(
    *wanted: Pull, mirror: tuple[Copy, ...] = (APP, TOOL), changes: tuple[Evict | Break | Heal, ...] = ()
) -> Scenario:
    """Docker Hub has both images, and a mirror what is said."""
    return Scenario(
        images={copy.image: ImageSpec(copy.image, layers=(64, 512)) for copy in (APP, TOOL)},
        servers={"hub": Holdings((APP, TOOL)), "mirror-1": Holdings(mirror)},
        mirrors=(FIRST, SECOND),
        steps=(Together(wanted, changes),),
    )


def said(scenario: Scenario, history: History, ruling: str = "fail") -> list[Verdict]:
    return [verdict for verdict in judge(scenario, history) if verdict.ruling == ruling]


@settings(deadline=None, max_examples=150)
@given(overlapping_pulls())
@pytest.mark.parametrize("store", BOTH)
def test_an_unbroken_daemon_keeps_every_rule(store: ImageStore, scenario: Scenario) -> None:
    history = ModelLab(store).play(scenario)
    assert {verdict.ruling for verdict in judge(scenario, history)} <= {"pass"}
    assert ModelLab(store).play(scenario) == history


@pytest.mark.parametrize("store", BOTH)
def test_pulls_take_turns_and_are_told_apart(store: ImageStore) -> None:
    scenario = at_once(*PULLS)
    history = ModelLab(store).play(scenario)
    order = [exchange.repository for exchange in history.exchanges if exchange.repository]
    assert order != sorted(order)
    assert pulls(scenario, history) == ()
    cases = pulls_together(scenario, history)
    assert [{exchange.repository for exchange in case.exchanges} for case in cases] == [{"library/app"}, {"team/tool"}]
    assert {verdict.rule for verdict in said(scenario, history, "pass")} >= {"ORDER-1", "ORDER-2", "HIT-1"}


@pytest.mark.parametrize("store", BOTH)
def test_of_two_pulls_of_one_image_only_the_results_are_judged(store: ImageStore) -> None:
    scenario = at_once(*TWICE, mirror=())
    history = ModelLab(store).play(scenario)
    assert [case.exchanges for case in pulls_together(scenario, history)] == [(), ()]
    assert {verdict.rule for verdict in said(scenario, history, "pass")} == {"FALLBACK-1"}
    served = at_once(*TWICE)
    assert judge(served, ModelLab(store).play(served)) == ()


@pytest.mark.parametrize("store", BOTH)
@pytest.mark.parametrize("wanted", [PULLS, TWICE], ids=["different", "the same"])
def test_evictions_meanwhile_are_judged(store: ImageStore, wanted: tuple[Pull, ...]) -> None:
    scenario = at_once(*wanted, changes=EVICTING)
    history = ModelLab(store).play(scenario)
    judged = [(v.rule, v.variant) for v in said(scenario, history, "pass") if v.rule == "EVICT-1"]
    assert judged == [("EVICT-1", "while pulls run")] * 2


@pytest.mark.parametrize("store", BOTH)
@pytest.mark.parametrize("wanted", [PULLS, TWICE], ids=["different", "the same"])
def test_a_daemon_that_gives_up_on_evictions_is_found_out(store: ImageStore, wanted: tuple[Pull, ...]) -> None:
    scenario = at_once(*wanted, changes=EVICTING)
    broken = ModelLab(store, {Switch("gives up on 404"), Switch("gives up on wrong-digest")}).play(scenario)
    assert "EVICT-1" in {verdict.rule for verdict in said(scenario, broken)}


def test_a_miss_that_another_pull_met_is_told_from_one_of_docker_hub() -> None:
    history = ModelLab("classic", {Switch.SHARES_MISSES}).play(EVICTED_OF_TWO)
    assert [v.variant for v in said(EVICTED_OF_TWO, history)] == ["while pulls run, by another's miss"]
    refused = tuple(
        replace(e, status=404) if (e.server, e.stage) == ("hub", "config") else e for e in history.exchanges
    )
    judged = said(EVICTED_OF_TWO, replace(history, exchanges=refused))
    assert [v.variant for v in judged] == ["while pulls run"]


@pytest.mark.parametrize("store", BOTH)
def test_an_eviction_by_a_slow_mirror_is_judged(store: ImageStore) -> None:
    scenario = read_scenario(SCENARIOS / "a-layer-of-two-pulls-is-evicted.json")
    history = ModelLab(store).play(scenario)
    assert [v.rule for v in said(scenario, history, "pass")] == ["EVICT-1", "EVICT-1"]


@pytest.mark.parametrize("store", BOTH)
def test_a_daemon_that_asks_in_another_order_is_found_out(store: ImageStore) -> None:
    scenario = at_once(*PULLS, mirror=())
    broken = ModelLab(store, {Switch.REVERSES_ORDER}).play(scenario)
    reasons = [verdict.reason for verdict in said(scenario, broken) if verdict.rule == "ORDER-1"]
    assert len(reasons) == 2
    assert all("mirror-2 was asked before mirror-1" in reason for reason in reasons)


@pytest.mark.parametrize("store", BOTH)
def test_a_hit_that_asks_docker_hub_is_found_out_and_whose_it_is(store: ImageStore) -> None:
    scenario = at_once(*PULLS, mirror=(TOOL,))
    history = ModelLab(store).play(scenario)
    assert said(scenario, history) == []
    stray = next(e for e in history.exchanges if e.server == "hub" and e.repository == "library/app")
    seq = len(history.exchanges)
    strayed = replace(history, exchanges=(*history.exchanges, replace(stray, seq=seq, repository="team/tool")))
    (outcome,) = history.outcomes
    strayed = replace(strayed, outcomes=(outcome.within(0, 0, seq + 1),))
    assert {(v.rule, v.exchanges) for v in said(scenario, strayed)} >= {("HIT-1", (seq,))}


@pytest.mark.parametrize("store", BOTH)
def test_one_of_two_wrong_images_is_found_out(store: ImageStore) -> None:
    scenario = at_once(*TWICE, mirror=())
    history = ModelLab(store).play(scenario)
    (outcome,) = history.outcomes
    first, second = outcome.pulls
    wrong = replace(second, image=replace(second.image, layers=()) if second.image else None)
    mixed = replace(history, outcomes=(replace(outcome, pulls=(first, wrong)),))
    (verdict,) = said(scenario, mixed)
    assert (verdict.rule, verdict.reason) == (
        "FALLBACK-1",
        "the pull of library/app:1.0 did not bring Hub's image, bit for bit",
    )


def test_pulls_at_once_in_words() -> None:
    scenario = at_once(*PULLS, mirror=(), changes=EVICTING[:1])
    history = ModelLab("classic").play(scenario)
    words = " ".join(" ".join(describe(scenario, history)).split())
    assert "1. at once: docker pull library/app:1.0; docker pull team/tool:1.0; meanwhile mirror-1 evicts" in words
    assert words.count("-> ok, image sha256:") == 2
