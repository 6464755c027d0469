"""How a mirror behaves that caches from an upstream: plain values, each knob by itself, and presets of them.

All times are seconds of the world's clock.
"""

from dataclasses import dataclass, field
from typing import Literal

from simulator.topology import AUTH_HOST, REGISTRY_HOST

PresetName = Literal["gcr", "pull-through", "frozen"]
Order = Literal["lru", "lfu", "fifo", "sieve"]

_HOUR = 3600.0
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Admission:
    """When what a mirror lacks is let into its cache.

    ``never``; ``at-once``, on the miss itself; ``after`` as many ``requests`` as this ``within`` so many seconds,
    the present one included; ``by-chance``, with this ``probability`` on each miss (seeded by the world).

    A mirror that fetches on a miss keeps what it fetched. With a ``delay``, and in a mirror that answers a miss with
    404, the image is fetched as a whole so many seconds later: by demand, but not for the client that asked.
    """

    when: Literal["never", "at-once", "after", "by-chance"] = "at-once"
    requests: int = 1
    within: float = _DAY
    probability: float = 1.0
    delay: float = 0.0


@dataclass(frozen=True)
class Eviction:
    """What makes an image leave the cache.

    No more than so many ``bytes`` (each object counted once, however many images need it) and ``images`` are held
    (``None``: no limit); where there is no room the next image in ``order`` leaves: the least recently used, the least
    frequently used, the first that came in, or that which SIEVE's hand finds (Zhang et al., NSDI 2024).

    A ``sweep`` comes every so many seconds and takes what was ``idle`` (no request for its manifest) or has an ``age``
    (since it was fetched) of so many seconds or more (``None``: that is no reason).

    An image is a tag, or a manifest or a blob that was fetched by its digest alone, with all that it needs.
    """

    order: Order = "lru"
    bytes: int | None = None
    images: int | None = None
    idle: float | None = None
    age: float | None = None
    sweep: float = _HOUR


@dataclass(frozen=True)
class Sync:
    """How a mirror notices that a tag names something else upstream: it asks with HEAD, and with GET on a change.

    ``never``; ``interval``: for each tag, ``every`` so many seconds; ``on-read``: when a client asks for a tag that
    was not known to be right within the last ``fresh`` seconds (0: each time).
    """

    when: Literal["never", "interval", "on-read"] = "never"
    every: float = _HOUR / 2
    fresh: float = 0.0


@dataclass(frozen=True)
class Upstream:
    """The registry that a mirror caches from, and what the mirror does where that fails.

    ``url`` is its scheme, host and (unless it is the usual one) port. ``user`` and ``password`` are shown to nobody
    but it and token services at the hosts of ``realms``, and only over TLS unless the upstream itself is in plain HTTP.

    ``timeout`` is how many seconds the mirror waits for the head of an answer and for each further piece of it.

    Where the upstream cannot be asked, or answers with neither the content nor that there is none, a client is served
    ``stale`` what the mirror holds, or the mirror will ``fail``. It fails with 429, 503 or 504 where that tells what
    happened and else with 502, or always with ``status`` (0: as said).
    """

    url: str = f"https://{REGISTRY_HOST}"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    realms: tuple[str, ...] = (AUTH_HOST,)
    timeout: float = 30.0
    on_failure: Literal["stale", "fail"] = "stale"
    status: int = 0


@dataclass(frozen=True)
class Policy:
    """How a mirror behaves.

    A ``miss`` is answered with ``not-found`` (404: the mirror is cached-only), or the mirror will ``fetch`` what was
    asked for while the client waits (it is a pull-through cache). With ``coalescing`` clients that ask at the same
    time for the same thing share one request to the upstream.

    ``catalogue`` is whether ``/v2/_catalog`` lists the repositories held. ``tags`` is what a list of tags tells: those
    in the ``cache``, those of the ``upstream``, or nothing (``refuse``).
    """

    miss: Literal["not-found", "fetch"] = "fetch"
    admission: Admission = Admission()
    eviction: Eviction = Eviction()
    sync: Sync = Sync()
    upstream: Upstream = Upstream()
    coalescing: bool = True
    catalogue: bool = False
    tags: Literal["cache", "upstream", "refuse"] = "cache"


GCR = Policy(
    miss="not-found",
    admission=Admission("after", requests=2, within=_DAY, delay=60.0),
    eviction=Eviction(idle=14 * _DAY, sweep=_DAY),
    sync=Sync("interval", every=_HOUR / 2),
)
"""Like mirror.gcr.io, as its documentation has it: frequently requested images are cached, others are not found and may
be fetched later, images no longer requested are removed periodically, and what is held is kept in sync with Docker
Hub (an older edition of the page said: within 30 minutes). The other figures are not published; these are ours."""

PULL_THROUGH = Policy(
    eviction=Eviction(age=7 * _DAY, sweep=_HOUR),
    sync=Sync("on-read"),
    catalogue=True,
)
"""Like Distribution's proxy: fetches on a miss, asks Hub about a tag on each read, serves what it has where Hub fails,
and lets everything go 168 hours after it was fetched (distribution.github.io, "Registry as a pull through cache")."""

FROZEN = Policy(miss="not-found", admission=Admission("never"))
"""A snapshot: holds what was put there until it is taken out."""

PRESETS: dict[PresetName, Policy] = {"gcr": GCR, "pull-through": PULL_THROUGH, "frozen": FROZEN}


def policy_of(named: Policy | PresetName) -> Policy:
    """A policy, given as itself or as the name of a preset."""
    return named if isinstance(named, Policy) else PRESETS[named]
