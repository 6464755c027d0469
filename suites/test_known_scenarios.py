"""The scenarios in files: what was once found, and what a deviation rests on."""

from pathlib import Path

import pytest

from fixtures.scenario import Pull, RestartService
from suites.plugin import OPTIONS
from suites.saved import SCENARIOS, read_scenario
from suites.trial import Trial

pytestmark = [pytest.mark.rules, pytest.mark.known]


def _patience(file: Path) -> float:
    """The seconds that a scenario may take."""
    return sum(step.deadline for step in read_scenario(file).steps if isinstance(step, Pull))


QUICK = sorted(SCENARIOS.glob("*.json"))
WAITING = sorted((SCENARIOS / "waiting").glob("*.json"), key=_patience, reverse=True)
"""Those that may take longest begin first."""


@pytest.mark.parametrize("file", QUICK, ids=lambda file: file.stem)
def test_known_scenario(trial: Trial, file: Path) -> None:
    scenario = read_scenario(file)
    for step in scenario.steps:
        if isinstance(step, RestartService) and (lacking := trial.lab.lacks(step.service)):
            pytest.skip(lacking)
    trial.play(scenario, file)


@pytest.mark.waits
def test_known_scenarios_that_wait(trial: Trial) -> None:
    trial.play_at_once((read_scenario(file), file) for file in WAITING)


def test_evidence_of_further_deviations(trial: Trial, pytestconfig: pytest.Config) -> None:
    """A deviations file of the user's own brings scenarios of its own."""
    known = {*QUICK, *WAITING}
    for file in dict.fromkeys(entry.evidence for entry in pytestconfig.stash[OPTIONS].deviations):
        if file is not None and file not in known:
            trial.play(read_scenario(file), file)
