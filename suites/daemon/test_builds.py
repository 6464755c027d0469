"""Builds: the images that they begin with and are read by, by both builders, after a reload and after a restart."""

from dataclasses import replace
from typing import Literal

import pytest

from fixtures.scenario import Build, Reference, Restart, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.trial import Trial

MIRRORS = ("https://mirror.gcr.io", "https://mirror-2.test")
COPIES = tuple(Copy("library/app", f"{number}.0", f"v{number}") for number in (1, 2, 3))
IMAGES = {copy.image: ImageSpec(copy.image, layers=(64, 512)) for copy in COPIES}
FRONTENDS = tuple(replace(copy, repository="docker/dockerfile") for copy in COPIES)
Builder = Literal["classic", "buildkit"]

NO_CONTEXT = "failed to read downloaded context"
"""What BuildKit says where it cannot read the context that came with a request for a build."""


def play(trial: Trial, scenario: Scenario) -> None:
    """Play builds. Where a daemon's BuildKit reads no context as the lab gives it, the report says so."""
    outcomes = trial.play(scenario).outcomes
    if any(NO_CONTEXT in outcome.error for outcome in outcomes):
        trial.cannot(
            "This daemon's BuildKit reads no build context from a request (https://github.com/moby/moby/issues/47717), "
            "so no build of the lab's gets to its images.",
            "BUILD-1/buildkit",
        )


def builds(builder: Builder, *before: Restart) -> Scenario:
    """Builds of what the first mirror has, of what the second has, and of what neither has."""
    references = (
        *(Reference("library/app", copy.tag, short=True) for copy in COPIES),
        Reference("library/app", digest="v1"),
    )
    return Scenario(
        images=IMAGES,
        servers={"hub": Holdings(COPIES), "mirror-1": Holdings(COPIES[:1]), "mirror-2": Holdings(COPIES[1:2])},
        mirrors=MIRRORS,
        steps=(*before, *(Build(reference, builder) for reference in references)),
    )


@pytest.mark.rules("BUILD-1")
@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_a_build_goes_the_way_of_a_pull(trial: Trial, builder: Builder) -> None:
    play(trial, builds(builder))


@pytest.mark.rules("BUILD-1")
def test_a_build_goes_the_way_of_a_pull_after_a_restart(trial: Trial) -> None:
    play(trial, builds("buildkit", Restart(MIRRORS)))


@pytest.mark.rules("BUILD-1")
@pytest.mark.parametrize("builder", ["classic", "buildkit"])
@pytest.mark.parametrize("fault", [Fault("refuse"), Fault("untrusted"), Fault("status", status=503)])
def test_a_build_survives_an_unusable_mirror(trial: Trial, builder: Builder, fault: Fault) -> None:
    scenario = builds(builder)
    servers = {**scenario.servers, "mirror-1": Holdings(COPIES, (fault,))}
    play(trial, replace(scenario, servers=servers, steps=scenario.steps[1:2]))


def reads(*before: Restart) -> Scenario:
    """Builds whose Dockerfiles are read by an image that the first mirror has, by the second's, and by Hub's."""
    frontends = (Reference("docker/dockerfile", copy.tag) for copy in FRONTENDS)
    return Scenario(
        images=IMAGES,
        servers={"hub": Holdings(FRONTENDS), "mirror-1": Holdings(FRONTENDS[:1]), "mirror-2": Holdings(FRONTENDS[1:2])},
        mirrors=MIRRORS,
        steps=(*before, *(Build(Reference("library/app", "1.0"), frontend=frontend) for frontend in frontends)),
    )


@pytest.mark.rules("BUILD-1")
@pytest.mark.parametrize("before", [(), (Restart(MIRRORS),)], ids=["reload", "restart"])
def test_what_reads_a_dockerfile_goes_the_way_of_a_pull(trial: Trial, before: tuple[Restart, ...]) -> None:
    play(trial, reads(*before))


@pytest.mark.rules("BUILD-1")
@pytest.mark.parametrize("fault", [Fault("refuse"), Fault("untrusted"), Fault("status", status=503)])
def test_what_reads_a_dockerfile_survives_an_unusable_mirror(trial: Trial, fault: Fault) -> None:
    scenario = reads()
    servers = {**scenario.servers, "mirror-1": Holdings(FRONTENDS, (fault,))}
    play(trial, replace(scenario, servers=servers, steps=scenario.steps[1:2]))
