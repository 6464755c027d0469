"""How a mirror fetches what it lacks."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask, Direct, MirrorScenario, Settle, Step
from fixtures.mirrors.subject import MirrorSubject
from simulator.arrangement import Copy, Holdings, ImageSpec
from simulator.topology import REGISTRY_HOST
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    ALONE,
    BIG,
    BY_DIGEST,
    BY_TAG,
    HEALED,
    LARGE_LAYER,
    LAYER,
    OUTAGES,
    PAGE,
    PAGE_FOR_MANIFEST,
    REPOSITORY,
    SLOW,
    SPOILS,
    TAKEN,
    broken,
    one,
)

_PACE = 1.0
"""Seconds that Hub takes for a blob whose client leaves in its midst."""

_PERCENT = (10, 50, 90)
_RESUMED = 1 << 19
_CROWDS = (2, 10, 50)
_WHILE_ALL_COME = 0.4
"""Seconds that Hub takes for each answer with content: that clients overlap is then no matter of luck."""


def filling_trials(subject: MirrorSubject) -> Iterator[Trial]:
    yield _crowds()
    yield from (_resumed(percent, subject) for percent in _PERCENT)
    again = (LARGE_LAYER,) * 4
    compared = one(TAKEN, *again, Direct(REPOSITORY, "@v1/layer:0", len(again)), **BIG)
    yield Trial("speed of hits", compared, ("SPEED-1",))
    yield Trial("hit and miss", one(BY_TAG, LAYER, Settle(), LAYER), ("TELL-1",), only="pull-through")
    slow = broken(kind="slow", at="blob", method="GET", seconds=SLOW)
    yield Trial("slow blob", one(slow, LARGE_LAYER, **BIG), ("FILL-2",), only="pull-through")
    left = replace(LARGE_LAYER, stop_after=1 << 16)
    paced = broken(kind="slow", at="blob", method="GET", seconds=_PACE)
    later = (Settle(), LARGE_LAYER) * 3
    gone = (paced, left, Settle(), HEALED, OUTAGES["5xx"], LARGE_LAYER, *later)
    yield Trial("client leaves", one(*gone, **BIG), ("FILL-3",), only="pull-through")
    for how, fault in SPOILS.items():
        steps: tuple[Step, ...] = (BY_DIGEST, fault, LAYER, Settle(), HEALED, LAYER, Settle(), LAYER)
        yield Trial(f"spoiled ({how})", one(*steps), (f"FILL-4/{how}",), only="pull-through")
    for how, fault in (
        ("page", PAGE),
        ("redirect", broken(kind="redirect", at="blob", location=f"https://{REGISTRY_HOST}/v2/")),
    ):
        steps = (BY_DIGEST, fault, LAYER, Settle(), HEALED, LAYER)
        yield Trial(f"no content ({how})", one(*steps), (f"FILL-5/{how}",), only="pull-through")
    yield Trial(
        "no manifest", one(PAGE_FOR_MANIFEST, BY_TAG, Settle(), HEALED, BY_TAG), ("FILL-6",), only="pull-through"
    )


def _crowds() -> Trial:
    """Clients that ask at once, for blobs and for a manifest, of a Hub that takes its time."""
    images = {f"of {many}": ImageSpec(f"of {many}", layers=(1 << 16,)) for many in _CROWDS}
    copies = tuple(Copy(REPOSITORY, f"of-{many}", f"of {many}") for many in _CROWDS)
    slow = (broken(kind="slow", at=at, method="GET", seconds=_WHILE_ALL_COME) for at in ("manifest", "blob"))
    blobs = (Ask("blob", REPOSITORY, f"@of {many}/layer:0", clients=many) for many in _CROWDS)
    manifest = Ask("manifest", REPOSITORY, f"of-{_CROWDS[1]}", clients=_CROWDS[1])
    scenario = MirrorScenario(images=images, hub=Holdings(copies), steps=(*slow, *blobs, manifest))
    return Trial("clients at once", scenario, ("FILL-1", "FILL-7"), only="pull-through")


def _resumed(percent: int, subject: MirrorSubject) -> Trial:
    """A download that breaks off at so many percent, through Hub and then through the client, and goes on."""
    at = _RESUMED * percent // 100
    rest = replace(LARGE_LAYER, headers=(("Range", f"bytes={at}-"),))
    cut = broken(kind="truncate", at="blob", method="GET", after=at, times=1)
    cold: tuple[Step, ...] = (cut, LARGE_LAYER, Settle(), HEALED, rest)
    first = (TAKEN,) if subject.profile == "cached-only" else cold
    image = {"v1": ImageSpec("resumed", layers=(_RESUMED,))}
    steps = (*first, Settle(), replace(LARGE_LAYER, stop_after=at), rest)
    return Trial(f"resumed ({percent})", one(*steps, images=image, hub=ALONE), (f"RANGE-4/{percent}",))
