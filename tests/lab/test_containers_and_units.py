"""A lab runs containers in its daemon where the machine can, and reads units where no systemd runs."""

import re
from collections.abc import Iterator

import pytest

from fixtures.history import Outcome
from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.profiles import select
from fixtures.scenario import Reload, Restart, RestartService, Run, Scenario, ShowInfo, Step
from suites.configuration.test_ways import OPTIONS, OVERRIDE, cold
from suites.judge import judge

pytestmark = pytest.mark.engine

MIRROR = "https://mirror.gcr.io"
GOOD = f'{{"registry-mirrors": ["{MIRROR}"]}}'


@pytest.fixture(scope="module")
def without_systemd(registries_here: Registries) -> Iterator[Lab]:
    (profile,) = select(["docker-28.5.2"])
    with Lab(profile, registries_here, systemd=False) as running:
        yield running


def played(lab: Lab, *steps: Step) -> tuple[Outcome, ...]:
    return lab.play(Scenario(steps=steps)).outcomes


def containers(lab: Lab) -> str:
    return lab.console.run("docker ps --all --quiet").strip()


def test_a_container_runs_over_reloads_and_ends_with_its_daemon(without_systemd: Lab) -> None:
    scenario = Scenario(steps=(Run(), Reload(GOOD), Reload("{"), ShowInfo(), Restart((MIRROR,))))
    history = without_systemd.play(scenario)
    *ran, ended = (outcome.container for outcome in history.outcomes)
    assert [container and container.count for container in ran] == [1, 2, 3, 4]
    assert len({(one.id, one.started, one.pid, one.state) for one in ran if one}) == 1
    assert ended is not None
    assert (ended.state, ended.count) == ("exited", None)
    judged = [(v.ruling, v.step) for v in judge(scenario, history) if v.rule == "CONFIG-7/containers"]
    assert judged == [("pass", 1), ("pass", 2)]
    assert containers(without_systemd) == ""


def test_a_further_container_takes_the_place_of_the_first(without_systemd: Lab) -> None:
    first, second = played(without_systemd, Run(), Run())
    assert first.container is not None
    assert second.container is not None
    assert (first.container.id == second.container.id, second.container.count) == (False, 1)
    assert containers(without_systemd) == ""


def test_a_machine_that_runs_no_container_says_why_and_nothing_is_judged(without_systemd: Lab) -> None:
    runc = without_systemd.console.run("command -v runc").strip()
    without_systemd.console.run(f"mv {runc} {runc}.away")
    try:
        scenario = Scenario(steps=(Run(), Reload(GOOD)))
        history = without_systemd.play(scenario)
        run, reload = history.outcomes
        assert run.result == "failed"
        for error in (run.error, without_systemd.runs_none()):
            assert re.match("No container runs in the daemon here: .*runc", error)
        assert containers(without_systemd) == ""
        assert (reload.result, reload.container) == ("ok", None)
        assert "CONFIG-7/containers" not in {verdict.rule for verdict in judge(scenario, history)}
    finally:
        without_systemd.console.run(f"mv {runc}.away {runc}")
    assert without_systemd.runs_none() == ""


def test_units_are_read_where_no_systemd_runs(without_systemd: Lab) -> None:
    assert without_systemd.lacks("systemd") == ""
    scenario = cold(
        RestartService("systemd", OPTIONS),
        RestartService("systemd", OPTIONS, OVERRIDE, command="stop and start"),
        RestartService("docker-unit", OPTIONS, settings={"registry-mirrors": [MIRROR]}),
    )
    history = without_systemd.play(scenario)
    verdicts = [verdict for verdict in judge(scenario, history) if verdict.rule == "CONFIG-4"]
    assert [verdict.ruling for verdict in verdicts] == ["pass"] * 3
    assert {verdict.remark for verdict in verdicts} == {
        "no systemd runs in a container of this engine: the lab has read the unit, and run what it starts"
    }
    shown = [history.outcomes[number].shown for number in (0, 3, 6)]
    assert shown == [(f"{MIRROR}/",), ("https://mirror-2.test/",), (f"{MIRROR}/",)]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (RestartService("systemd", "DOCKER_OPTS=--registry-mirrors=x"), "unknown flag: --registry-mirrors"),
        (RestartService("docker-unit", drop_in="[Service]\nExecStart=/usr/sbin/dockerd\n"), "2 ExecStart="),
    ],
)
def test_a_unit_that_does_not_start_says_why(without_systemd: Lab, step: RestartService, sentence: str) -> None:
    (outcome,) = played(without_systemd, step)
    assert outcome.result == "failed"
    assert sentence in outcome.error
    assert played(without_systemd, ShowInfo())[0].result == "ok"
