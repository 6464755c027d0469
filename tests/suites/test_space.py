"""What a history covered is told by what struck, and the chosen points are few and enough."""

from dataclasses import replace

import pytest

from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.adversity import FAULTS, WAITED_FOR, every_pair, every_single, scenario_at, takes_long
from suites.judge import judge
from suites.rules.endpoints import kind_of
from suites.space import KINDS, PLACES, STAGES, Point, covered, meets, missing, pairs, singles, space
from suites.tally import coverage_of, weigh

STORES: tuple[ImageStore, ...] = ("classic", "containerd")
COPY = Copy("library/app", "1.0", "v1")
MIRRORS = ("https://mirror.gcr.io", "https://mirror-2.test", "https://mirror-3.test")


def told(scenario: Scenario, store: ImageStore = "classic") -> frozenset[Point]:
    return covered(scenario, ModelLab(store).play(scenario))


def with_fault(fault: Fault, *mirrors: str, at: str = "mirror-1", held: bool = True) -> Scenario:
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(64, 65, 66))},
        servers={"hub": Holdings((COPY,)), at: Holdings((COPY,) if held else (), (fault,))},
        mirrors=mirrors or MIRRORS,
        steps=(Pull(Reference("library/app", "1.0")),),
    )


@pytest.mark.parametrize(("server", "place"), [("mirror-1", "first"), ("mirror-2", "middle"), ("mirror-3", "last")])
def test_a_fault_that_struck_is_covered_in_its_place(server: str, place: str) -> None:
    fault = Fault("status", "config", status=503)
    assert told(with_fault(fault, at=server)) == {Point("503", "config", place)}


def test_a_fault_that_did_not_strike_is_not_covered() -> None:
    later = with_fault(Fault("status", "config", status=503), at="mirror-2")
    scenario = replace(later, servers={**later.servers, "mirror-1": Holdings((COPY,))})
    assert told(scenario) == frozenset()
    assert told(with_fault(Fault("status", "upload", status=503))) == frozenset()


def test_an_only_mirror_is_in_no_place_of_the_space() -> None:
    assert told(with_fault(Fault("status", "config", status=503), MIRRORS[0])) == {Point("503", "config", "only")}


@pytest.mark.parametrize("kind", ["refuse", "dns", "untrusted", "half-handshake", "tls-alert"])
def test_a_mirror_that_lets_nothing_through_is_covered_where_a_daemon_went_past(kind: str) -> None:
    assert told(with_fault(FAULTS[kind], at="mirror-2")) == {Point(kind, "connection", "middle")}
    later = with_fault(FAULTS[kind], at="mirror-2")
    assert told(replace(later, servers={**later.servers, "mirror-1": Holdings((COPY,))})) == frozenset()


def test_what_strikes_tls_is_not_covered_in_plain_http() -> None:
    plain = tuple(url.replace("https", "http") for url in MIRRORS)
    assert told(with_fault(Fault("tls-alert"), *plain)) == frozenset()


@pytest.mark.parametrize(("number", "stage"), [(0, "first layer"), (1, "middle layer"), (2, "last layer")])
def test_layers_are_told_apart(number: int, stage: str) -> None:
    struck = told(with_fault(Fault("status", "layer", status=500, role=f"layer:{number}")))
    assert struck == {Point("500", stage, "first")}


def test_a_token_is_a_stage_where_a_mirror_sends_for_one() -> None:
    assert Point("garbage", "token", "middle") in told(scenario_at(Point("garbage", "token", "middle")))


def test_of_two_faults_that_cannot_be_told_apart_none_is_covered() -> None:
    scenario = with_fault(Fault("wrong-length", "config", by=10))
    both = (Fault("wrong-length", "config", by=10), Fault("wrong-length", "config", by=-10))
    scenario = replace(scenario, servers={**scenario.servers, "mirror-1": Holdings((COPY,), both)})
    assert told(scenario) == frozenset()


@pytest.mark.parametrize("store", STORES)
def test_every_pair_is_met_by_few_points(store: ImageStore) -> None:
    chosen = every_pair(store)
    assert missing(store, chosen, pairs) == ()
    assert len(chosen) < len(space(store)) / 2
    for left_out in chosen[::17]:
        rest = [point for point in chosen if point.kind != left_out.kind]
        assert left_out.kind in missing(store, rest, singles)


@pytest.mark.parametrize("store", STORES)
def test_every_single_is_met_by_fewer_points_yet(store: ImageStore) -> None:
    chosen = every_single(store)
    assert missing(store, chosen, singles) == ("hang",)
    assert len(chosen) < len(every_pair(store)) / 2
    assert set(chosen) < set(every_pair(store))
    assert not any(takes_long(point, store) for point in chosen)


@pytest.mark.parametrize("store", STORES)
def test_what_takes_no_time_meets_all_but_what_is_waited_for(store: str) -> None:
    quick = [point for point in every_pair(store) if not takes_long(point, store)]
    assert missing(store, quick, singles) == ("hang",)


def test_there_is_a_fault_of_every_kind_and_it_is_called_so() -> None:
    assert set(FAULTS) == set(KINDS)
    assert {kind: kind_of(fault) for kind, fault in FAULTS.items()} == {kind: kind for kind in KINDS}
    assert set(KINDS) > WAITED_FOR


@pytest.mark.parametrize("store", STORES)
def test_the_space_has_all_kinds_and_places_and_the_stages_of_its_store(store: str) -> None:
    points = space(store)
    assert {point.kind for point in points} == set(KINDS)
    assert {point.place for point in points} == set(PLACES)
    assert set(STAGES) - {point.stage for point in points} == ({"ping"} if store == "containerd" else set())
    assert not meets("tls-alert", "config", store)


def test_a_report_says_what_was_never_met() -> None:
    scenario = with_fault(Fault("status", "config", status=503))
    tally, _ = weigh(scenario, ModelLab("classic").play(scenario), (), ())
    coverage = coverage_of("any", tally)
    assert (coverage.points, coverage.of) == (1, len(space("classic")))
    assert "503" not in coverage.singles
    assert {"502", "first layer", "last mirror"} <= set(coverage.singles)
    assert "503 x config" not in coverage.pairs
    assert "503 x ping" in coverage.pairs


@pytest.mark.parametrize(("kind", "wasted"), [("503", 0), ("reset-midway", 10)])
def test_what_a_fallback_costs_is_measured(kind: str, wasted: int) -> None:
    scenario = scenario_at(Point(kind, "first layer", "first"))
    verdicts = judge(scenario, ModelLab("classic").play(scenario))
    (cost,) = (dict(verdict.measure) for verdict in verdicts if verdict.rule == f"FALLBACK-2/{kind}")
    assert cost["wasted bytes of unusable mirrors"] == wasted
    assert cost["requests to unusable mirrors"] == 1
    assert cost["seconds"] > 0
