"""Which fault strikes an exchange, and what becomes of the answer."""

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from simulator.arrangement import Fault, FaultKind, Stage
from simulator.messages import Delivery, Response
from simulator.registry import answers, names
from simulator.registry.store import role_matches

HANDSHAKE_KINDS: frozenset[FaultKind] = frozenset({"half-handshake", "tls-alert"})
"""The kinds that strike where TLS begins."""

CONNECTION_KINDS: frozenset[FaultKind] = HANDSHAKE_KINDS | {"refuse", "dns", "untrusted"}
"""The kinds that strike a whole server, before any exchange."""

SPOILING: tuple[FaultKind, ...] = (
    "slow",
    "truncate",
    "reset",
    "corrupt",
    "slow-headers",
    "endless-body",
    "wrong-length",
    "two-lengths",
)
"""The kinds that need the body of the answer that they spoil."""

DELAYS: frozenset[FaultKind] = frozenset({"slow", "slow-headers"})
"""The kinds that let everything happen, if late."""

LARGEST = 1 << 30
"""Bytes that a fault sends at most."""

LONGEST = 3600
"""Seconds that a fault takes at most."""

_UNANSWERED: frozenset[FaultKind] = frozenset({"status", "redirect", "hang", "close", "garbage", "endless-headers"})
_GARBAGE, _ENDLESS = 1 << 10, 1 << 26
_STAGES_OF: Mapping[str, tuple[Stage, ...]] = {
    "manifest": ("manifest-by-tag", "manifest-by-digest"),
    "blob": ("config", "layer", "blob"),
}
_OCTETS = "application/octet-stream"
_DIGIT_OF_A_DIGEST = re.compile(rb"sha256:[a-f]*([0-9])")
_ROLE = re.compile(r"(?:[^:]+/[^:]+:)?(?:index|manifest|config|layer:\d+)")
_SELECTORS = ("repository", "reference", "role", "client", "account")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an exchange is about, and whose it is: what a fault selects by."""

    stage: Stage
    method: str
    repository: str = ""
    reference: str = ""
    role: str = ""
    client: str = ""
    account: str = ""


def matches(fault: Fault, subject: Subject) -> bool:
    """Whether a fault is about an exchange."""
    if fault.kind in CONNECTION_KINDS or fault.method not in ("", subject.method):
        return False
    if fault.at != "any" and subject.stage not in _STAGES_OF.get(fault.at, (fault.at,)):
        return False
    return (
        fault.account in ("", subject.account)
        and (not fault.repository or fnmatchcase(subject.repository, fault.repository))
        and (not fault.reference or fnmatchcase(subject.reference, fault.reference))
        and (not fault.role or role_matches(subject.role, fault.role))
        and (not fault.client or _is_in(subject.client, fault.client))
    )


def in_force(fault: Fault, now: float) -> bool:
    """Whether this is the time of a fault."""
    return fault.since <= now and (fault.until is None or now < fault.until)


def can_strike(fault: Fault, response: Response) -> bool:
    """Whether an answer has what the fault would spoil: content, a length, a digest or a type in its headers."""
    if fault.kind in _UNANSWERED or fault.kind in ("reset", "slow-headers"):
        return True
    if response.status // 100 != 2:
        return False
    if fault.kind == "wrong-digest":
        return bool(response.header("docker-content-digest"))
    if fault.kind == "wrong-type":
        return response.header("content-type") not in ("", _OCTETS)
    if fault.kind in ("wrong-length", "two-lengths"):
        return response.header("content-length") not in ("", "0")
    return fault.kind == "slow" or bool(response.body)


def forestalls(fault: Fault) -> bool:
    """Whether a fault keeps a request from what would have answered it, rather than spoil the answer."""
    return fault.kind in _UNANSWERED or (fault.kind == "reset" and fault.after < 0)


def problem(fault: Fault) -> str:
    """Why there cannot be such a fault, as the end of a sentence that begins with it; ``""`` where there can."""
    return next((sentence for is_wrong, sentence in _problems(fault) if is_wrong), "")


def _problems(fault: Fault) -> Iterator[tuple[bool, str]]:
    kind = fault.kind
    if kind == "status":
        yield not 200 <= fault.status <= 599, f"needs a status from 200 to 599, not {fault.status}"
    if kind == "redirect":
        yield not fault.location, "needs a location"
        wrong = bool(fault.status) and not 300 <= fault.status <= 399
        yield wrong, f"needs a status from 300 to 399, not {fault.status}"
    if kind in DELAYS:
        yield not 0 < fault.seconds <= LONGEST, f"needs seconds from 0 to {LONGEST}, not {fault.seconds}"
    if kind == "wrong-length":
        yield fault.by == 0, "would tell the right length; give a 'by' that is not 0"
    yield fault.size is not None and not 1 <= fault.size <= LARGEST, f"needs a size from 1 to {LARGEST} bytes"
    yield abs(fault.by) > LARGEST, f"needs a 'by' from -{LARGEST} to {LARGEST}"
    yield not 0 <= fault.alert <= 255, f"needs an alert from 0 to 255, not {fault.alert}"
    negative = fault.skip < 0 or (fault.times is not None and fault.times < 0)
    yield negative, "cannot skip or strike a negative number of times"
    yield not 0 <= fault.since < math.inf, f"cannot begin at {fault.since} s"
    backwards = fault.until is not None and not fault.since < fault.until
    yield backwards, f"ends at {fault.until} s, which is not after its begin at {fault.since} s"
    headers = fault.location + fault.content_type + fault.challenge
    strange = any(ord(character) < 32 or ord(character) > 255 for character in headers)
    yield strange, "has a header with a character that HTTP does not allow"
    yield from _problems_of_selectors(fault)


def _problems_of_selectors(fault: Fault) -> Iterator[tuple[bool, str]]:
    if fault.kind in CONNECTION_KINDS:
        given = next((name for name in _SELECTORS if getattr(fault, name)), "")
        yield bool(given), f"strikes the whole server; take its {given!r} away"
        yield fault.probability != 1, "strikes the whole server; take its 'probability' away"
    chance = fault.probability
    yield not 0 < chance <= 1, f"needs a probability above 0 and up to 1, not {chance}"
    repository = fault.repository
    wrong = bool(repository) and not names.is_repository(repository.replace("*", "x"))
    yield wrong, f"selects the repository {repository!r}, which is neither a name nor a pattern like 'library/*'"
    role = fault.role
    yield bool(role) and not _ROLE.fullmatch(role), f"selects the role {role!r}; one is written like 'layer:0'"
    account = fault.account
    yield bool(account) and not names.is_account(account), f"selects {account!r}, which is not the name of an account"
    client = fault.client
    wrong = bool(client) and _network(client) is None
    yield wrong, f"selects the client {client!r}, which is neither an address nor a network like '10.0.0.0/8'"


@lru_cache(maxsize=256)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_in(client: str, network: str) -> bool:
    """Whether a client's address is in a network, or is that address. One of IPv4 may be written as IPv6."""
    try:
        address = ip_address(client)
    except ValueError:
        return False
    within = _network(network)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return within is not None and address in within


