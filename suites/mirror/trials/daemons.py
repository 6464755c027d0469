"""What daemons are asked to pull through a mirror: scenarios, each small. They need a daemon as a client."""

from collections.abc import Iterator

from fixtures.mirrors.scenario import Artifact, Ask, Drop, Fill, Layer, MirrorScenario, Pull, Settle, Step
from simulator.arrangement import Break, Copy, Holdings, ImageSpec
from suites.mirror.trial import Trial
from suites.mirror.trials.common import (
    FOUR_MIB,
    HEALED,
    OTHER,
    PLATFORMS,
    REPOSITORY,
    SIGNED_IN,
    TAG,
    TAKEN,
    broken,
    refusing,
)

_LAYERS = (4096, 1 << 19)
_BY_TAG = Pull(REPOSITORY, TAG)
_BY_DIGEST = Pull(REPOSITORY, "@v1")


def _docker(*steps: Step) -> MirrorScenario:
    """Hub holds an image in Docker's format, and another."""
    return _hub({"v1": ImageSpec("v1", layers=_LAYERS), "v2": ImageSpec("v2", layers=(64, 2048))}, *steps)


def _oci(*steps: Step) -> MirrorScenario:
    """Hub holds an image in OCI's format, and another."""
    return _hub({"v1": ImageSpec("v1", "oci", _LAYERS), "v2": ImageSpec("v2", layers=(64, 2048))}, *steps)


def _hub(images: dict[str, ImageSpec], *steps: Step) -> MirrorScenario:
    return MirrorScenario(images, hub=Holdings((Copy(REPOSITORY, TAG, "v1"), Copy(OTHER, TAG, "v2"))), steps=steps)


OUTAGES: dict[str, Break] = {
    "refuse": broken(kind="refuse"),
    "503": refusing(503),
    "429": refusing(429),
}


def daemons_trials() -> Iterator[Trial]:
    """All that daemons are asked to pull."""
    yield Trial(
        "pull of what is held",
        _docker(TAKEN, Pull(REPOSITORY, TAG, reads=True), _BY_DIGEST),
        ("CLIENT-1", "CLIENT-2", "CLIENT-6"),
    )
    yield Trial("pull of what is held (OCI)", _oci(TAKEN, _BY_TAG), ("CLIENT-1", "CLIENT-2", "CLIENT-6"))
    yield Trial("pull of what is not held", _docker(_BY_TAG), ("CLIENT-3",))
    fills = ("CLIENT-5", "CLIENT-6")
    yield Trial("cold pull", _oci(_BY_TAG, _BY_TAG), fills, only="pull-through")
    yield Trial("cold pull by digest", _docker(_BY_DIGEST), fills, only="pull-through")
    nowhere = (Pull(REPOSITORY, "absent"), Pull("team/absent", TAG), Pull("team/hidden", TAG))
    yield Trial(
        "pull of what is nowhere",
        MirrorScenario(
            {"v1": ImageSpec("v1")},
            hub=Holdings((Copy(REPOSITORY, TAG, "v1"), Copy("team/hidden", TAG, "v1"))),
            private=("team/hidden",),
            accounts=(SIGNED_IN,),
            steps=nowhere,
        ),
        ("CLIENT-4",),
    )
    for how, fault in OUTAGES.items():
        steps = (TAKEN, fault, _BY_DIGEST, _BY_TAG)
        yield Trial(f"pull in an outage ({how})", _docker(*steps), ("CLIENT-7", "CLIENT-8"))
    yield from _contents()
    yield Trial("direct pull", _docker(TAKEN, Pull(REPOSITORY, TAG, direct=True)), ("CLIENT-12",))
    yield Trial("direct pull of what is nowhere", _docker(Pull(REPOSITORY, "absent", direct=True)), ("CLIENT-13",))
    yield Trial("pull after an eviction", _docker(TAKEN, Drop(REPOSITORY, TAG), _BY_TAG), ("CLIENT-14",))
    yield from _in_the_midst()
    tags = ("1.0", "1.1", "latest")
    named = Holdings(tuple(Copy(REPOSITORY, tag, "v1") for tag in tags))
    every = MirrorScenario({"v1": ImageSpec("v1")}, hub=named, steps=(TAKEN, Pull(REPOSITORY, "")))
    yield Trial("pull of all tags", every, ("CLIENT-17",))


def _contents() -> Iterator[Trial]:
    """Images of other shapes."""
    many = MirrorScenario(
        {"many": ImageSpec("many", "oci", (64, 4096), PLATFORMS)},
        hub=Holdings((Copy(REPOSITORY, TAG, "many"),)),
        steps=(Fill(REPOSITORY, TAG, "many"), *(Pull(REPOSITORY, TAG, platform=platform) for platform in PLATFORMS)),
    )
    yield Trial("pull of a platform", many, ("CLIENT-9",))
    base = {"v1": ImageSpec("v1", "oci", (64, 4096))}
    image = Artifact(REPOSITORY, "image", image="v1")
    proof = Artifact(REPOSITORY, "proof", layers=(Layer("application/vnd.in-toto+json", 100),))
    attested = Artifact(REPOSITORY, "attested", manifests=("image",), attests=("proof",))
    yield Trial(
        "pull of what is attested",
        MirrorScenario(
            base,
            {"image": image, "proof": proof, "attested": attested},
            steps=(Fill(REPOSITORY, "attested", "attested"), Pull(REPOSITORY, "attested")),
        ),
        ("CLIENT-10",),
    )
    large = Artifact(REPOSITORY, "large", image="v1", padding=FOUR_MIB)
    yield Trial(
        "pull of a large manifest",
        MirrorScenario(base, {"large": large}, steps=(Fill(REPOSITORY, "large", "large"), Pull(REPOSITORY, "large"))),
        ("CLIENT-11",),
    )


def _in_the_midst() -> Iterator[Trial]:
    """What happens while a daemon pulls, and what is left of it."""
    evicted = Drop(REPOSITORY, TAG)
    several = {"v1": ImageSpec("v1", layers=(1 << 21,) * 4), "v2": ImageSpec("v2")}
    yield Trial(
        "pull of what is evicted meanwhile",
        _hub(several, TAKEN, Pull(REPOSITORY, TAG, meanwhile=evicted, reads=True)),
        ("CLIENT-15",),
    )
    slow = broken(kind="slow", at="layer", method="GET", seconds=0.6)
    yield Trial(
        "cold pull of what is evicted meanwhile",
        _hub(several, slow, Pull(REPOSITORY, TAG, meanwhile=evicted)),
        ("CLIENT-15",),
        only="pull-through",
    )
    spoils: dict[str, Break] = {
        "corrupt": broken(kind="corrupt", at="layer", method="GET"),
        "truncate": broken(kind="truncate", at="layer", method="GET"),
    }
    for how, fault in spoils.items():
        layers = tuple(Ask("blob", REPOSITORY, f"@v1/layer:{number}") for number in range(len(_LAYERS)))
        healed = (Settle(), HEALED, Pull(REPOSITORY, TAG, reads=True))
        yield Trial(
            f"pull after what was spoiled ({how})",
            _docker(fault, *layers, *healed),
            ("CLIENT-16",),
            only="pull-through",
        )
