"""Pulls that nobody can serve: what a person is told, whatever is wrong with Docker Hub and with the mirror."""

import pytest

from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.strategies import NOT_A_REGISTRY
from suites.trial import Trial

COPY = Copy("library/app", "1.0", "v1")
TROUBLES: dict[str, tuple[Fault, ...]] = {
    "no such image": (),
    **{kind: (Fault(kind),) for kind in ("refuse", "dns", "untrusted", "reset")},
    **{str(status): (Fault("status", status=status),) for status in (401, 403, 429, 500, 503)},
}
OF_MIRRORS = TROUBLES | {"not-a-registry": (NOT_A_REGISTRY,), "corrupt": (Fault("corrupt", "manifest", method="GET"),)}


def beside(hub: tuple[Fault, ...], mirror: tuple[Fault, ...]) -> Scenario:
    """A Docker Hub and a mirror that have the image where a fault keeps them from serving it, and else do not."""
    return Scenario(
        images={"v1": ImageSpec("v1")},
        servers={
            "hub": Holdings((COPY,) if hub else (), hub),
            "mirror-1": Holdings((COPY,) if mirror else (), mirror),
        },
        mirrors=("https://mirror.gcr.io",),
        steps=(Pull(Reference("library/app", "1.0", short=True), deadline=20.0),),
    )


@pytest.mark.rules("FALLBACK-6", "FALLBACK-8")
@pytest.mark.parametrize("trouble", TROUBLES)
def test_docker_hub_cannot_serve_what_no_mirror_has(trial: Trial, trouble: str) -> None:
    trial.play(beside(TROUBLES[trouble], ()))


@pytest.mark.rules("FALLBACK-6")
@pytest.mark.parametrize("trouble", OF_MIRRORS)
def test_a_mirror_cannot_serve_what_docker_hub_does_not_have(trial: Trial, trouble: str) -> None:
    trial.play(beside((), OF_MIRRORS[trouble]))


@pytest.mark.rules("FALLBACK-6")
@pytest.mark.parametrize("mirror", ["refuse", "503"])
@pytest.mark.parametrize("hub", ["refuse", "503"])
def test_neither_can(trial: Trial, hub: str, mirror: str) -> None:
    trial.play(beside(TROUBLES[hub], TROUBLES[mirror]))
