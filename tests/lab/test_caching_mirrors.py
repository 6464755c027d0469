"""A real daemon beside mirrors that cache: they fetch from the lab's Hub by themselves, also in skipped time."""

import pytest

from fixtures.history import History
from fixtures.lab.lab import Lab
from fixtures.scenario import Advance, Pull, Reference, Remove, Scenario
from simulator.arrangement import Copy, Holdings, ImageSpec
from simulator.mirror.policy import PresetName
from suites.judge import judge

pytestmark = pytest.mark.engine

APP = Reference("library/app", "1.0")


def caching(policy: PresetName, *steps: Pull | Remove | Advance) -> Scenario:
    return Scenario(
        images={"v1": ImageSpec("v1")},
        servers={"hub": Holdings((Copy("library/app", "1.0", "v1"),)), "mirror-1": Holdings(policy=policy)},
        mirrors=("https://mirror.gcr.io",),
        steps=steps,
    )


def fetched_by(history: History) -> list[set[str]]:
    """Of each step, who fetched from Hub."""
    return [{e.client for e in history.during(o) if e.server == "hub"} for o in history.outcomes]


def test_a_pull_through_mirror_serves_a_first_pull(classic: Lab) -> None:
    scenario = caching("pull-through", Pull(APP), Remove(APP), Pull(APP))
    history = classic.play(scenario)
    assert [outcome.result for outcome in history.outcomes] == ["ok"] * 3
    assert fetched_by(history)[0] == {"mirror-1"}
    assert {e.server for outcome in history.outcomes for e in history.asked(outcome)} == {"mirror-1"}
    assert not [verdict for verdict in judge(scenario, history) if verdict.ruling != "pass"]


def test_a_gcr_mirror_fetches_in_skipped_time(classic: Lab) -> None:
    pulls = (Pull(APP), Remove(APP), Pull(APP), Remove(APP))
    history = classic.play(caching("gcr", *pulls, Advance(120.0), Pull(APP)))
    assert [outcome.result for outcome in history.outcomes] == ["ok"] * 6
    advance, last = history.outcomes[4:]
    assert fetched_by(history)[4] == {"mirror-1"}
    assert advance.seconds == 120.0
    assert {e.server for e in history.asked(last)} == {"mirror-1"}
