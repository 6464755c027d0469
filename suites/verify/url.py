"""What is to be said of one mirror's URL: whether a dockerd takes it, and whether it is asked where it is.

Each daemon of the lab was started with each kind of URL.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import SplitResult, urlsplit

from suites.verify.clients import client_of
from suites.verify.facts import Code, Kind, Remark, Severity
from suites.verify.mirrors import is_insecure, is_loopback
from suites.verify.versions import is_older

HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.docker.io", "hub.docker.com"})

_ALLOWS_PATHS = (26,)
_JOINS_PATHS = (28,)
_WANTS_SLASHES = (28,)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PORT = re.compile(r"(:[0-9]*)?")
_FORBIDDEN_IN_A_HOST = re.compile(r"[\x00-\x20\x7f\\^`{|}]|%[0-7][0-9A-Fa-f]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WRITE = "Write https://, the host, and a port if it is not 443: https://mirror.example."


def remarks_on(url: str, kind: Kind, insecure: Sequence[str] = ()) -> Iterator[Remark]:
    """What is to be said of a mirror, wherever it stands. ``insecure`` are the daemon's insecure registries."""
    if fault := _fault(url, kind):
        yield fault
        return
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    yield from _not_as_written(url, parts, kind)
    if host in HUB:
        yield _remark(
            url,
            "mirror-is-hub",
            "warning",
            f"{host} is Docker Hub itself: as a mirror it is asked first, and then once more as Docker Hub.",
            "Take it out: Docker Hub is always asked last.",
        )
    if is_loopback(host):
        yield _remark(
            url,
            "mirror-on-loopback",
            "note",
            f"{host} means the machine on which the daemon runs, which may be a virtual one, or none of yours.",
            "Make sure that the mirror runs beside the daemon.",
        )
    elif parts.scheme == "http":
        yield _remark(
            url,
            "mirror-in-plain-http",
            "warning",
            "The mirror is asked in plain HTTP: whoever is on the way can answer for a tag with another image.",
            "Give it a certificate, and write https://.",
        )
    elif is_insecure(parts.netloc, _read_by(kind, insecure)):
        yield _remark(
            url,
            "mirror-insecure",
            "warning",
            "The mirror is one of `insecure-registries`: the daemon takes any certificate, or none.",
            "Give it a certificate that the daemon's host trusts, and take it out of `insecure-registries`.",
        )


def _read_by(kind: Kind, insecure: Sequence[str]) -> list[str]:
    """The entries of ``insecure-registries`` that this daemon heeds for mirrors: not each takes networks."""
    return [entry for entry in insecure if "/" not in entry or client_of(kind).client.reads_networks]


def asked_at(path: str, kind: Kind) -> str:
    """Where a daemon looks for a mirror's API, if the mirror's URL has this path (without a slash at the end)."""
    if kind.store == "containerd" and is_older(kind.version, _JOINS_PATHS):
        return f"/v2{path}/"
    if kind.store == "containerd" and path.endswith("/v2"):
        return f"{path}/"
    return f"{path}/v2/"


def _fault(url: str, kind: Kind) -> Remark | None:
    """The first thing that makes a mirror unusable, in the order in which a dockerd looks."""
    return _no_url(url, kind) or _refused_part(url, kind) or _nowhere(url)


def _no_url(url: str, kind: Kind) -> Remark | None:
    if not url.strip():
        return _refused(url, "mirror-empty", "The mirror is empty", "Take it out, or write its URL.")
    scheme, slashes, rest = url.partition("://")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in url):
        return _refused(url, "mirror-is-no-url", "The mirror holds a control character", _WRITE)
    if not slashes:
        shown = is_older(kind.version, _WANTS_SLASHES) and url.lower().startswith(("http:", "https:"))
        return _refused(url, "mirror-without-scheme", "The mirror has no scheme", _WRITE, stops=not shown)
    if not _SCHEME.fullmatch(scheme):
        return _refused(url, "mirror-is-no-url", "The mirror is no URL", _WRITE)
    if scheme.lower() not in {"http", "https"}:
        return _refused(url, "mirror-with-wrong-scheme", f"The mirror's scheme is {scheme}", _WRITE)
    try:
        urlsplit(url)
    except ValueError:
        return _refused(url, "mirror-is-no-url", "The mirror is no URL", _WRITE)
    if _is_no_host(_host(rest)) or _BAD_ESCAPE.search(url):
        return _refused(url, "mirror-is-no-url", "The mirror has a character where none may be", _WRITE)
    return None


