"""What is told of a pull that nobody can serve: sorted by what is wrong, without names that change, judged for what
it names.
"""

from dataclasses import replace

import pytest

from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.scenario import Scenario
from report.results import Told
from simulator.arrangement import Fault
from suites.telling import judged
from suites.told import told_of
from tests.mutants.trials import FIRST, NOWHERE, OVER_THE_LIMIT, SECOND, story


def told(scenario: Scenario, error: str = "") -> list[Told]:
    history = ModelLab("classic").play(scenario)
    return list(told_of(scenario, saying(history, error) if error else history))


def saying(history: History, error: str) -> History:
    (outcome,) = history.outcomes
    return replace(history, outcomes=(replace(outcome, error=error),))


def test_an_image_that_is_nowhere() -> None:
    (one,) = told(NOWHERE)
    assert (one.daemon, one.hub, one.mirrors) == ("model:classic", "no such image", "no such image")
    assert one.sentence == "pull access denied for app:1.0, which does not exist or wants a login: unauthorized"
    assert (one.names_image, one.names_hub, one.names_mirrors) == (True, True, True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("refuse"), "refuse"),
        (Fault("dns"), "dns"),
        (Fault("untrusted"), "untrusted"),
        (Fault("reset"), "reset"),
        (Fault("status", status=503), "503"),
    ],
)
def test_the_cause_is_named_or_not(fault: Fault, kind: str) -> None:
    scenario = story(mirrors=(FIRST,), faults={"hub": (fault,)}, hub="v1")
    (one,) = told(scenario)
    assert (one.hub, one.mirrors, one.names_hub) == (kind, "no such image", True)
    (silent,) = told(scenario, "the pull failed")
    assert (silent.names_image, silent.names_hub, silent.names_mirrors) == (False, False, False)


def test_what_differs_from_pull_to_pull_is_left_out() -> None:
    (one,) = told(NOWHERE, f"dial tcp 172.18.0.3:43210: no app-0de1@sha256:{'ab' * 32}")
    assert one.sentence == "dial tcp 10.0.0.1:...: no app@sha256:..."


@pytest.mark.parametrize(
    "scenario",
    [
        story(mirrors=(FIRST,), hub="v1"),
        story(),
        OVER_THE_LIMIT,
        story(mirrors=(FIRST, SECOND), faults={"mirror-1": (Fault("status", status=503),)}),
        story(mirrors=(FIRST,), faults={"mirror-1": (Fault("status", "layer", status=503),)}),
    ],
    ids=["served", "no mirror", "served by the mirror", "two troubles", "a trouble that passes"],
)
def test_nothing_is_concluded_where_it_is_not_clear(scenario: Scenario) -> None:
    assert told(scenario) == []


def test_what_failed_is_told_where_no_rule_applies() -> None:
    (sentence,) = judged(NOWHERE, ModelLab("classic").play(NOWHERE)).failed
    assert sentence.startswith("Step 1 failed: pull access denied for app-")
