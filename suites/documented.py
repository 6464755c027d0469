"""What documents say of a daemon's settings: the mirrors that they set, or why a daemon must refuse them.

The judge's own reading of daemon.json and of dockerd's arguments. It shares no code with a daemon or its model, and
says that it is not certain where no document decides.

Sources: Docker, 'dockerd', section 'Daemon configuration file' (the file is JSON; a key is a flag's name, in the plural
where it can be given several times; no option may stand in both); Docker, manual page dockerd(8), option
``--registry-mirror=<scheme>://<host>``; IETF, RFC 8259 (JSON) and RFC 3986 (URLs). Read 2026-11-24.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fixtures.scenario import Place

KEY, FLAG = "registry-mirrors", "--registry-mirror"

_EXAMPLE = """
allow-nondistributable-artifacts api-cors-header authorization-plugins bip bridge builder cgroup-parent containerd
containerd-namespace containerd-plugin-namespace data-root debug default-address-pools default-cgroupns-mode
default-gateway default-gateway-v6 default-network-opts default-runtime default-shm-size default-ulimits dns dns-opts
dns-search exec-opts exec-root experimental features fixed-cidr fixed-cidr-v6 group host-gateway-ip hosts proxies icc
init init-path insecure-registries ip ip-forward ip-masq iptables ip6tables ipv6 labels live-restore log-driver
log-format log-level log-opts max-concurrent-downloads max-concurrent-uploads max-download-attempts mtu
no-new-privileges node-generic-resources oom-score-adjust pidfile raw-logs registry-mirrors runtimes seccomp-profile
selinux-enabled shutdown-timeout storage-driver storage-opts swarm-default-advertise-addr tls tlscacert tlscert tlskey
tlsverify userland-proxy userland-proxy-path userns-remap
"""
KEYS = frozenset(_EXAMPLE.split())
"""The keys of the document's full example of a daemon.json on Linux."""

_FLAGS = {FLAG: KEY, "--label": "labels", "--insecure-registry": "insecure-registries", "--debug": "debug"}
"""The flags that are read, and the keys of the same options."""

_ALONE = frozenset({"--debug"})
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]")
_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._~-]+")
_AUTHORITY = re.compile(rf"({_HOST.pattern})(:[0-9]*)?")
_PORT = re.compile(r":[0-9]+")
_LARGEST_PORT = 65535


@dataclass(frozen=True)
class Mistake:
    """A reason to refuse settings: the rule of the catalogue that it is of, its kind in a few words, and what a
    sentence that refuses can name it by.
    """

    rule: str
    kind: str
    names: tuple[str, ...]

    @property
    def case(self) -> str:
        """The kind, with what is wrong in that way."""
        return f"mirror: {self.kind}" if self.rule == "CONFIG-8" else self.kind


@dataclass(frozen=True)
class Reading:
    """What settings mean: mirror URLs as they are written, in order, and whether a file or flags set them, or neither
    (``""``); or mistakes. ``certain``: documents decide.
    """

    mirrors: tuple[str, ...] = ()
    by: str = ""
    mistakes: tuple[Mistake, ...] = ()
    certain: bool = True


def read(file: str | None, flags: Sequence[str] = (), place: Place = "file") -> Reading:
    """What documents say of a daemon.json and of dockerd's arguments."""
    by_file, keys = _file(file, place)
    by_flag, options = _arguments(flags)
    both = sorted(keys & {_FLAGS[flag] for flag in options})
    conflicts = tuple(Mistake("CONFIG-9", "flag and file", (key,)) for key in both)
    return Reading(
        (*by_file.mirrors, *by_flag.mirrors),
        by_flag.by or by_file.by,
        (*by_file.mistakes, *by_flag.mistakes, *conflicts),
        by_file.certain and by_flag.certain,
    )


