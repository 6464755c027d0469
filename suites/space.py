"""The space of adversity: which kinds of fault met a daemon, at which stage of a pull, in which place of the list.

What a history covered is told by the history alone: a fault counts where its server's journal shows that it struck.
A fault that lets no request through leaves no trace there; it counts where the daemon went past its server.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from fixtures.history import History
from fixtures.scenario import Scenario
from simulator.journal import Exchange
from suites.rules.endpoints import kind_of, place_of, stage_of
from suites.timeline import PullCase, Shelf, pulls

UNHEARD = ("refuse", "dns", "untrusted", "half-handshake", "tls-alert")
"""Kinds that strike a whole server, before any request."""
UNANSWERED = (
    "401", "403", "404", "429", "500", "502", "503", "not-a-registry", "redirect",
    "reset", "reset-midway", "close", "garbage", "hang", "slow-headers", "endless-headers",
)  # fmt: skip
"""Kinds that strike any request."""
SPOILING = ("slow", "endless-body", "two-lengths", "length-too-great", "length-too-small", "corrupt", "truncate")
"""Kinds that strike an answer with content."""
NAMING = ("wrong-digest", "wrong-type")
"""Kinds that strike an answer which says what its content is."""
KINDS = (*UNHEARD, *UNANSWERED, *SPOILING, *NAMING)

CONNECTION = "connection"
MANIFESTS = ("manifest-by-tag", "manifest-by-digest")
LAYERS = ("first layer", "middle layer", "last layer")
STAGES = (CONNECTION, "ping", "token", *MANIFESTS, "config", *LAYERS)
PLACES = ("first", "middle", "last")
"""Where in the list of mirrors a server stands. One that stands there alone is in none of these places."""


@dataclass(frozen=True, order=True)
class Point:
    """One way in which a mirror can fail a pull: by a kind of fault, at a stage, in a place of the list of mirrors."""

    kind: str
    stage: str
    place: str


@cache
def space(store: str) -> tuple[Point, ...]:
    """All points that a daemon with this image store can meet."""
    return tuple(
        Point(kind, stage, place) for kind in KINDS for stage in STAGES if meets(kind, stage, store) for place in PLACES
    )


def meets(kind: str, stage: str, store: str) -> bool:
    """Whether a kind of fault can strike at a stage.

    The containerd image store sends no ping. A mirror's token service, as the lab has it, gives no token: what spoils
    content finds none. Most daemons ask for a tag by HEAD, which has no content to spoil either. Blobs say no type of
    their own, and a ping has no digest.
    """
    if kind in UNHEARD or stage == CONNECTION:
        return kind in UNHEARD and stage == CONNECTION
    if stage == "ping":
        return store == "classic" and kind != "wrong-digest"
    if stage == "token":
        return kind in UNANSWERED
    if stage == "manifest-by-tag":
        return kind not in {"endless-body", "corrupt", "truncate"}
    return kind != "wrong-type" or stage in MANIFESTS


def singles(point: Point) -> tuple[str, ...]:
    """The kind, the stage and the place of a point."""
    return point.kind, point.stage, f"{point.place} mirror"


def pairs(point: Point) -> tuple[str, ...]:
    """What a point is made of, two and two: kind and stage, kind and place, stage and place."""
    return tuple(" x ".join(two) for two in combinations(singles(point), 2))


def missing(store: str, met: Collection[Point], parts: Callable[[Point], tuple[str, ...]]) -> tuple[str, ...]:
    """The singles, or the pairs, that a daemon with this store could have met and has not; in the space's order."""
    seen = {part for point in met for part in parts(point)}
    return tuple(dict.fromkeys(part for point in space(store) for part in parts(point) if part not in seen))


def covered(scenario: Scenario, history: History) -> frozenset[Point]:
    """The points that a history shows to have been met."""
    return frozenset(point for case in pulls(scenario, history) for point in _met(case))


def _met(case: PullCase) -> Iterator[Point]:
    if not case.is_hub:
        return
    endpoints, asked = case.situation.endpoints, case.asked()
    reached = max((endpoints.index(server) for server in asked if server in endpoints), default=-1)
    for position, server in enumerate(case.situation.mirrors):
        place, shelf = place_of(position, len(case.situation.mirrors)), case.shelf(server)
        if position < reached and server not in asked:
            yield from (Point(fault.kind, CONNECTION, place) for fault in shelf.faults if fault.kind in UNHEARD)
        for exchange in case.to((server,)):
            kind = _struck_by(exchange, shelf)
            if kind:
                yield Point(kind, stage_of(case, exchange), place)


def _struck_by(exchange: Exchange, shelf: Shelf) -> str:
    """The kind of the fault that struck an exchange; ``""`` where none did, or where it cannot be told which."""
    alike = [fault for fault in shelf.faults if fault.kind == exchange.fault]
    if exchange.fault == "status":
        alike = [fault for fault in alike if fault.status == exchange.status]
    kinds = {kind_of(fault) for fault in alike}
    return kinds.pop() if len(kinds) == 1 else ""
