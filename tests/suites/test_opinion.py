"""What a model makes of a daemon's failure: the daemon is at fault, or the rule or the simulator is."""

from dataclasses import replace

import pytest

from fixtures.history import History
from fixtures.model import ModelLab, Switch
from fixtures.scenario import Scenario
from report.results import Example, Opinion
from suites import judge as judging
from suites.judge import judge
from suites.opinion import with_opinion
from suites.rules.finding import broken
from suites.tally import example_of
from tests.mutants.trials import HELD_BY_FIRST, MISSED_BY_TWO, NOWHERE


def failure(scenario: Scenario, rule: str, *switches: Switch) -> Example:
    """A failure of a daemon that is broken, under a name that is not a model's."""
    history = replace(ModelLab("classic", switches).play(scenario), daemon="docker-28.5.2")
    (verdict,) = (v for v in judge(scenario, history) if (v.rule, v.ruling) == (rule, "fail"))
    return example_of(scenario, history, verdict)


def opinion(example: Example) -> Opinion:
    model = with_opinion(example).model
    assert model is not None
    return model


def test_a_model_keeps_what_a_broken_daemon_breaks() -> None:
    told = opinion(failure(MISSED_BY_TWO, "ORDER-1", Switch.REVERSES_ORDER))
    assert told == Opinion("keeps", "asked in order: mirror-1, mirror-2, hub")


def test_a_rule_that_is_wrong_is_broken_by_the_model_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judging.PULL_RULES, "ORDER-1", lambda _: broken("nobody is ever right"))
    assert opinion(failure(HELD_BY_FIRST, "ORDER-1")) == Opinion("breaks", "nobody is ever right")


def test_a_rule_that_says_nothing_of_what_the_model_did(monkeypatch: pytest.MonkeyPatch) -> None:
    example = failure(NOWHERE, "FALLBACK-6", Switch.CALLS_NOWHERE_SUCCESS)
    monkeypatch.setitem(judging.PULL_RULES, "FALLBACK-6", lambda _: None)
    assert opinion(example).ruling == "silent"


def test_a_model_that_cannot_play_it_keeps_no_report_from_being_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: ModelLab, __: Scenario) -> History:
        raise ZeroDivisionError("out of cheese")

    example = failure(MISSED_BY_TWO, "ORDER-1", Switch.REVERSES_ORDER)
    monkeypatch.setattr(ModelLab, "play", crash)
    assert opinion(example) == Opinion("error", "ZeroDivisionError: out of cheese")


def test_a_models_own_failure_is_not_asked_about() -> None:
    example = failure(MISSED_BY_TWO, "ORDER-1", Switch.REVERSES_ORDER)
    own = replace(example, history=replace(example.history, daemon="model:classic"))
    assert with_opinion(own).model is None
