"""What becomes of what is held."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.mirrors.scenario import Ask, Drop, Fill, MirrorScenario
from fixtures.mirrors.subject import MirrorSubject
from simulator.arrangement import Copy, Holdings, ImageSpec
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    BIG,
    BY_DIGEST,
    BY_TAG,
    LARGE,
    LARGE_LAYER,
    LAYER,
    MIB,
    OTHER,
    REPOSITORY,
    TAG,
    TAKEN,
    one,
)

_MOST_ROOM = 64 * MIB
"""Bytes that are filled at most: a mirror that promises more room is to be told less for a trial."""


def evictions_trials(subject: MirrorSubject) -> Iterator[Trial]:
    yield Trial("evicted", one(TAKEN, Drop(REPOSITORY, TAG), BY_TAG, BY_DIGEST, LAYER), ("KEEP-1",))
    shared = Holdings((Copy(REPOSITORY, TAG, "v1"), Copy(OTHER, TAG, "v1")))
    steps = (TAKEN, Fill(OTHER, TAG, "v1"), Drop(REPOSITORY, TAG), Ask("blob", OTHER, "@v1/layer:1"))
    yield Trial("shared layer", one(*steps, hub=shared), ("KEEP-3",))
    during = replace(LARGE_LAYER, meanwhile=Drop(REPOSITORY, TAG))
    large = {**BIG, "images": {"v1": ImageSpec("large", layers=(LARGE,))}}
    yield Trial("evicted while it is sent", one(TAKEN, during, **large), ("KEEP-2",))
    room = min(subject.promises.capacity or MIB, _MOST_ROOM)
    names = [f"image-{number}" for number in range(room // MIB + 2)]
    images = {name: ImageSpec(name, layers=(MIB,)) for name in names}
    hub = Holdings(tuple(Copy(REPOSITORY, name, name) for name in names))
    fills = (Fill(REPOSITORY, name, name) for name in names)
    reads = (
        ask
        for name in names
        for ask in (Ask("manifest", REPOSITORY, name), Ask("blob", REPOSITORY, f"@{name}/layer:0"))
    )
    crowded = MirrorScenario(images=images, hub=hub, steps=(*fills, *reads))
    yield Trial("past its capacity", crowded, ("KEEP-5",), promise="capacity")
