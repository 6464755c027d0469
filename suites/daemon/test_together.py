"""Several pulls at once, of different images and of one, while mirrors evict, break and heal."""

import pytest
from hypothesis import given, seed

from fixtures.scenario import Scenario
from suites.strategies import overlapping_pulls
from suites.trial import Trial

EXAMPLES = 12


@pytest.mark.draws
@pytest.mark.rules("ORDER-1", "HIT-1", "FALLBACK-1", "FALLBACK-2", "EVICT-1", "DIGEST-1")
def test_pulls_at_once_keep_the_rules(trial: Trial) -> None:
    @seed(trial.seed("together"))
    @trial.examples(EXAMPLES)
    @given(overlapping_pulls())
    def search(scenario: Scenario) -> None:
        trial.play(scenario)

    trial.explore(search)
