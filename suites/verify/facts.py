"""What is known of a host's mirrors: plain values, which the parts of ``verify`` hand on to each other.

``sources`` and ``host`` find out a Setup; ``lint`` remarks on it; ``probe`` asks each mirror as the daemon would;
``predict`` says what a pull will do; ``report`` tells all of it.
"""

from dataclasses import dataclass
from typing import Literal

from fixtures.profiles import Store

Way = Literal["daemon.json", "flag", "DOCKER_OPTS", "systemd unit"]
"""The documented ways to set mirrors."""

Severity = Literal["error", "warning", "note"]
"""``error``: mirrors are not used as written. ``warning``: they are, with a risk. ``note``: worth knowing."""

Code = Literal[
    "no-mirror",
    "not-in-force",
    "not-as-expected",
    "flag-and-file",
    "unknown",
    "known-deviation",
    "mirror-empty",
    "mirror-without-scheme",
    "mirror-with-wrong-scheme",
    "mirror-with-uppercase-scheme",
    "mirror-is-no-url",
    "mirror-without-host",
    "mirror-with-wrong-port",
    "mirror-with-comma",
    "mirror-with-path",
    "mirror-with-query",
    "mirror-with-fragment",
    "mirror-with-credentials",
    "mirror-is-hub",
    "mirror-on-loopback",
    "mirror-in-plain-http",
    "mirror-insecure",
    "mirror-by-proxy",
    "mirror-repeated",
    "many-mirrors",
    "insecure-with-scheme",
    "unreadable",
    "missing-file",
    "broken-json",
    "trailing-comma",
    "wrong-type",
    "wrong-key",
    "unknown-key",
    "nested-key",
    "repeated-key",
    "empty-file",
    "byte-order-mark",
    "not-utf8",
    "text-after-json",
    "wrong-flag",
    "flag-without-value",
    "stray-argument",
    "broken-docker-opts",
    "docker-opts-unread",
    "docker-opts-otherwise",
    "docker-opts-unclear",
    "docker-opts-quotes",
    "two-commands",
    "mirror-skipped",
    "pull-fails",
    "pull-failed",
]
"""What a remark is about, in a word that never changes its meaning. docs/verify.md explains each."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Which dockerd this is. ``version`` is as ``docker version`` prints it, ``""`` where nobody knows."""

    version: str
    store: Store


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a setup that a person should know, and what to do about it."""

    code: Code
    severity: Severity
    sentence: str
    advice: str
    place: str = ""
    line: int = 0
    """Of the place, where that is a file; 0 where it is none, or no line of it is meant."""
    mirror: str = ""
    stops: bool = False
    """Whether a dockerd refuses to start with it, and a running one to reload."""


@dataclass(frozen=True, slots=True)
class Source:
    """A place that can set mirrors, and what it says. ``mirrors`` is None where it says nothing of them."""

    way: Way
    place: str
    """A path, or the command line of a process, as a person finds it."""
    mirrors: tuple[str, ...] | None = None
    insecure: tuple[str, ...] = ()
    """Hosts and networks of which the daemon checks no certificate (``insecure-registries``)."""
    problem: str = ""
    """Why it cannot be read, or why a daemon refuses it."""
    lines: tuple[int, ...] = ()
    """The line of each mirror, where the place is a file that names them."""
    remarks: tuple[Remark, ...] = ()
    """What is to be said of how it is written; of the mirrors themselves, ``lint`` does."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """Through whom a daemon asks for what begins with http:// and https://, and for which hosts it does not: as
    HTTP_PROXY, HTTPS_PROXY and NO_PROXY are written.
    """

    http: str = ""
    https: str = ""
    without: str = ""


@dataclass(frozen=True, slots=True)
class Authorities:
    """Where a daemon finds the authorities that it trusts, where it does not look in the usual places: as SSL_CERT_FILE
    and SSL_CERT_DIR are written, and the directory that stands for ``/etc/docker/certs.d``.
    """

    file: str = ""
    directories: str = ""
    certs_d: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a host sets its mirrors. ``shown`` is what the daemon's ``/info`` shows; None: no daemon was asked."""

    kind: Kind
    sources: tuple[Source, ...]
    shown: tuple[str, ...] | None = None
    insecure: tuple[str, ...] = ()
    """As the daemon has it in force, the loopback network included."""
    unknown: tuple[str, ...] = ()
    """What could not be found out, a sentence each."""
    socket: str = ""
    """Where the daemon answers on this host: a path. Empty: nowhere."""
    proxies: Proxies = Proxies()
    authorities: Authorities = Authorities()
