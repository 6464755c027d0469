"""Single pulls, drawn: any number and order of mirrors, any contents, faults and spelling."""

import pytest
from hypothesis import given, seed

from fixtures.scenario import Scenario
from suites.strategies import pull_scenarios
from suites.trial import Trial

PARTS = 4
EXAMPLES = 100


@pytest.mark.draws
@pytest.mark.rules(
    "ORDER-1", "ORDER-2", "FALLBACK-1", "FALLBACK-2", "FALLBACK-3", "FALLBACK-4", "FALLBACK-5", "FALLBACK-6",
    "HIT-1", "DIRECT-1", "DIRECT-2", "SCOPE-1", "SCOPE-3", "SCOPE-4", "DIGEST-1", "STALE-1", "TLS-1", "TLS-2",
)  # fmt: skip
@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_every_pull_goes_the_documented_way(trial: Trial, part: int) -> None:
    @seed(trial.seed(f"pulls {part}"))
    @trial.examples(EXAMPLES // PARTS)
    @given(pull_scenarios())
    def search(scenario: Scenario) -> None:
        trial.play(scenario)

    trial.explore(search)
