"""Each kind of unusable mirror at each stage of a pull, in each place of the list; and bad content."""

from dataclasses import replace

import pytest

from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, FaultPlace, Holdings, ImageSpec
from suites.adversity import FAULTS, WAITED_FOR, every_pair, every_single, scenario_at, takes_long
from suites.space import KINDS, Point
from suites.trial import Trial

AT_ONCE: tuple[FaultPlace, ...] = ("any", "manifest-by-tag", "manifest-by-digest", "config", "layer")
REFUSALS = (401, 403, 404, 429)

BAD_CONTENT = {
    f"{fault.kind} {fault.at}": fault
    for fault in (
        Fault("corrupt", "manifest", method="GET"),
        Fault("corrupt", "config", method="GET"),
        Fault("corrupt", "layer", method="GET"),
        Fault("truncate", "manifest", method="GET", after=20),
        Fault("truncate", "config", method="GET", after=20),
    )
}


def beside_a_good_hub(*faults: Fault) -> Scenario:
    """One mirror that holds the image and misbehaves, and a Hub that has it too."""
    copy = Copy("library/app", "1.0", "v1")
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(512, 64))},
        servers={"mirror-1": Holdings((copy,), faults), "hub": Holdings((copy,))},
        mirrors=("https://mirror.gcr.io",),
        steps=(Pull(Reference("library/app", "1.0", short=True)),),
    )


@pytest.mark.rules("FALLBACK-2", "FALLBACK-4", "FALLBACK-5", "RATE-3", "TLS-2")
@pytest.mark.parametrize("kind", KINDS)
def test_an_unusable_mirror_costs_time_only(trial: Trial, kind: str) -> None:
    """At some stages that it can strike, in some places of the list: all kinds together, at each and in each."""
    trial.play_each(scenario_at(point) for point in every_single(trial.lab.profile.store) if point.kind == kind)


@pytest.mark.nightly
@pytest.mark.rules("FALLBACK-2", "FALLBACK-4", "FALLBACK-5", "RATE-3", "TLS-2")
@pytest.mark.parametrize("kind", KINDS)
def test_an_unusable_mirror_costs_time_only_wherever_it_strikes(trial: Trial, kind: str) -> None:
    """At each stage that it can strike without the pull taking seconds, in each place of the list."""
    store = trial.lab.profile.store
    points = [point for point in every_pair(store) if point.kind == kind and not takes_long(point, store)]
    trial.play_each(map(scenario_at, points))


@pytest.mark.nightly
@pytest.mark.waits
@pytest.mark.rules("FALLBACK-2", "FALLBACK-5")
def test_an_unusable_mirror_costs_much_time(trial: Trial) -> None:
    store = trial.lab.profile.store
    trial.play_at_once((scenario_at(point), None) for point in every_pair(store) if takes_long(point, store))


@pytest.mark.rules("FALLBACK-2", "RATE-3")
@pytest.mark.parametrize("status", REFUSALS)
def test_an_only_mirror_that_refuses_costs_time_only(trial: Trial, status: int) -> None:
    trial.play_each(beside_a_good_hub(Fault("status", place, status=status, body="not json")) for place in AT_ONCE)


@pytest.mark.rules("FALLBACK-2", "RATE-3", "TLS-2")
def test_an_only_mirror_that_fails_everywhere_costs_time_only(trial: Trial) -> None:
    trial.play_each(beside_a_good_hub(fault) for kind, fault in FAULTS.items() if kind not in WAITED_FOR)


@pytest.mark.rules("FALLBACK-2")
@pytest.mark.parametrize("kind", ["404", "503", "reset"])
def test_several_unusable_mirrors_cost_time_only(trial: Trial, kind: str) -> None:
    scenario = scenario_at(Point(kind, "manifest-by-tag", "middle"))
    servers = {**scenario.servers, "mirror-1": Holdings((), (Fault("status", "manifest", status=403),))}
    trial.play(replace(scenario, servers=servers))


@pytest.mark.rules("FALLBACK-4", "FALLBACK-5")
@pytest.mark.parametrize("kind", BAD_CONTENT)
def test_bad_content_is_refused_and_fetched_elsewhere(trial: Trial, kind: str) -> None:
    trial.play(beside_a_good_hub(BAD_CONTENT[kind]))
