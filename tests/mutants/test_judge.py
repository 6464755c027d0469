"""A judge that breaks says so, and what is missing from a history never passes for evidence."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.scenario import Scenario, ShowInfo
from suites import judge as judging
from suites.judge import judge
from suites.rules.finding import Finding, kept
from suites.timeline import PullCase
from suites.verdict import Verdict
from tests.mutants.table import KILLS
from tests.mutants.trials import HELD_BY_FIRST, MISSED_BY_TWO


def crash(_: PullCase) -> Finding | None:
    message = "out of cheese"
    raise ValueError(message)


def crash_late(_: Scenario, __: History) -> Iterator[Finding]:
    yield Finding(kept=True, reason="fine so far")
    message = "out of cheese"
    raise ValueError(message)


def ruled(verdicts: Iterable[Verdict], rule: str) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.rule == rule]


def test_a_rule_that_crashes_is_an_error_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    history = ModelLab("classic").play(HELD_BY_FIRST)
    sound = judge(HELD_BY_FIRST, history)
    monkeypatch.setitem(judging.PULL_RULES, "ORDER-1", crash)
    verdicts = judge(HELD_BY_FIRST, history)
    (verdict,) = ruled(verdicts, "ORDER-1")
    assert verdict.ruling == "error"
    assert verdict.reason == "the rule itself failed: ValueError: out of cheese"
    assert [v for v in verdicts if v.rule != "ORDER-1"] == [v for v in sound if v.rule != "ORDER-1"]


def test_a_rule_that_crashes_halfway_has_passed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judging.HISTORY_RULES, "CONFIG-5", crash_late)
    (verdict,) = ruled(judge(HELD_BY_FIRST, ModelLab("classic").play(HELD_BY_FIRST)), "CONFIG-5")
    assert verdict.ruling == "error"


@pytest.mark.parametrize("name", ["ORDER-99", "FALLBACK-2"])
def test_a_finding_that_the_catalogue_does_not_know_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judging.PULL_RULES, name, lambda _: replace(kept("fine"), variant="teapot"))
    (verdict,) = ruled(judge(HELD_BY_FIRST, ModelLab("classic").play(HELD_BY_FIRST)), name)
    assert verdict.ruling == "error"
    assert f"{name}/teapot is not in the catalogue" in verdict.reason


def test_an_empty_history_says_nothing() -> None:
    for kill in KILLS:
        assert judge(kill.scenario, History("model", "", "classic", "0")) == ()


def test_a_history_that_ends_early_says_nothing_of_the_rest() -> None:
    for kill in KILLS:
        history = ModelLab("classic").play(kill.scenario)
        for played in range(len(history.outcomes)):
            verdicts = judge(kill.scenario, replace(history, outcomes=history.outcomes[:played]))
            assert {verdict.step for verdict in verdicts} <= set(range(played))


@pytest.mark.parametrize("scenario", [HELD_BY_FIRST, MISSED_BY_TWO])
def test_a_history_without_its_exchanges_proves_nothing_of_who_was_asked(scenario: Scenario) -> None:
    history = replace(ModelLab("classic").play(scenario), exchanges=())
    assert [v.rule for v in judge(scenario, history) if v.ruling == "pass"] == []


def test_a_history_without_contents_proves_nothing_of_what_was_brought() -> None:
    history = replace(ModelLab("classic").play(HELD_BY_FIRST), contents={})
    assert ruled((v for v in judge(HELD_BY_FIRST, history) if v.ruling == "pass"), "ORDER-2") == []


def test_what_was_not_shown_does_not_pass_for_shown() -> None:
    scenario = replace(HELD_BY_FIRST, steps=(ShowInfo(),))
    history = ModelLab("classic").play(scenario)
    blank = replace(history, outcomes=tuple(replace(o, shown=None, text=None) for o in history.outcomes))
    assert [verdict.ruling for verdict in ruled(judge(scenario, blank), "CONFIG-5")] == ["fail"]
