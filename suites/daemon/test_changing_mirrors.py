"""Mirrors that sync and evict: before pulls, between them, and while one runs."""

from dataclasses import replace

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from fixtures.scenario import Configure, Pull, Reference, Remove, Scenario, Step
from simulator.arrangement import Break, Copy, Evict, Fault, FaultPlace, Heal, Holdings, ImageSpec, Publish, Warm
from suites.trial import Trial

MIRRORS = ("https://mirror.gcr.io", "https://mirror-2.test")
REPOSITORY, TAG = "library/app", "1.0"
APP = Reference(REPOSITORY, TAG)
PULL = Pull(APP)
WARM, PUBLISH = Warm("mirror-1", REPOSITORY, TAG), Publish(REPOSITORY, TAG, "v2")
FEW, MANY = 2, 5
"""Layers: fewer than dockerd fetches at once, and more."""
STORIES = 10

_steps: st.SearchStrategy[Step] = st.one_of(
    st.builds(Publish, st.just(REPOSITORY), st.just(TAG), st.sampled_from(("v1", "v2"))),
    st.just(WARM),
    st.just(WARM),
    st.builds(Evict, st.just("mirror-1"), st.just(REPOSITORY), st.none(), st.sampled_from(((), (), ("layer:0",)))),
    st.just(PULL),
    st.just(PULL),
    st.just(Remove(APP)),
)


def changing(*steps: Step, layers: int = FEW) -> Scenario:
    """Docker Hub and one of two mirrors have an image of several layers."""
    copy = Copy(REPOSITORY, TAG, "v1")
    return Scenario(
        images={name: ImageSpec(name, layers=(512,) * layers) for name in ("v1", "v2")},
        servers={"hub": Holdings((copy,)), "mirror-1": Holdings((copy,))},
        mirrors=MIRRORS,
        steps=steps,
    )


def rearranged() -> Scenario:
    """Two mirrors that hold all; between pulls they change places, one is ill and well again, and goes."""
    first, second = MIRRORS
    copies = tuple(Copy(REPOSITORY, f"{number}.0", f"v{number}") for number in range(1, 6))
    one, two, three, four, five = (Pull(Reference(REPOSITORY, copy.tag)) for copy in copies)
    ill, well = Break("mirror-2", Fault("status", status=503)), Heal("mirror-2")
    return Scenario(
        images={copy.image: ImageSpec(copy.image) for copy in copies},
        servers={server: Holdings(copies) for server in ("hub", "mirror-1", "mirror-2")},
        mirrors=MIRRORS,
        steps=(one, Configure((second, first)), two, ill, three, well, four, Configure((first,)), five),
    )


@pytest.mark.rules("ORDER-1", "ORDER-2", "ORDER-3", "HIT-1", "FALLBACK-2")
def test_mirrors_change_places_fall_ill_come_back_and_go(trial: Trial) -> None:
    trial.play(rearranged())


@pytest.mark.rules("SYNC-1", "STALE-1")
def test_a_synced_mirror_gives_hubs_present_copy(trial: Trial) -> None:
    trial.play(changing(PULL, PUBLISH, PULL, WARM, PULL, Remove(APP), PULL))


@pytest.mark.draws
@pytest.mark.rules("SYNC-1", "EVICT-1", "STALE-1")
def test_every_story_of_one_mirror_keeps_the_rules(trial: Trial) -> None:
    @seed(trial.seed("one mirror"))
    @trial.examples(STORIES)
    @given(st.lists(_steps, min_size=3, max_size=9))
    def search(steps: list[Step]) -> None:
        trial.play(changing(*steps, PULL))

    trial.explore(search)


@pytest.mark.rules("EVICT-1", "FALLBACK-1")
@pytest.mark.parametrize("roles", [(), ("manifest",), ("config",), ("layer:0",), ("layer:0", "layer:1")])
@pytest.mark.parametrize("removed", [True, False])
def test_an_eviction_before_or_between_pulls_breaks_none(trial: Trial, roles: tuple[str, ...], removed: bool) -> None:
    evict = Evict("mirror-1", REPOSITORY, roles=roles)
    forget = (Remove(APP),) if removed else ()
    trial.play(changing(evict, PULL))
    trial.play(changing(PULL, *forget, evict, PULL))
    trial.play(changing(PULL, PUBLISH, WARM, evict, PULL))


@pytest.mark.rules("EVICT-1", "FALLBACK-2", "FALLBACK-7")
@pytest.mark.parametrize(
    ("place", "passed"),
    [("manifest-by-digest", 0), ("config", 0), *(("layer", layers) for layers in range(MANY))],
)
def test_an_eviction_while_a_pull_runs_breaks_it_not(trial: Trial, place: FaultPlace, passed: int) -> None:
    gone = Fault("status", place, status=404, skip=passed)
    scenario = changing(PULL, layers=MANY)
    held = scenario.servers["mirror-1"]
    trial.play(replace(scenario, servers={**scenario.servers, "mirror-1": replace(held, faults=(gone,))}))
