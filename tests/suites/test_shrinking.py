"""Scenarios are made smaller as long as they show the same, and no smaller than a scenario can be."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from fixtures.errors import UsageError
from fixtures.history import History
from fixtures.model import ModelLab, Switch
from fixtures.playing import Player
from fixtures.scenario import Configure, Pull, Reference, Scenario, ShowInfo
from simulator.arrangement import Account, Break, Copy, Fault, Holdings, ImageSpec, Limits
from suites import judge as judging
from suites.judge import judge
from suites.rules.finding import broken
from suites.shrinking import is_possible, shrunk, simpler, size, smallest
from tests.mutants.trials import FIRST, HELD_BY_FIRST, PULL, REPOSITORY, SECOND, TAG
from tests.suites.stories import stories

LIMIT = timedelta(seconds=60)
BIG = Scenario(
    images={
        "v1": ImageSpec("v1", "oci", (64, 512, 2048), ("linux/amd64", "linux/arm64")),
        "v2": ImageSpec("v2", layers=(64, 64)),
    },
    servers={
        "hub": Holdings((Copy(REPOSITORY, None, "v2"), Copy(REPOSITORY, TAG, "v1"))),
        "mirror-2": Holdings((Copy(REPOSITORY, TAG, "v2", ("layer:1",)),), (Fault("status", "layer", status=503),)),
        "mirror-3": Holdings((Copy(REPOSITORY, TAG, "v2"),)),
        "elsewhere": Holdings((Copy(REPOSITORY, TAG, "v2"),)),
    },
    mirrors=("https://mirror-4.test", "https://mirror-3.test"),
    steps=(
        ShowInfo(),
        Configure((FIRST, SECOND)),
        Break("mirror-3", Fault("refuse")),
        Pull(Reference(REPOSITORY, "2.0")),
        Pull(Reference(REPOSITORY, TAG, short=True), "linux/amd64"),
    ),
    accounts=(Account("ada", "secret"),),
    limits=Limits(),
)


class Named(ModelLab):
    """A broken daemon under a daemon's name, which counts what it plays."""

    def __init__(self, *switches: Switch) -> None:
        super().__init__("classic", switches)
        self.profile = replace(self.profile, name="docker-28.5.2")
        self.plays = 0

    def play(self, scenario: Scenario, *, with_log: bool = False) -> History:
        self.plays += 1
        return super().play(scenario, with_log=with_log)


def fails(rule: str, player: Player) -> Callable[[Scenario], bool]:
    return lambda scenario: any(v.rule == rule and v.ruling == "fail" for v in judge(scenario, player.play(scenario)))


def test_what_a_daemons_failure_does_not_need_is_taken_away() -> None:
    small = shrunk(BIG, Named(Switch.REVERSES_ORDER), ["ORDER-1"], LIMIT, lambda _: None)
    assert small.accounts == ()
    assert not small.mirrors
    assert len(small.steps) == 2
    assert small.limits is None
    assert small.images.keys() <= {"v1"}
    assert not {"mirror-3", "elsewhere"} & small.servers.keys()
    assert size(small) < size(BIG) / 3
    assert fails("ORDER-1", Named(Switch.REVERSES_ORDER))(small)


def test_nothing_more_can_be_taken_away() -> None:
    shows = fails("ORDER-1", Named(Switch.REVERSES_ORDER))
    small = smallest(BIG, shows)
    assert [candidate for candidate in simpler(small) if is_possible(candidate) and shows(candidate)] == []


@settings(deadline=None, max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenario=stories())
def test_everything_simpler_is_smaller(scenario: Scenario) -> None:
    assert all(size(candidate) < size(scenario) for candidate in simpler(scenario))


def test_what_there_is_not_and_what_no_simulator_takes_is_never_tried() -> None:
    seen: list[Scenario] = []

    def shows(candidate: Scenario) -> bool:
        seen.append(candidate)
        return False

    assert smallest(BIG, shows) == BIG
    assert seen
    assert all(map(is_possible, seen))
    assert not is_possible(replace(HELD_BY_FIRST, images={}))
    assert not is_possible(replace(HELD_BY_FIRST, steps=(Break("hub", Fault("status")), PULL)))
    assert not is_possible(replace(HELD_BY_FIRST, steps=()))


def test_the_smallest_so_far_is_kept_when_the_time_is_up() -> None:
    daemon = Named(Switch.REVERSES_ORDER)
    assert shrunk(BIG, daemon, ["ORDER-1"], timedelta(0), lambda _: None) == BIG
    assert daemon.plays == 1


def test_where_the_model_fails_as_well_it_is_asked_instead_of_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judging.PULL_RULES, "ORDER-1", lambda _: broken("nobody is ever right"))
    daemon = Named()
    small = shrunk(BIG, daemon, ["ORDER-1"], timedelta(0), lambda _: None)
    assert len(small.steps) == 1
    assert small.servers == {}
    assert daemon.plays == 2


def test_a_rule_that_is_kept_cannot_be_shown_by_less() -> None:
    with pytest.raises(UsageError, match=r"^docker-28\.5\.2 keeps every rule that is looked for"):
        shrunk(BIG, Named(), ["ORDER-1"], LIMIT, lambda _: None)
