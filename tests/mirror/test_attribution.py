"""Who has to mend what: the mirror, who configured it, or we; and what a failure weighs."""

from dataclasses import replace

import pytest

from fixtures.errors import UsageError
from fixtures.mirrors.local import local_lab
from simulator.mirror.policy import PULL_THROUGH
from suites.mirror.judge import judge, rules
from suites.mirror.trials import PROMISING, SIGNED_IN, trials
from suites.mirror.trying import check
from tests.mutants.broken_mirrors.table import Subject
from tests.mutants.broken_mirrors.trying import bench

COLD = next(trial for trial in trials(PROMISING) if trial.name == "cold")


def test_an_upstream_that_was_mistyped_is_the_configurations_before_any_trial() -> None:
    elsewhere = replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, url="https://registry-1docker.io"))
    with local_lab("pull-through", elsewhere) as lab, pytest.raises(UsageError, match=r"^Configuration: the mirror at"):
        check(lab)


def test_credentials_that_hub_refuses_are_the_configurations() -> None:
    mistyped = replace(PULL_THROUGH.upstream, user=SIGNED_IN.name, password="mistyped")
    with local_lab("pull-through", replace(PULL_THROUGH, upstream=mistyped)) as lab:
        said = {verdict.rule: verdict for verdict in judge(COLD.scenario, lab.play(COLD.scenario))}
    missed = said["PROFILE-1/pull-through"]
    assert missed.at_fault == "configuration"
    assert missed.reason.endswith("Hub refused the credentials that the mirror was configured with")
    assert {verdict.at_fault for verdict in said.values() if verdict.ruling == "pass"} == {""}


def test_all_else_is_the_mirrors() -> None:
    with bench() as here:
        said = here.judged(Subject(replace(PULL_THROUGH, miss="not-found")), "cold")
    assert {verdict.at_fault for verdict in said if verdict.ruling == "fail"} == {"mirror"}


def test_what_hub_itself_failed_at_is_nobody_elses() -> None:
    with local_lab("frozen") as lab:
        history = replace(lab.play(COLD.scenario), profile="pull-through", errors=("it ran out of cheese",))
    said = [verdict for verdict in judge(COLD.scenario, history) if verdict.ruling != "pass"]
    assert {(verdict.ruling, verdict.at_fault) for verdict in said} == {("error", "hub")}


@pytest.mark.parametrize(
    ("rule", "weight"),
    [
        ("API-1", "broken MUST"),
        ("FILL-2", "broken SHOULD"),
        ("LIST-3", "information"),
        ("FRESH-1", "broken promise"),
        ("GONE-1", "broken promise"),
    ],
)
def test_what_a_failure_weighs(rule: str, weight: str) -> None:
    assert rules()[rule].weight == weight
