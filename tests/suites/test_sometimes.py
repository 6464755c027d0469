"""Each situation is found where it came up, and not where it nearly did."""

from dataclasses import replace

import pytest

from fixtures.model import ModelLab
from fixtures.scenario import Configure, Pull, Reference, Remove, Restart, Scenario, Step
from simulator.arrangement import Break, Copy, Evict, Fault, Heal, Holdings, ImageSpec, Publish
from suites.daemon.test_changing_mirrors import rearranged
from suites.sometimes import SITUATIONS, happened

FIRST, SECOND = "https://mirror.gcr.io", "https://mirror-2.test"
ONE, TWO = Pull(Reference("library/app", "1.0")), Pull(Reference("library/app", "2.0"))
BY_DIGEST = Pull(Reference("library/app", digest="v1"))
COPIES = (Copy("library/app", "1.0", "v1"), Copy("library/app", "2.0", "v2"))
ILL = Fault("status", status=503)


def story(*steps: Step, faults: tuple[Fault, ...] = (), second: tuple[Fault, ...] = (), hub: str = "v1") -> Scenario:
    """Docker Hub and two mirrors have two tags."""
    return Scenario(
        images={name: ImageSpec(name, layers=(64, 512)) for name in ("v1", "v2")},
        servers={
            "hub": Holdings((Copy("library/app", None, "v1"), Copy("library/app", "1.0", hub), COPIES[1])),
            "mirror-1": Holdings(COPIES, faults),
            "mirror-2": Holdings(COPIES, second),
        },
        mirrors=(FIRST, SECOND),
        steps=steps or (ONE,),
    )


def only_first(scenario: Scenario) -> Scenario:
    return replace(scenario, mirrors=(FIRST,))


CASES: dict[str, tuple[Scenario, Scenario]] = {
    "a fallback after some layers": (
        only_first(story(faults=(Fault("status", "layer", status=404, role="layer:1"),))),
        only_first(story(faults=(Fault("status", "layer", status=404),))),
    ),
    "a fallback after a part of a layer": (
        story(faults=(Fault("truncate", "layer", after=20),)),
        story(faults=(Fault("status", "layer", status=404),)),
    ),
    "an eviction between a manifest and its layers": (
        story(faults=(Fault("status", "layer", status=404),)),
        story(faults=(Fault("status", status=404),)),
    ),
    "a fallback from mirror to mirror": (story(faults=(ILL,)), story(faults=(ILL,), second=(ILL,))),
    "several unusable mirrors in one pull": (story(faults=(ILL,), second=(ILL,)), story(faults=(ILL,))),
    "an older copy from a mirror": (story(hub="v2"), story()),
    "a reorder between two pulls": (
        story(ONE, Configure((SECOND, FIRST)), TWO),
        story(Configure((SECOND, FIRST)), ONE, TWO),
    ),
    "a mirror taken out between two pulls": (
        story(ONE, Configure((SECOND,)), TWO),
        story(ONE, Configure((FIRST,)), TWO),
    ),
    "a retag between two pulls": (
        only_first(story(ONE, Evict("mirror-1", "library/app"), Publish("library/app", "1.0", "v2"), ONE)),
        only_first(story(ONE, Publish("library/app", "1.0", "v2"), ONE)),
    ),
    "a restart between two pulls": (story(ONE, Restart((FIRST,)), TWO), story(Restart((FIRST,)), ONE, TWO)),
    "a mirror in use again after it was ill": (
        story(Break("mirror-1", ILL), ONE, Heal("mirror-1"), TWO),
        story(Break("mirror-1", ILL), Heal("mirror-1"), ONE, TWO),
    ),
    "a pull by digest after an eviction": (
        story(ONE, Remove(ONE.reference), Evict("mirror-1", "library/app"), BY_DIGEST),
        story(BY_DIGEST, Evict("mirror-1", "library/app"), TWO),
    ),
}
"""Of each situation a story in which it came up, and one in which it did not."""


def test_each_situation_has_a_case() -> None:
    assert list(CASES) == list(SITUATIONS)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_situation_is_found_where_it_came_up_and_only_there(situation: str) -> None:
    shown, not_shown = CASES[situation]
    assert situation in happened(shown, ModelLab("classic").play(shown))
    assert situation not in happened(not_shown, ModelLab("classic").play(not_shown))


def test_mirrors_that_change_meet_what_drawn_stories_may_miss() -> None:
    assert happened(rearranged(), ModelLab("containerd").play(rearranged())) >= {
        "a reorder between two pulls",
        "a mirror taken out between two pulls",
        "a mirror in use again after it was ill",
        "a fallback from mirror to mirror",
    }
