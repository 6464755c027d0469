"""Scenarios on which broken daemons show, and the ways to break a history."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Literal

from fixtures.addresses import ELSEWHERE_HOST, MIRROR_HOSTS
from fixtures.history import History, LocalImage, Outcome
from fixtures.scenario import (
    Build,
    Configure,
    Login,
    Pull,
    PullAllTags,
    Push,
    Reference,
    Reload,
    Restart,
    Run,
    Scenario,
    Search,
    Start,
    Step,
    Together,
)
from simulator.arrangement import Account, Copy, Evict, Fault, FaultPlace, Holdings, ImageSpec, Limits, Publish, Warm
from simulator.arrangement import Break as Change

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
ADA = Account("ada", "secret", pushes=(REPOSITORY,))


def as_ada(*steps: Step) -> Scenario:
    """What somebody with an account does, with a mirror that holds the image."""
    return replace(story(Login("ada"), *steps, mirrors=(FIRST,), mirror_1="v1", hub="v1"), accounts=(ADA,))


PUSHED = as_ada(PULL, Push(APP))
LOGGED_IN = as_ada()
SEARCHED = story(Search(REPOSITORY), mirrors=(FIRST,), mirror_1="v1", hub="v1")
ALL_TAGS = story(PullAllTags(Reference(REPOSITORY, short=True)), mirrors=(FIRST,), mirror_1="v1", hub="v1")


def spelled(platform: str | None = None, **spelling: Any) -> Scenario:
    """A pull of an image that both a mirror and Docker Hub have, spelled in some way."""
    return story(Pull(replace(APP, **spelling), platform), mirrors=(FIRST,), mirror_1="v1", hub="v1")


def hub_down(fault: Fault) -> Scenario:
    """A mirror has the image, and Docker Hub does not answer."""
    return story(mirrors=(FIRST,), faults={"hub": (fault,)}, mirror_1="v1", hub="v1")


def missed_and_hub_fails(fault: Fault) -> Scenario:
    """No mirror has the image, and Docker Hub fails."""
    return story(mirrors=(FIRST,), faults={"hub": (fault,)}, hub="v1")


SYNCED = story(
    Warm("mirror-1", REPOSITORY, TAG),
    PULL,
    Publish(REPOSITORY, TAG, "v2"),
    Warm("mirror-1", REPOSITORY, TAG),
    PULL,
    mirrors=(FIRST,),
    hub="v1",
)
EVICTED_BETWEEN = story(
    PULL, Evict("mirror-1", REPOSITORY), Publish(REPOSITORY, TAG, "v2"), PULL, mirrors=(FIRST,), mirror_1="v1", hub="v1"
)
EVICTED_BEFORE = story(Evict("mirror-1", REPOSITORY), PULL, mirrors=(FIRST,), mirror_1="v1", hub="v1")
EVICTED_DURING = beside_a_good_hub(Fault("status", "layer", status=404, skip=1))
EVICTED_OF_TWO = replace(
    story(
        Together((PULL, Pull(replace(APP, tag="2.0"))), (Evict("mirror-1", REPOSITORY, roles=("layer:1",)),)),
        mirrors=(FIRST,),
        mirror_1="v1",
    ),
    servers={
        "mirror-1": Holdings((Copy(REPOSITORY, TAG, "v1"),)),
        "hub": Holdings((Copy(REPOSITORY, TAG, "v1"), Copy(REPOSITORY, "2.0", "v1"))),
    },
)
METERED_HIT = replace(HELD_BY_THE_ONLY, limits=Limits())
METERED_MISS = replace(story(mirrors=(FIRST,), hub="v2"), limits=Limits())
MISSED_OVER_THE_LIMIT = replace(story(mirrors=(FIRST,), hub="v1"), limits=Limits(anonymous=0))
OVER_THE_LIMIT = replace(HELD_BY_THE_ONLY, limits=Limits(anonymous=0))


def asked_for_credentials(challenge: str) -> Scenario:
    """A mirror asks somebody who has logged in to Docker Hub to sign in."""
    asks = Fault("status", status=401, challenge=challenge)
    scenario = as_ada(PULL)
    mirror = replace(scenario.servers["mirror-1"], faults=(asks,))
    return replace(scenario, servers={**scenario.servers, "mirror-1": mirror})


def member(place: FaultPlace) -> Scenario:
    """Somebody has logged in to a mirror, which asks them to sign in at one place, once."""
    asks = Fault("status", place, status=401, challenge='Basic realm="mirror"', times=1)
    pull = Pull(replace(APP, host=MIRROR_HOSTS[0]))
    scenario = story(Login("ada", MIRROR_HOSTS[0]), Change("mirror-1", asks), pull, mirror_1="v1")
    return replace(scenario, accounts=(ADA,))


MEMBER_AT_HUB = replace(story(Login("ada", MIRROR_HOSTS[0]), PULL, mirror_1="v1", hub="v1"), accounts=(ADA,))
LIMITING = beside_a_good_hub(Fault("status", status=429))
BUILT_AFTER_A_RELOAD = story(Restart((FIRST,)), Configure((SECOND,)), Build(APP), mirror_2="v1", hub="v1")


def built(builder: Literal["classic", "buildkit"]) -> Scenario:
    """A build by one builder, with two mirrors, of which the second has the image."""
    return story(Build(APP, builder), mirrors=(FIRST, SECOND), mirror_2="v1", hub="v1")


READ_BY_A_FRONTEND = story(
    Build(Reference("library/base", TAG), frontend=APP), mirrors=(FIRST, SECOND), mirror_2="v1", hub="v1"
)
UNTRUSTED_HUB = story(mirrors=(FIRST,), faults={"hub": (Fault("untrusted"),)}, hub="v1")
UNTRUSTED_MIRROR = beside_a_good_hub(Fault("untrusted"))


ONE_IN_A_FILE = '{"registry-mirrors": ["https://mirror.gcr.io"]}'
BADLY_RELOADED = story(
    Start(ONE_IN_A_FILE), Reload('{"registry-mirrors": ["ftp://mirror.gcr.io"], "labels": ["a=b"]}'), mirrors=(FIRST,)
)
RUN_OVER_A_RELOAD = story(Run(), Reload(ONE_IN_A_FILE))
RUN_OVER_A_BAD_RELOAD = story(Run(), Reload('{"registry-mirrors": ["ftp://mirror.gcr.io"]}'))
BY_FLAG_AND_FILE = story(Start(ONE_IN_A_FILE, ("--registry-mirror=https://mirror.gcr.io",)))


def last_outcome(change: Callable[[Outcome], Outcome]) -> Break:
    """A history whose last outcome is another."""

    @wraps(change)
    def broken(history: History) -> History:
        return replace(history, outcomes=(*history.outcomes[:-1], change(history.outcomes[-1])))

    return broken


@last_outcome
def unsaid(outcome: Outcome) -> Outcome:
    return replace(outcome, error="")


@last_outcome
def failed(outcome: Outcome) -> Outcome:
    return replace(outcome, result="failed", error="out of cheese", image=None)


@last_outcome
def started_over(outcome: Outcome) -> Outcome:
    return outcome if outcome.container is None else replace(outcome, container=replace(outcome.container, count=1))


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