def _refused_part(url: str, kind: Kind) -> Remark | None:
    parts = urlsplit(url)
    if parts.query:
        return _refused(url, "mirror-with-query", "The mirror has a query", "Take out what begins with ?.")
    if parts.fragment:
        return _refused(url, "mirror-with-fragment", "The mirror has a fragment", "Take out what begins with #.")
    if "@" in parts.netloc:
        return _refused(
            url,
            "mirror-with-credentials",
            "The mirror has a user name or a password in it",
            "Take them out, and change the password. No dockerd has credentials of a mirror's own.",
        )
    if parts.path not in ("", "/") and is_older(kind.version, _ALLOWS_PATHS):
        return _refused(url, "mirror-with-path", "The mirror has a path", "Take it out; newer versions take it.")
    return None


def _nowhere(url: str) -> Remark | None:
    """What a dockerd takes, and nothing can be asked at."""
    host = urlsplit(url).netloc
    port = host.rpartition("]")[2].rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""
    if "," in host:
        advice = 'Write each as a string, or an option, of its own: ["https://a.example", "https://b.example"].'
        return _refused(url, "mirror-with-comma", "The mirror is several in one", advice, stops=False)
    if not host or host.startswith(":"):
        return _refused(url, "mirror-without-host", "The mirror has no host", _WRITE, stops=False)
    if url.endswith(("?", "#")):
        return _refused(url, "mirror-with-query", f"The mirror ends in {url[-1]}", "Take it out.", stops=False)
    if len(port.lstrip("0")) > 5 or int(port or 0) > 65535:
        return _refused(url, "mirror-with-wrong-port", "There is no such port", _WRITE, stops=False)
    return None


def _host(rest: str) -> str:
    """The host and port of what follows a scheme."""
    return re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]


def _is_no_host(host: str) -> bool:
    """Whether Go takes this for no host and port."""
    if host.startswith("["):
        return "]" not in host or not _PORT.fullmatch(host.rpartition("]")[2])
    colon = host.rfind(":")
    return bool(_FORBIDDEN_IN_A_HOST.search(host)) or not _PORT.fullmatch(host[colon:] if colon >= 0 else "")


def _not_as_written(url: str, parts: SplitResult, kind: Kind) -> Iterator[Remark]:
    """What a dockerd takes, and asks for at another place than one would think."""
    if not url.startswith(("http://", "https://")) and kind.store == "classic":
        yield _remark(
            url,
            "mirror-with-uppercase-scheme",
            "error",
            "The scheme is not in small letters: with the classic image store, the mirror is shown and never asked.",
            f"Write {parts.scheme}://.",
        )
    path = parts.path.removesuffix("/")
    if parts.path not in ("", "/"):
        yield _remark(
            url,
            "mirror-with-path",
            "warning",
            f"The mirror has a path: this daemon looks for its API at {asked_at(path, kind)}, and others elsewhere.",
            "Give the mirror a host name of its own, and write no path.",
        )


def _refused(url: str, code: Code, why: str, advice: str, *, stops: bool = True) -> Remark:
    end = "and dockerd refuses to start with it." if stops else "and dockerd shows it, and asks nobody."
    return replace(_remark(url, code, "error", f"{why}, {end}", advice), stops=stops)


def _remark(url: str, code: Code, severity: Severity, sentence: str, advice: str) -> Remark:
    return Remark(code, severity, sentence, advice, mirror=url)
