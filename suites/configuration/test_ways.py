"""The services that start a daemon: what is in force when the real ones were restarted, shown and used."""

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st
from pydantic import JsonValue

from fixtures.scenario import Pull, Reference, RestartService, Scenario, Service, ShowInfo
from simulator.arrangement import Copy, Holdings, ImageSpec
from suites.configuration.writing import drop_ins, machine_files, mirrors, option_files
from suites.trial import Trial

EXAMPLES = 3
FIRST, SECOND = "https://mirror.gcr.io", "https://mirror-2.test"
OPTIONS = f'DOCKER_OPTS="--registry-mirror={FIRST}"\n'
OVERRIDE = f"[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --registry-mirror={SECOND}\n"
DESKTOP: dict[str, JsonValue] = {
    "builder": {"gc": {"defaultKeepStorage": "20GB", "enabled": True}},
    "experimental": False,
}
"""What Docker Desktop has in its settings before anybody changes them."""


def cold(*steps: RestartService) -> Scenario:
    """After each restart: a pull that every mirror misses, and what is shown."""
    played = [
        one
        for number, step in enumerate(steps, start=1)
        for one in (step, Pull(Reference("library/app", f"{number}.0")), ShowInfo())
    ]
    images = {f"v{number}": ImageSpec(f"v{number}") for number in range(1, len(steps) + 1)}
    copies = tuple(Copy("library/app", f"{name[1:]}.0", name) for name in images)
    return Scenario(images=images, servers={"hub": Holdings(copies)}, steps=tuple(played))


def refused(step: RestartService) -> Scenario:
    """A restart after which nothing need run."""
    return Scenario(steps=(step,))


def needs(trial: Trial, rule: str, *services: Service) -> None:
    """Leave a test out where the machine has not what it takes; the report then says why its rule is not exercised."""
    for service in services:
        if lacking := trial.lab.lacks(service):
            trial.cannot(lacking, rule)
            pytest.skip(lacking)


@pytest.mark.rules("CONFIG-3")
def test_options_are_in_force_under_the_init_script(trial: Trial) -> None:
    needs(trial, "CONFIG-3", "init-script")
    two = f"DOCKER_OPTS='--registry-mirror {FIRST}  --registry-mirror={SECOND}'\n"
    stopped = RestartService("init-script", two, command="stop and start")
    trial.play(cold(RestartService("init-script", OPTIONS), stopped))


@pytest.mark.rules("CONFIG-4", "CONFIG-12")
def test_what_a_unit_reads_is_in_force_under_systemd(trial: Trial) -> None:
    """All that a machine with systemd is for: to boot one takes longer than to restart a daemon on it."""
    needs(trial, "CONFIG-4", "systemd", "docker-unit")
    filed: dict[str, JsonValue] = {"registry-mirrors": [SECOND, FIRST]}
    trial.play(
        cold(
            RestartService("systemd", OPTIONS),
            RestartService("systemd", OPTIONS, OVERRIDE),
            RestartService("docker-unit", OPTIONS, settings=filed),
            RestartService("docker-machine", drop_in=machine_files((FIRST, SECOND))[1]),
        )
    )


@pytest.mark.rules("CONFIG-11", "CONFIG-12")
def test_settings_and_profiles_of_other_systems_are_in_force(trial: Trial) -> None:
    settings: dict[str, JsonValue] = {"features": {"buildkit": True}, "registry-mirrors": [FIRST, SECOND]}
    profile, _ = machine_files((FIRST, SECOND))
    trial.play(cold(RestartService("desktop", settings=DESKTOP | settings), RestartService("boot2docker", profile)))


@pytest.mark.nightly
@pytest.mark.rules("CONFIG-3", "CONFIG-4")
@pytest.mark.parametrize("service", ["init-script", "systemd"])
def test_options_are_read_as_documented(trial: Trial, service: Service) -> None:
    needs(trial, "CONFIG-3" if service == "init-script" else "CONFIG-4", service)

    @seed(trial.seed(f"options {service}"))
    @trial.examples(8 * EXAMPLES)
    @given(option_files)
    def search(options: str) -> None:
        trial.play(refused(RestartService(service, options)))

    trial.explore(search)


@pytest.mark.nightly
@pytest.mark.rules("CONFIG-4")
@pytest.mark.parametrize("service", ["systemd", "docker-unit"])
def test_drop_ins_are_read_as_documented(trial: Trial, service: Service) -> None:
    needs(trial, "CONFIG-4", service)

    @seed(trial.seed(f"drop-ins {service}"))
    @trial.examples(4 * EXAMPLES)
    @given(st.sampled_from(("", OPTIONS)), drop_ins)
    def search(options: str, drop_in: str) -> None:
        trial.play(refused(RestartService(service, options, drop_in)))

    trial.explore(search)


@pytest.mark.nightly
@pytest.mark.rules("CONFIG-11", "CONFIG-12")
@pytest.mark.parametrize("service", ["desktop", "boot2docker", "docker-machine"])
def test_other_services_take_any_mirrors(trial: Trial, service: Service) -> None:
    needs(trial, "CONFIG-11" if service == "desktop" else "CONFIG-12", service)

    @seed(trial.seed(f"other {service}"))
    @trial.examples(EXAMPLES)
    @given(mirrors)
    def search(urls: tuple[str, ...]) -> None:
        profile, drop_in = machine_files(urls)
        listed: dict[str, JsonValue] = {"registry-mirrors": list(urls)}
        files = {
            "desktop": RestartService(service, settings=DESKTOP | listed),
            "boot2docker": RestartService(service, profile),
            "docker-machine": RestartService(service, drop_in=drop_in),
        }
        trial.play(cold(files[service]))

    trial.explore(search)
