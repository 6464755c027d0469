"""A trial that plays several scenarios at once, on models."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Event
from threading import enumerate as enumerate_threads
from typing import NoReturn

import pytest

from fixtures.errors import LabError
from fixtures.model import ModelLab, Switch
from fixtures.model.lab import ModelPlay
from fixtures.scenario import RestartService, Scenario
from suites.catalogue import rules
from suites.judge import judge
from suites.tally import result_of, weigh
from suites.trial import AT_ONCE, RuleBroken, Trial
from tests.mutants.trials import HELD_BY_FIRST, MISSED_BY_TWO, RUN_OVER_A_RELOAD

PLAYED: list[tuple[Scenario, Path | None]] = [(HELD_BY_FIRST, None), (MISSED_BY_TWO, None)]


class Meeting(ModelLab):
    """A model on which no scenario begins before it begins on so many."""

    def __init__(self, together: Barrier) -> None:
        super().__init__("classic")
        self.together = together
        self.alone = True

    @contextmanager
    def open(self, scenario: Scenario) -> Iterator[ModelPlay]:
        assert self.alone, "a daemon plays one scenario after the other"
        self.alone = False
        self.together.wait(timeout=30.0)
        with super().open(scenario) as play:
            yield play
        self.alone = True


def meeting(count: int) -> Trial:
    """A trial on daemons of which so many begin at once."""
    together = Barrier(count)

    @contextmanager
    def further() -> Iterator[Meeting]:
        yield Meeting(together)

    return Trial(Meeting(together), (), 0, 1.0, further)


def test_scenarios_are_played_at_once_and_all_are_tallied() -> None:
    trial = meeting(len(PLAYED))
    trial.play_at_once(PLAYED)
    assert trial.tally.scenarios == len(PLAYED)
    assert trial.tally.counts["HIT-1"].passed == 1


def test_where_there_are_more_than_daemons_each_daemon_plays_several() -> None:
    trial = meeting(AT_ONCE)
    trial.play_at_once(PLAYED * AT_ONCE)
    assert trial.tally.scenarios == 2 * AT_ONCE


def test_without_further_daemons_they_are_played_one_after_the_other() -> None:
    trial = Trial(ModelLab("classic"), (), 0, 1.0)
    trial.play_at_once(PLAYED)
    assert trial.tally.scenarios == len(PLAYED)


def test_all_are_played_even_where_one_breaks_a_rule() -> None:
    trial = Trial(ModelLab("classic", (Switch.SKIPS_FIRST_MIRROR,)), (), 0, 1.0)
    with pytest.raises(RuleBroken):
        trial.play_at_once(PLAYED)
    assert trial.tally.scenarios == len(PLAYED)


def test_a_daemon_that_does_not_start_is_an_error() -> None:
    def further() -> NoReturn:
        raise LabError("It did not start.")

    trial = Trial(ModelLab("classic"), (), 0, 1.0, further)
    with pytest.raises(LabError, match="did not start"):
        trial.play_at_once(PLAYED)
    assert trial.tally.scenarios == len(PLAYED)


def test_an_interrupt_lets_no_further_daemon_start(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, interrupted, started = Event(), Event(), []

    @contextmanager
    def further() -> Iterator[ModelLab]:
        started.append(1)
        begun.set()
        interrupted.wait(timeout=30.0)
        yield ModelLab("classic")

    def interrupt(futures: object) -> NoReturn:
        begun.wait(timeout=30.0)
        raise KeyboardInterrupt

    monkeypatch.setattr("suites.trial.wait", interrupt)
    monkeypatch.setattr("suites.trial.STARTS", 1)
    trial = Trial(ModelLab("classic"), (), 0, 1.0, further)
    before = set(enumerate_threads())
    with pytest.raises(KeyboardInterrupt):
        trial.play_at_once(PLAYED * 3)
    interrupted.set()
    for thread in set(enumerate_threads()) - before:
        thread.join(timeout=30.0)
    assert len(started) == 1


def test_what_cannot_be_observed_is_told_with_its_reason() -> None:
    trial = Trial(ModelLab("classic"), (), 0, 1.0)
    trial.cannot("No container runs in the daemon here: no runc", "CONFIG-7/containers")
    result = result_of(rules()["CONFIG-7/containers"], "model:classic", trial.tally.counts["CONFIG-7/containers"])
    assert (result.status, result.reason) == ("not applicable", "No container runs in the daemon here: no runc")
    assert result.is_remarkable
    trial.play(RUN_OVER_A_RELOAD)
    result = result_of(rules()["CONFIG-7/containers"], "model:classic", trial.tally.counts["CONFIG-7/containers"])
    assert result.status == "pass"


def test_how_a_rule_was_observed_otherwise_is_told() -> None:
    scenario = Scenario(steps=(RestartService("systemd", "DOCKER_OPTS=--debug\n"),))
    history = ModelLab("classic").play(scenario)
    stood_in = replace(history, outcomes=tuple(replace(one, stands_in="the unit was read") for one in history.outcomes))
    tally, failures = weigh(scenario, stood_in, judge(scenario, stood_in), ())
    result = result_of(rules()["CONFIG-4"], "model:classic", tally.counts["CONFIG-4"])
    assert failures == ()
    assert (result.status, result.remark, result.is_remarkable) == ("pass", "the unit was read", True)