def _file(text: str | None, place: Place) -> tuple[Reading, frozenset[str]]:
    """What a file says, and the keys that it gives."""
    none: frozenset[str] = frozenset()
    if place == "directory" or (place == "elsewhere" and text is None):
        return Reading(mistakes=(Mistake("CONFIG-13", "unreadable", ("daemon.json",)),)), none
    if place == "dangling link":
        return Reading(certain=False), none
    if text is None:
        return Reading(), none
    if not text.strip() or text.startswith("\ufeff"):
        return Reading(certain=False), none
    try:
        pairs, end = _DECODER.raw_decode(text.lstrip(_WHITE))
    except (ValueError, RecursionError):
        return Reading(mistakes=(Mistake("CONFIG-13", "broken JSON", ("daemon.json",)),)), none
    if text.lstrip(_WHITE)[end:].strip(_WHITE):
        return Reading(mistakes=(Mistake("CONFIG-13", "more than JSON", ("daemon.json",)),)), none
    if pairs is None:
        return Reading(certain=False), none
    if not isinstance(pairs, _Pairs):
        return Reading(mistakes=(Mistake("CONFIG-13", "no object", ("daemon.json",)),)), none
    keys = frozenset(key for key, _ in pairs)
    unknown = tuple(
        Mistake("CONFIG-14", _misspelt(key, value), (key.strip(),)) for key, value in pairs if key not in KEYS
    )
    found = [value for key, value in pairs if key == KEY]
    reading = replace(_value(found[-1]), by="file") if found else Reading()
    unique = len(keys) == len(pairs)
    return replace(reading, mistakes=(*reading.mistakes, *unknown), certain=reading.certain and unique), keys


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON, as it is written."""


def _refuse(constant: str) -> None:
    """``NaN`` and ``Infinity`` are no JSON."""
    raise ValueError(constant)


_DECODER = json.JSONDecoder(object_pairs_hook=_Pairs, parse_constant=_refuse)
_WHITE = " \t\r\n"


def _misspelt(key: str, value: object) -> str:
    if f"--{key}" in _FLAGS:
        return "a flag's name"
    return "unknown object" if isinstance(value, _Pairs) else "unknown key"


def _value(value: object) -> Reading:
    """What the value of the key says."""
    if value is None:
        return Reading(certain=False)
    if not isinstance(value, list) or isinstance(value, _Pairs):
        kind = "object" if isinstance(value, _Pairs) else "no list"
        return Reading(mistakes=(Mistake("CONFIG-8", kind, (KEY,)),))
    return _mirrors(value)


def _mirrors(urls: Sequence[object]) -> Reading:
    readings = [_mirror(url) for url in urls]
    return Reading(
        tuple(url for reading in readings for url in reading.mirrors),
        mistakes=tuple(mistake for reading in readings for mistake in reading.mistakes),
        certain=all(reading.certain for reading in readings),
    )


def _mirror(url: object) -> Reading:
    if not isinstance(url, str):
        return Reading(mistakes=(Mistake("CONFIG-8", "not a string", (KEY, '""')),))
    kind = next(_wrong_with(url), "")
    if kind:
        host = {"user info": url.rpartition("@")[2], "slashes": url.partition(":")[2].lstrip("/")}.get(kind, url)
        return Reading(mistakes=(Mistake("CONFIG-8", kind, (host.strip() or '""',)),))
    return Reading((url,), certain=_is_certain(url))


def _wrong_with(url: str) -> Iterator[str]:
    """What of a URL is not ``<scheme>://<host>``. A slash at its end is let pass: that is how a daemon shows it. Behind
    one, a space is a path.
    """
    before, found, rest = url.partition("://")
    host = _authority(rest)
    wrong = {
        "empty": not url,
        "a space": bool(_SPACE.search(before + host)),
        "scheme": url.partition(":")[0].lower() not in {"http", "https"},
        "slashes": not found,
        "no host": not host,
        "user info": "@" in host,
        "query": "?" in url,
        "fragment": "#" in url,
        "path": rest[len(host) :] not in {"", "/"},
        "no URL": host.isascii() and "%" not in host and not _AUTHORITY.fullmatch(host),
    }
    yield from (kind for kind, so in wrong.items() if so)


def _authority(rest: str) -> str:
    """The host and port at the beginning of what follows a scheme."""
    return re.split(r"[/?#]", rest, maxsplit=1)[0]


def _is_certain(url: str) -> bool:
    """Whether documents decide that this is a URL: of international names, of no port behind a colon, and of ports that
    there cannot be, they say nothing.
    """
    host = _authority(url.partition("://")[2])
    named = _HOST.match(host)
    port = host[named.end() :] if named else "?"
    return not port or bool(_PORT.fullmatch(port) and int(port[1:]) <= _LARGEST_PORT)


def _arguments(flags: Sequence[str]) -> tuple[Reading, frozenset[str]]:
    """What arguments say, and the flags that are given."""
    urls: list[str] = []
    given: set[str] = set()
    mistakes: list[Mistake] = []
    certain = True
    left = iter(flags)
    for argument in left:
        flag, assigned, value = argument.partition("=")
        if flag not in _FLAGS:
            certain &= flag.startswith("--")
            mistakes.append(Mistake("CONFIG-14", "unknown flag", (flag.lstrip("-"),)))
            continue
        if not assigned and flag not in _ALONE:
            following = next(left, None)
            if following is None:
                mistakes.append(Mistake("CONFIG-14", "a flag without a value", (flag,)))
                continue
            value = following
        given.add(flag)
        if flag == FLAG:
            urls.append(value)
    reading = _mirrors(urls)
    return (
        Reading(
            reading.mirrors, "flag" if FLAG in given else "", (*reading.mistakes, *mistakes), certain & reading.certain
        ),
        frozenset(given),
    )