def effect(fault: Fault, response: Response) -> Response:
    """What is answered instead of ``response``. It may have a body even where that has none."""
    return _EFFECTS[fault.kind](fault, response)


def _status(fault: Fault, _: Response) -> Response:
    if fault.status in (204, 304):
        return Response(fault.status, (answers.API_VERSION,))
    challenge = (("Www-Authenticate", fault.challenge),) if fault.challenge else ()
    return answers.body(fault.status, fault.body.encode(), fault.content_type, (answers.API_VERSION, *challenge))


def _redirect(fault: Fault, _: Response) -> Response:
    return answers.redirect(fault.location, fault.status or 307)


def _reset(fault: Fault, response: Response) -> Response:
    after = min(fault.after, len(response.body) - 1)
    delivery = Delivery("reset", after)
    return Response(0, delivery=delivery) if after < 0 else replace(response, delivery=delivery)


def _hang(_: Fault, __: Response) -> Response:
    return Response(0, delivery=Delivery("hang"))


def _slow(fault: Fault, response: Response) -> Response:
    return replace(response, delivery=Delivery("slow", seconds=fault.seconds))


def _close(_: Fault, __: Response) -> Response:
    return Response(0, delivery=Delivery("close"))


def _garbage(fault: Fault, _: Response) -> Response:
    return Response(0, delivery=Delivery("garbage", size=fault.size or _GARBAGE, seed=fault.seed))


def _slow_headers(fault: Fault, response: Response) -> Response:
    return replace(response, delivery=Delivery("slow-headers", seconds=fault.seconds))


def _endless_headers(fault: Fault, _: Response) -> Response:
    return Response(200, (answers.API_VERSION,), delivery=Delivery("endless-headers", size=fault.size or _ENDLESS))


def _endless_body(fault: Fault, response: Response) -> Response:
    headers = tuple(header for header in response.headers if header[0].lower() != "content-length")
    chunked = (*headers, ("Transfer-Encoding", "chunked"))
    return replace(response, headers=chunked, delivery=Delivery("endless-body", size=fault.size or _ENDLESS))


