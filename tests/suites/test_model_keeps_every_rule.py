"""A well-behaved daemon never turns anything red, whatever is drawn."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Evict, Holdings, ImageSpec
from suites.adversity import FAULTS, scenario_at
from suites.catalogue import rules
from suites.daemon.test_unusable_mirrors import BAD_CONTENT, beside_a_good_hub
from suites.judge import judge
from suites.rules.endpoints import CONTENT
from suites.saved import SCENARIOS, read_scenario
from suites.space import covered, space
from suites.strategies import pull_scenarios
from suites.verdict import Verdict
from tests.mutants.table import KILLS
from tests.suites.stories import REPOSITORY, stories

BOTH: tuple[ImageStore, ...] = ("classic", "containerd")
PULLS = settings(deadline=None, max_examples=400, derandomize=True, suppress_health_check=list(HealthCheck))
STORIES = settings(PULLS, max_examples=250)


def not_green(scenario: Scenario, store: ImageStore) -> list[Verdict]:
    return [verdict for verdict in judge(scenario, ModelLab(store).play(scenario)) if verdict.ruling != "pass"]


@pytest.mark.parametrize("store", BOTH)
@PULLS
@given(scenario=pull_scenarios())
def test_every_drawn_pull_keeps_the_rules(store: ImageStore, scenario: Scenario) -> None:
    assert not_green(scenario, store) == []


@pytest.mark.parametrize("store", BOTH)
@STORIES
@given(scenario=stories())
def test_every_drawn_story_keeps_the_rules(store: ImageStore, scenario: Scenario) -> None:
    assert not_green(scenario, store) == []


@pytest.mark.parametrize("store", BOTH)
def test_an_image_that_the_daemon_has_may_be_pulled_though_nobody_else_has_it(store: ImageStore) -> None:
    by_digest = Pull(Reference(REPOSITORY, digest="v1"))
    held = Holdings((Copy(REPOSITORY, "1.0", "v1"),))
    scenario = Scenario(
        images={"v1": ImageSpec("v1")},
        servers={"hub": held, "mirror-1": held},
        mirrors=("https://mirror.gcr.io",),
        steps=(
            by_digest,
            Pull(replace(by_digest.reference, host="mirror.gcr.io")),
            Evict("hub", REPOSITORY),
            Evict("mirror-1", REPOSITORY),
            by_digest,
            Pull(replace(by_digest.reference, host="mirror.gcr.io")),
        ),
    )
    assert not_green(scenario, store) == []


@pytest.mark.parametrize("store", BOTH)
@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.json")), ids=lambda path: path.stem)
def test_every_named_scenario_can_be_kept(store: ImageStore, path: Path) -> None:
    assert not_green(read_scenario(path), store) == []


@pytest.mark.parametrize("store", BOTH)
def test_every_fault_that_daemons_are_tried_with_can_be_survived(store: ImageStore) -> None:
    for scenario in map(beside_a_good_hub, (*FAULTS.values(), *BAD_CONTENT.values())):
        assert survived(scenario, store)[1]


@pytest.mark.parametrize("store", BOTH)
def test_every_kind_at_every_stage_in_every_place_can_be_met_judged_and_survived(store: ImageStore) -> None:
    for point in space(store):
        scenario = scenario_at(point)
        history, judged = survived(scenario, store)
        assert point in covered(scenario, history), point
        assert ("FALLBACK-5" if point.kind in CONTENT else f"FALLBACK-2/{point.kind}") in judged, point


def survived(scenario: Scenario, store: ImageStore) -> tuple[History, set[str]]:
    """How a model daemon survived a scenario, and by which rules."""
    history = ModelLab(store).play(scenario)
    verdicts = judge(scenario, history)
    assert [verdict for verdict in verdicts if verdict.ruling != "pass"] == [], scenario
    assert history.outcomes[0].result == "ok", scenario
    return history, {verdict.rule for verdict in verdicts}


@settings(PULLS, max_examples=30)
@given(scenario=st.one_of(pull_scenarios(), stories()))
def test_equal_scenarios_give_equal_histories_that_survive_a_file(scenario: Scenario) -> None:
    history = ModelLab("classic").play(scenario)
    adapter = TypeAdapter(History)
    assert adapter.validate_json(adapter.dump_json(history)) == history == ModelLab("classic").play(scenario)
    assert TypeAdapter(Scenario).validate_json(TypeAdapter(Scenario).dump_json(scenario)) == scenario


@pytest.mark.parametrize("store", BOTH)
def test_the_journal_of_a_model_never_holds_a_secret(store: ImageStore) -> None:
    history = ModelLab(store).play(KILLS[0].scenario)
    assert "Bearer" not in json.dumps(TypeAdapter(History).dump_python(history, mode="json"))
    assert {exchange.credentials for exchange in history.exchanges} == {"none", "bearer"}


def test_every_rule_of_the_book_applies_somewhere() -> None:
    met = {verdict.rule for kill in KILLS for verdict in judge(kill.scenario, ModelLab("classic").play(kill.scenario))}
    assert met == set(rules())
