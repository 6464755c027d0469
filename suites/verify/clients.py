"""What each dockerd does in a pull that others do not: data, as the lab has shown it (docs/findings.md).

A daemon with the classic image store pings an endpoint and takes the whole image from it; whatever goes wrong there, it
begins again at the next. With the containerd image store each request begins again at the first mirror, and whoever
knows the tag first decides which image is meant. What a mirror does badly is named as ``probe.Problem`` names it.
"""

import re
from dataclasses import dataclass, replace
from typing import Literal

from suites.verify.facts import Kind

Fate = Literal["next", "fails", "waits", "used"]
"""What a daemon does about an answer that is not as it should be: ask the next endpoint, let the pull fail, wait for
ever, or use what it got all the same."""

OUTRIGHT = (
    "dns", "lookup", "proxy", "refused", "unreachable", "untrusted", "tls", "reset", "malformed", "redirect", "status",
    "unauthorized",
)  # fmt: skip
"""Problems of an answer that no daemon takes for one."""

_SPOILT = ("cut-short", "wrong-content", "not-a-registry")


@dataclass(frozen=True, slots=True)
class Client:
    """How a dockerd asks, and what it does about each problem at each stage.

    ``fates`` has the stage (``name`` is the request by tag, ``manifest``, ``config`` and ``layer`` those by digest)
    and the problem; what is not named there sends a daemon to the next endpoint.
    """

    name: str
    whole: bool
    """One endpoint gives all of an image; else each request is answered by whoever can."""
    fates: dict[tuple[str, str], Fate]
    plain_http: bool = True
    """Asks a mirror of an ``http://`` URL in plain HTTP; else in HTTPS."""
    keeps: frozenset[str] = frozenset()
    """Of what an endpoint gave before it failed, these are not asked for again at the next, where one must give all."""
    asks_tag_again: bool = False
    """Asks for a manifest by its tag, where an endpoint says that it does not know the digest that it named itself."""
    follows: bool = False
    """Asks the next endpoint what it means by a tag, where what an earlier one means cannot be had."""
    reads_certs_d: bool = True
    """Trusts a mirror that the authorities in ``/etc/docker/certs.d`` vouch for."""
    reads_networks: bool = True
    """Takes a network in ``insecure-registries`` for all mirrors in it; else it must name them one by one."""

    withheld: bool = False
    """What it does with mirrors in ``insecure-registries`` is withheld (SECURITY.md), and nobody here foretells it."""

    @property
    def falls_to_http(self) -> bool:
        """Speaks in plain HTTP with an insecure mirror that answers a TLS handshake so."""
        return not self.whole

    @property
    def pings(self) -> bool:
        """Asks for ``/v2/`` first, and lets that answer alone say how to sign in."""
        return self.whole

    def fate(self, stage: str, problem: str) -> Fate:
        """What becomes of a pull that meets a problem."""
        return self.fates.get((stage, problem), "next")


_WAITS: dict[tuple[str, str], Fate] = {(stage, "timeout"): "waits" for stage in ("name", "manifest", "config", "layer")}
_HEADER_ONLY: dict[tuple[str, str], Fate] = {
    (stage, "wrong-digest"): "used" for stage in ("manifest", "config", "layer")
}
_HEAD_UNREAD: dict[tuple[str, str], Fate] = {
    **{("name", problem): "used" for problem in ("wrong-type", "length-too-great", "length-too-small")},
    ("layer", "length-too-great"): "waits",
}
"""Of the answer to HEAD the classic image store reads nothing but the digest."""

_CLASSIC = Client(
    "classic", whole=True, fates={**_WAITS, **_HEADER_ONLY, **_HEAD_UNREAD}, keeps=frozenset({"manifest"})
)
_CLASSIC_26 = replace(_CLASSIC, name="classic, up to 26.1.5", asks_tag_again=True)
_CONTAINERD = Client(
    "containerd",
    whole=False,
    fates={
        **_WAITS,
        **_HEADER_ONLY,
        ("manifest", "wrong-type"): "used",
        ("name", "wrong-type"): "fails",
        ("name", "not-a-registry"): "fails",
        ("name", "length-too-great"): "fails",
        ("name", "length-too-small"): "fails",
        ("layer", "length-too-great"): "waits",
        ("layer", "length-too-small"): "fails",
        **{(stage, problem): "fails" for stage in ("manifest", "config", "layer") for problem in _SPOILT},
    },
)
_CONTAINERD_26 = replace(_CONTAINERD, name="containerd, 26.1.5", plain_http=False, reads_networks=False)
_CONTAINERD_28 = replace(_CONTAINERD, name="containerd, 28.5.2", reads_certs_d=False, withheld=True)
_MODEL_CLASSIC = Client("model", whole=True, fates={}, keeps=frozenset({"manifest", "config", "layer"}))
_MODEL_CONTAINERD = Client("model", whole=False, follows=True, fates={})


@dataclass(frozen=True, slots=True)
class Known:
    """A client, and whether just this version was tried in the lab."""

    client: Client
    tried: bool


TRIED = {
    "classic": ("20.10.5", "20.10.24", "26.1.5", "28.5.2"),
    "containerd": ("26.1.5", "28.5.2"),
}
"""The versions that the lab has tried, by image store."""

_OLDER = (26, 1, 5)
"""The last tried version that does what versions before 28.5.2 do; of those between nobody knows."""


def client_of(kind: Kind) -> Known:
    """What is known of a dockerd: what was seen of this version, else of the nearest one."""
    if kind.version == "model":
        return Known(_MODEL_CLASSIC if kind.store == "classic" else _MODEL_CONTAINERD, tried=True)
    tried = kind.version.partition("+")[0] in TRIED[kind.store]
    numbers = tuple(map(int, re.findall(r"\d+", kind.version)[:3]))
    older = bool(numbers) and numbers <= _OLDER
    if kind.store == "classic":
        return Known(_CLASSIC_26 if older else _CLASSIC, tried)
    return Known(_CONTAINERD_26 if older else _CONTAINERD_28, tried)
