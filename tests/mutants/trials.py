"""Scenarios on which broken daemons show, and the ways to break a history."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

from fixtures.addresses import ELSEWHERE_HOST, MIRROR_HOSTS
from fixtures.history import History, LocalImage, Outcome
from fixtures.scenario import Configure, Pull, Reference, Restart, Scenario, Step
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec

REPOSITORY, TAG = "library/app", "1.0"
IMAGES = {"v1": ImageSpec("v1", layers=(64, 512)), "v2": ImageSpec("v2", "oci", (64, 512), ("linux/amd64",))}
FIRST, SECOND, THIRD = (f"https://{host}" for host in MIRROR_HOSTS[:3])
APP = Reference(REPOSITORY, TAG)
PULL = Pull(APP)

Break = Callable[[History], History]


def story(
    *steps: Step, mirrors: tuple[str, ...] = (), faults: dict[str, tuple[Fault, ...]] | None = None, **held: str
) -> Scenario:
    """A scenario: who holds which image under the usual tag (``hub="v1"``), who misbehaves, what is done."""
    copies = {server.replace("_", "-"): (Copy(REPOSITORY, TAG, image),) for server, image in held.items()}
    broken = faults or {}
    return Scenario(
        images=IMAGES,
        servers={server: Holdings(copies.get(server, ()), broken.get(server, ())) for server in {*copies, *broken}},
        mirrors=mirrors,
        steps=steps or (PULL,),
    )


def beside_a_good_hub(*faults: Fault) -> Scenario:
    """One mirror that holds the image and misbehaves, and a Hub that has it, too."""
    return story(mirrors=(FIRST,), faults={"mirror-1": faults}, mirror_1="v1", hub="v1")


MISSED_BY_TWO = story(mirrors=(FIRST, SECOND), hub="v1")
HELD_BY_FIRST = story(mirrors=(FIRST, SECOND), mirror_1="v1", hub="v1")
HELD_BY_THE_ONLY = story(mirrors=(FIRST,), mirror_1="v1", hub="v1")
OLDER_AT_MIRROR = replace(
    story(mirrors=(FIRST,), mirror_1="v1"),
    servers={
        "mirror-1": Holdings((Copy(REPOSITORY, TAG, "v1"),)),
        "hub": Holdings((Copy(REPOSITORY, None, "v1"), Copy(REPOSITORY, TAG, "v2"))),
    },
)
A_PART_AT_MIRROR = replace(
    story(mirrors=(FIRST,), hub="v1"),
    servers={
        "mirror-1": Holdings((Copy(REPOSITORY, TAG, "v1", ("layer:1",)),)),
        "hub": Holdings((Copy(REPOSITORY, TAG, "v1"),)),
    },
)
MISSED_IN_PLAIN_HTTP = story(mirrors=("http://mirror.gcr.io",), hub="v1")
NOWHERE = story(mirrors=(FIRST,))
TWO_UNUSABLE = story(
    mirrors=(FIRST, SECOND),
    faults={"mirror-1": (Fault("status", status=500),), "mirror-2": (Fault("status", status=403),)},
    hub="v1",
)
ONLY_A_BAD_COPY = story(mirrors=(FIRST,), faults={"mirror-1": (Fault("corrupt", "layer", "GET"),)}, mirror_1="v1")
DIRECT = Pull(replace(APP, host=MIRROR_HOSTS[0]))
DIRECT_MISS = story(DIRECT, mirrors=(SECOND,), mirror_2="v1", hub="v1")
DIRECT_HIT = story(DIRECT, mirrors=(SECOND,), mirror_1="v1", mirror_2="v1", hub="v1")
ELSEWHERE = story(Pull(replace(APP, host=ELSEWHERE_HOST)), mirrors=(FIRST,), mirror_1="v1", elsewhere="v1")
NO_MIRROR = story(mirror_1="v1", hub="v1")
BY_DIGEST_AND_TAG = replace(
    story(Pull(replace(APP, digest="v1"))),
    servers={"hub": Holdings((Copy(REPOSITORY, None, "v1"), Copy(REPOSITORY, TAG, "v2")))},
)
TAKEN_OUT = story(Configure((SECOND,)), PULL, mirrors=(FIRST,), mirror_2="v1", hub="v1")
TAKEN_OUT_BY_RESTART = story(Restart((SECOND,)), PULL, mirrors=(FIRST,), mirror_2="v1", hub="v1")
REORDERED = story(Configure((SECOND, FIRST)), PULL, mirrors=(FIRST, SECOND), hub="v1")


def last_outcome(change: Callable[[Outcome], Outcome]) -> Break:
    """A history whose last outcome is another."""

    @wraps(change)
    def broken(history: History) -> History:
        return replace(history, outcomes=(*history.outcomes[:-1], change(history.outcomes[-1])))

    return broken


@last_outcome
def failed(outcome: Outcome) -> Outcome:
    return replace(outcome, result="failed", error="out of cheese", image=None)


@last_outcome
def spoiled(outcome: Outcome) -> Outcome:
    return outcome if outcome.image is None else replace(outcome, image=replace(outcome.image, bytes_verified=False))


@last_outcome
def vanished(outcome: Outcome) -> Outcome:
    return replace(outcome, image=None)


@last_outcome
def unreadable(outcome: Outcome) -> Outcome:
    return replace(outcome, image=LocalImage("", (), (), problem="no such layer"))


def blob_asked_of_hub_first(history: History) -> History:
    """A history in which the last layer was asked of Docker Hub before it was asked of a mirror."""
    digest = history.exchanges[-1].reference
    asked = [e.seq for e in history.exchanges if e.reference == digest]
    numbers = dict(zip(asked, (*asked[1:], asked[0]), strict=True))
    backwards = {old: new for new, old in numbers.items()}
    moved = (replace(e, seq=backwards.get(e.seq, e.seq)) for e in history.exchanges)
    return replace(history, exchanges=tuple(sorted(moved, key=lambda e: e.seq)))
