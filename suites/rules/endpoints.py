"""What several rules must know of the servers of a pull: who would serve it, who cannot be seen, who is left."""

from simulator.arrangement import Fault
from simulator.journal import Exchange
from suites.timeline import PullCase

UNSEEN = frozenset({"refuse", "dns", "untrusted", "half-handshake", "tls-alert"})
"""Faults that keep a daemon from ever sending a request, so that no journal can show it tried."""

CONTENT = frozenset({"corrupt", "truncate"})
"""Faults that hand out bytes which are not what their digest says."""

DELAYS = frozenset({"slow", "slow-headers"})
"""Faults that cost time and nothing else."""

PLAIN_HTTP = "plain http"
"""The variant of a case in which a mirror is configured with an ``http://`` URL."""


CAPITALS = "scheme in capitals"
"""The variant of a case in which a mirror's URL is written as ``HTTPS://``."""


def unseen(case: PullCase, server: str) -> bool:
    """Whether the daemon cannot get a request through to a server that the lab has."""
    if server not in case.history.hosts.values():
        return True
    return any(fault.kind in UNSEEN for fault in case.shelf(server).faults)


def kind_of(fault: Fault) -> str:
    """The name that the catalogue gives a kind of unusable mirror."""
    match fault.kind:
        case "status":
            return "not-a-registry" if fault.status < 400 else str(fault.status)
        case "wrong-length":
            return "length-too-great" if fault.by > 0 else "length-too-small"
        case "reset" if fault.after >= 0:
            return "reset-midway"
        case kind:
            return kind


def place_of(position: int, length: int) -> str:
    """Where one thing of several stands: ``first``, ``middle`` or ``last``; ``only`` where there is no other."""
    if length == 1:
        return "only"
    return "first" if position == 0 else "last" if position == length - 1 else "middle"


def stage_of(case: PullCase, exchange: Exchange) -> str:
    """The stage of a pull at which an exchange with a mirror stands: ``config``, ``first layer`` ...

    A mirror is asked for nothing outside of the registry's own paths but for a token, where its challenge says.
    """
    if exchange.stage == "other":
        return "token"
    if exchange.stage != "layer":
        return exchange.stage
    content = case.content(exchange.image)
    platform, _, number = exchange.role.rpartition("layer:")
    layers = sum(f"{platform}layer:" in entry.role for entry in content.objects) if content else 0
    return f"{place_of(int(number), layers)} layer"


def first_server(case: PullCase) -> str | None:
    """The endpoint that must serve the pull: the first with a usable copy, when everybody before it has none
    at all or cannot be reached. ``None`` where somebody before it complicates the matter.
    """
    if not case.is_hub:
        return None
    for server in case.situation.endpoints:
        if case.usable(server):
            return server
        if not case.misses(server) and not unseen(case, server):
            return None
    return None


def hit(case: PullCase) -> str | None:
    """The mirror that must serve the pull, if it is a mirror."""
    server = first_server(case)
    return server if server in case.situation.mirrors else None


def rescued(case: PullCase, after: str) -> bool:
    """Whether an endpoint behind ``after`` could serve the pull, however the daemon treats plain HTTP."""
    position = case.situation.endpoints.index(after)
    left = case.situation.endpoints[position + 1 :]
    return any(case.usable(server) and server not in case.situation.plain for server in left)


def offered(case: PullCase) -> frozenset[str]:
    """The images that any endpoint means by what was asked for."""
    return frozenset(image for server in case.situation.endpoints if (image := case.image_at(server)))


def variant(case: PullCase, *words: str) -> str:
    """The kind of a case: some words, and whether it has to do with capitals or with plain HTTP."""
    capitals = (CAPITALS,) if any(map(in_capitals, case.situation.configured)) else ()
    return ", ".join((*words, *capitals, *((PLAIN_HTTP,) if case.situation.plain else ())))


def in_capitals(url: str) -> bool:
    """Whether a URL's scheme is written in capitals, which is as good (RFC 3986, section 3.1)."""
    scheme = url.partition(":")[0]
    return scheme != scheme.lower()


def brought_what_was_offered(case: PullCase) -> bool:
    return case.outcome.result == "ok" and case.got() in offered(case)


def how_it_failed(case: PullCase) -> str:
    """What became of a pull that did not bring what it should, as the end of a sentence."""
    if case.outcome.result != "ok":
        return f"failed: {case.outcome.error}"
    local = case.outcome.image
    if local is None:
        return "is said to have succeeded, and there is no image"
    return f"left something that is no image: {local.problem}" if local.problem else "brought another image"
