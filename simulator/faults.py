"""Which fault strikes an exchange, and what becomes of the answer."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from simulator.arrangement import Fault, FaultKind, Stage
from simulator.messages import Delivery, Response
from simulator.registry import answers

CONNECTION_KINDS: frozenset[FaultKind] = frozenset({"refuse", "dns", "untrusted"})
"""The kinds that strike a whole server, before any exchange."""

SPOILING: tuple[FaultKind, ...] = ("slow", "truncate", "reset", "corrupt")
"""The kinds that need the body of the answer that they spoil."""

_STAGES_OF: Mapping[str, tuple[Stage, ...]] = {
    "manifest": ("manifest-by-tag", "manifest-by-digest"),
    "blob": ("config", "layer", "blob"),
}
_OCTETS = "application/octet-stream"
_DIGIT_OF_A_DIGEST = re.compile(rb"sha256:[a-f]*([0-9])")


def matches(fault: Fault, stage: Stage, method: str) -> bool:
    """Whether a fault is about exchanges at this stage with this method."""
    if fault.kind in CONNECTION_KINDS or fault.method not in ("", method):
        return False
    return fault.at == "any" or stage in _STAGES_OF.get(fault.at, (fault.at,))


def in_force(fault: Fault, now: float) -> bool:
    """Whether this is the time of a fault."""
    return fault.since <= now and (fault.until is None or now < fault.until)


def can_strike(fault: Fault, response: Response) -> bool:
    """Whether an answer has what the fault would spoil: content, a digest or a type in its headers."""
    if fault.kind in ("status", "redirect", "reset", "hang"):
        return True
    if response.status // 100 != 2:
        return False
    if fault.kind == "wrong-digest":
        return bool(response.header("docker-content-digest"))
    if fault.kind == "wrong-type":
        return response.header("content-type") not in ("", _OCTETS)
    return fault.kind == "slow" or bool(response.body)


def forestalls(fault: Fault) -> bool:
    """Whether a fault keeps a request from what would have answered it, rather than spoil the answer."""
    return fault.kind in ("status", "redirect", "hang") or (fault.kind == "reset" and fault.after < 0)


def effect(fault: Fault, response: Response) -> Response:
    """What is answered instead of ``response``. It may have a body even where that has none."""
    return _EFFECTS[fault.kind](fault, response)


def _status(fault: Fault, _: Response) -> Response:
    if fault.status in (204, 304):
        return Response(fault.status, (answers.API_VERSION,))
    return answers.body(fault.status, fault.body.encode(), fault.content_type, (answers.API_VERSION,))


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
}


@dataclass
class _Counted:
    fault: Fault
    seen: int = 0

    def takes(self) -> bool:
        """Count one more exchange that could be struck, and tell whether it is."""
        number, self.seen = self.seen, self.seen + 1
        first = self.fault.skip
        return number >= first and (self.fault.times is None or number < first + self.fault.times)


class Faults:
    """The faults of one server, each with the count of the exchanges it has seen.

    Of several that would strike an exchange the first added does; those after it do not see the exchange.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._counted = [_Counted(fault) for fault in faults]

    def add(self, fault: Fault) -> None:
        self._counted.append(_Counted(fault))

    def has(self, kind: FaultKind, now: float) -> bool:
        return any(counted.fault.kind == kind and in_force(counted.fault, now) for counted in self._counted)

    def next_turn(self, now: float) -> float | None:
        """When the next fault begins or ends, if one does."""
        turns = [turn for counted in self._counted for turn in (counted.fault.since, counted.fault.until)]
        return min((turn for turn in turns if turn is not None and turn > now), default=None)

    def striking(self, stage: Stage, method: str, response: Response, now: float) -> Fault | None:
        """The fault that strikes this exchange, if any. Counts the exchange."""
        for counted in self._counted:
            fault = counted.fault
            if not in_force(fault, now) or not matches(fault, stage, method):
                continue
            if can_strike(fault, response) and counted.takes():
                return fault
        return None