def _wrong_length(fault: Fault, response: Response) -> Response:
    wrong = max(int(response.header("content-length")) + fault.by, 0)
    return replace(_with_header(response, "Content-Length", str(wrong)), delivery=Delivery("wrong-length"))


def _two_lengths(fault: Fault, response: Response) -> Response:
    return replace(response, delivery=Delivery("two-lengths", by=fault.by))


def _truncate(fault: Fault, response: Response) -> Response:
    size = len(response.body)
    after = min(fault.after, size - 1) if fault.after >= 0 else size // 2
    return replace(response, delivery=Delivery("truncate", after))


def _corrupt(_: Fault, response: Response) -> Response:
    """Flip a bit: in JSON that of a digest's digit, so that the document can still be read and only
    checking its own digest shows what happened; else in the middle.
    """
    data = bytearray(response.body)
    digit = _DIGIT_OF_A_DIGEST.search(response.body)
    data[digit.start(1) if digit else len(data) // 2] ^= 1
    return replace(response, body=bytes(data))


def _wrong_digest(_: Fault, response: Response) -> Response:
    wrong = hashlib.sha256(response.header("docker-content-digest").encode()).hexdigest()
    return _with_header(response, "Docker-Content-Digest", "sha256:" + wrong)


def _wrong_type(_: Fault, response: Response) -> Response:
    return _with_header(response, "Content-Type", _OCTETS)


def _with_header(response: Response, name: str, value: str) -> Response:
    return replace(response, headers=tuple((key, value if key == name else old) for key, old in response.headers))


_EFFECTS: Mapping[FaultKind, Callable[[Fault, Response], Response]] = {
    "status": _status,
    "redirect": _redirect,
    "reset": _reset,
    "hang": _hang,
    "slow": _slow,
    "truncate": _truncate,
    "corrupt": _corrupt,
    "wrong-digest": _wrong_digest,
    "wrong-type": _wrong_type,
    "close": _close,
    "garbage": _garbage,
    "slow-headers": _slow_headers,
    "endless-headers": _endless_headers,
    "endless-body": _endless_body,
    "wrong-length": _wrong_length,
    "two-lengths": _two_lengths,
}


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that strikes an exchange, and what the journal calls it."""

    fault: Fault
    name: str


@dataclass
class _Counted:
    """A fault, with the number of the exchanges that it could have struck and that of those it did."""

    strike: Strike
    seen: int = 0
    struck: int = 0

    @property
    def fault(self) -> Fault:
        return self.strike.fault

    def takes(self) -> bool:
        """Count one more exchange that could be struck, and tell whether it is."""
        fault = self.fault
        self.seen += 1
        if self.seen <= fault.skip or (fault.times is not None and self.struck >= fault.times):
            return False
        if not _is_drawn(fault, self.seen):
            return False
        self.struck += 1
        return True


def _is_drawn(fault: Fault, number: int) -> bool:
    """Whether the draw for the exchange of this number is to strike it. It is the same at every play."""
    if fault.probability == 1:
        return True
    drawn = int.from_bytes(hashlib.sha256(f"{fault.seed} {number}".encode()).digest()[:8])
    return drawn < fault.probability * (1 << 64)


class Faults:
    """The faults of one server, each with the count of the exchanges it has seen.

    Of several that would strike an exchange the first added does; those after it do not see the exchange.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._counted: list[_Counted] = []
        self._number = 0
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        self._number += 1
        self._counted.append(_Counted(Strike(fault, fault.name or f"{fault.kind}-{self._number}")))

    def heal(self) -> None:
        """Take all faults away. Later ones are numbered on, so that no name is that of two."""
        self._counted.clear()

    def has(self, kind: FaultKind, now: float) -> bool:
        return self.first((kind,), now) is not None

    def first(self, kinds: Iterable[FaultKind], now: float) -> Fault | None:
        """The first fault of these kinds that is in force, if any."""
        wanted = frozenset(kinds)
        faults = (counted.fault for counted in self._counted)
        return next((fault for fault in faults if fault.kind in wanted and in_force(fault, now)), None)

    def next_turn(self, now: float) -> float | None:
        """When the next fault begins or ends, if one does."""
        turns = [turn for counted in self._counted for turn in (counted.fault.since, counted.fault.until)]
        return min((turn for turn in turns if turn is not None and turn > now), default=None)

    def striking(self, subject: Subject, response: Response, now: float) -> Strike | None:
        """The fault that strikes this exchange, if any. Counts the exchange."""
        for counted in self._counted:
            fault = counted.fault
            if not in_force(fault, now) or not matches(fault, subject):
                continue
            if can_strike(fault, response) and counted.takes():
                return counted.strike
        return None
