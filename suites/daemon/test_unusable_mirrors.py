"""Each kind of unusable mirror, and each kind of bad content, at each stage where it shows at once."""

from dataclasses import replace

import pytest

from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, FaultPlace, Holdings, ImageSpec
from suites.strategies import NOT_A_REGISTRY
from suites.trial import Trial

BEFORE_BLOBS: tuple[FaultPlace, ...] = ("any", "manifest-by-tag", "manifest-by-digest")
AT_ONCE: tuple[FaultPlace, ...] = (*BEFORE_BLOBS, "config", "layer")
NOWHERE = "https://nowhere.test/"

UNUSABLE: dict[str, tuple[Fault, ...]] = {
    "refuse": (Fault("refuse"),),
    "dns": (Fault("dns"),),
    "untrusted": (Fault("untrusted"),),
    "reset": tuple(Fault("reset", place) for place in BEFORE_BLOBS),
    **{
        str(status): tuple(
            Fault("status", place, status=status, body=body) for place in AT_ONCE for body in ("", "not json")
        )
        for status in (401, 403, 404, 429)
    },
    **{
        str(status): tuple(Fault("status", place, status=status) for place in BEFORE_BLOBS)
        for status in (500, 502, 503)
    },
    "not-a-registry": tuple(replace(NOT_A_REGISTRY, at=place) for place in AT_ONCE),
    "redirect": tuple(Fault("redirect", place, location=NOWHERE) for place in BEFORE_BLOBS),
    "wrong-digest": (Fault("wrong-digest", "manifest"),),
    "wrong-type": (Fault("wrong-type", "manifest"),),
}

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


@pytest.mark.rules("FALLBACK-2", "RATE-3", "TLS-2")
@pytest.mark.parametrize("kind", UNUSABLE)
def test_an_unusable_mirror_costs_time_only(trial: Trial, kind: str) -> None:
    for fault in UNUSABLE[kind]:
        trial.play(beside_a_good_hub(fault))


@pytest.mark.rules("FALLBACK-4", "FALLBACK-5")
@pytest.mark.parametrize("kind", BAD_CONTENT)
def test_bad_content_is_refused_and_fetched_elsewhere(trial: Trial, kind: str) -> None:
    trial.play(beside_a_good_hub(BAD_CONTENT[kind]))
