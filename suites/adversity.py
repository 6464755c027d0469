"""Scenarios that meet chosen points of the space, and the choice of points that a run meets."""

from collections.abc import Iterator
from dataclasses import replace

from fixtures.addresses import MIRROR_HOSTS
from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, FaultPlace, Holdings, ImageSpec
from suites.space import CONNECTION, LAYERS, PLACES, Point, space
from suites.strategies import NOT_A_REGISTRY

DEADLINE = 60.0
UNTIL_HANGING = 33.0
"""Seconds after which a pull is said to hang: more than dockerd's longest time limit for a single request."""
_SIZE = 1 << 20
_MIRRORS = tuple(f"mirror-{number}" for number in range(1, len(PLACES) + 1))
_REPOSITORY, _TAG = "library/app", "1.0"
_SIZES = (512, 64, 700)
_PLATFORMS = ("linux/amd64", "linux/arm64")
_AT_ONCE = frozenset(
    {
        "401",
        "403",
        "404",
        "429",
        "not-a-registry",
        "wrong-digest",
        "corrupt",
        "length-too-small",
        "slow",
        "slow-headers",
    }
)
"""Kinds that the classic image store takes no second time for, where they strike a config or a layer."""
WAITED_FOR = frozenset({"hang", "length-too-great"})
"""Kinds whose answer is waited for, if need be for ever."""
_CHALLENGE = 'Bearer realm="https://{}/token",service="mirror"'

FAULTS: dict[str, Fault] = {
    **{kind: Fault(kind) for kind in ("refuse", "dns", "untrusted", "tls-alert")},
    "half-handshake": Fault("half-handshake", then="close"),
    **{str(status): Fault("status", status=status) for status in (401, 403, 404, 429, 500, 502, 503)},
    "not-a-registry": NOT_A_REGISTRY,
    "redirect": Fault("redirect", location="https://nowhere.test/"),
    "reset": Fault("reset"),
    "reset-midway": Fault("reset", after=10),
    **{kind: Fault(kind) for kind in ("close", "garbage", "hang", "two-lengths", "corrupt")},
    **{kind: Fault(kind) for kind in ("wrong-digest", "wrong-type")},
    "endless-headers": Fault("endless-headers", size=_SIZE),
    "endless-body": Fault("endless-body", size=_SIZE),
    "slow": Fault("slow", seconds=0.3),
    "slow-headers": Fault("slow-headers", seconds=0.3),
    "length-too-great": Fault("wrong-length", by=10),
    "length-too-small": Fault("wrong-length", by=-10),
    "truncate": Fault("truncate", after=10),
}
"""A fault of each kind, at any stage."""


def every_pair(store: str) -> tuple[Point, ...]:
    """Few points that have among them every pair of kind, stage and place that a daemon with this store can meet."""
    points = space(store)
    kinds, stages = (list(dict.fromkeys(names)) for names in zip(*((p.kind, p.stage) for p in points), strict=True))
    few = {kind for kind in kinds if len({p.stage for p in points if p.kind == kind}) <= len(PLACES)}
    return tuple(
        point
        for point in points
        if point.kind in few
        or (kinds.index(point.kind) + stages.index(point.stage) + PLACES.index(point.place)) % len(PLACES) == 0
    )


def every_single(store: str) -> tuple[Point, ...]:
    """Fewer of these points, none of which takes long: they have among them every kind, stage and place that need not
    be waited for, and as many of each kind as there are places.
    """
    quick = [point for point in every_pair(store) if not takes_long(point, store)]
    chosen: list[Point] = []
    for number, kind in enumerate(dict.fromkeys(point.kind for point in quick)):
        alike = [point for point in quick if point.kind == kind]
        stride = -(-len(alike) // len(PLACES))
        chosen += dict.fromkeys(alike[(number + turn * stride) % len(alike)] for turn in range(len(PLACES)))
    return tuple(chosen)


def takes_long(point: Point, store: str) -> bool:
    """Whether a pull that meets a point is known to last seconds: it is waited for, or asked again and again."""
    if point.kind == "hang":
        return True
    if point.kind == "length-too-great":
        return point.stage in {"manifest-by-digest", "config", *LAYERS}
    return store == "classic" and point.stage in {"config", *LAYERS} and point.kind not in _AT_ONCE


def scenario_at(point: Point) -> Scenario:
    """A pull that meets a point: of three mirrors those before it have nothing, and those behind it, too; Docker Hub
    has the image. It has as many layers as the point is about: each costs a daemon time.
    """
    server = _MIRRORS[PLACES.index(point.place)]
    copy = Copy(_REPOSITORY, _TAG, "v1")
    return Scenario(
        images={
            "v1": ImageSpec(
                "v1", layers=_SIZES if point.stage in {"config", *LAYERS} else _SIZES[:1], platforms=_PLATFORMS
            )
        },
        servers={"hub": Holdings((copy,)), server: Holdings((copy,), tuple(_faults(point, server)))},
        mirrors=tuple(f"https://{host}" for host in MIRROR_HOSTS[: len(PLACES)]),
        steps=(Pull(Reference(_REPOSITORY, _TAG), deadline=UNTIL_HANGING if point.kind in WAITED_FOR else DEADLINE),),
    )


def _faults(point: Point, server: str) -> Iterator[Fault]:
    fault = FAULTS[point.kind]
    if point.stage == CONNECTION:
        yield fault
    elif point.stage == "token":
        challenge = _CHALLENGE.format(MIRROR_HOSTS[_MIRRORS.index(server)])
        yield Fault("status", "ping", status=401, challenge=challenge)
        yield Fault("status", "manifest", "HEAD", status=401, challenge=challenge)
        yield replace(fault, method="GET")
    elif point.stage in LAYERS:
        yield replace(fault, at="layer", role=f"layer:{LAYERS.index(point.stage)}")
    else:
        yield replace(fault, at=_AT[point.stage])


_AT: dict[str, FaultPlace] = {
    "ping": "ping",
    "manifest-by-tag": "manifest-by-tag",
    "manifest-by-digest": "manifest-by-digest",
    "config": "config",
}
