"""The request and the response that pass between a server and the sans-IO core."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from simulator.filed import Data

Headers = tuple[tuple[str, str], ...]

Scheme = Literal["http", "https"]
DeliveryKind = Literal[
    "whole",
    "hang",
    "reset",
    "truncate",
    "slow",
    "close",
    "garbage",
    "slow-headers",
    "endless-headers",
    "endless-body",
    "wrong-length",
    "two-lengths",
]
Arrival = Literal["whole", "broken-off", "too-large"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a server puts a response on the wire.

    ``whole`` sends it as it is; ``hang`` never answers; ``reset`` aborts the connection after
    ``after`` body bytes (with ``after`` = -1 before the status line); ``truncate`` closes the
    connection in good order after ``after`` body bytes; ``slow`` spreads the body over ``seconds``.

    The rest is below HTTP, and ends with the connection. ``close`` closes it before the answer; ``garbage`` sends
    ``size`` bytes that follow from ``seed``; ``slow-headers`` spreads the head over ``seconds``;
    ``endless-headers`` and ``endless-body`` give up after ``size`` bytes; ``wrong-length`` sends a body that is not
    as long as the head says, and where that is too short, waits; ``two-lengths`` tells a second length, that differs
    from the first by ``by``.
    """

    kind: DeliveryKind = "whole"
    after: int = -1
    seconds: float = 0.0
    size: int = 0
    seed: str = ""
    by: int = 0


WHOLE = Delivery()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it arrived. Header names are in lower case.

    ``arrival`` tells of the body: all of it came; the client went away before all of it had come; or there was
    no room for it, and ``body`` is empty.
    """

    method: str
    host: str
    path: str
    query: str = ""
    headers: Headers = ()
    client: str = ""
    body: Data = b""
    scheme: Scheme = "https"
    arrival: Arrival = "whole"

    def header(self, name: str) -> str:
        """The value of a header (several joined by a comma, RFC 9110 section 5.3), or ``""``."""
        return _joined([value for key, value in self.headers if key == name])


class Arriving(Protocol):
    """A body that is still arriving from elsewhere. Its last piece is not available before all of it was found to be
    right, so that what failed never looks complete. To read it leaves no trace: a reader may go at any time.
    """

    @property
    def ended(self) -> bool:
        """Whether nothing more will come. If it did not fail, all of it is available then."""

    @property
    def failed(self) -> bool:
        """Whether it will never be complete: whoever has sent a part of it must break off."""

    def available(self, offset: int) -> bytes:
        """The next bytes from an offset on that may be sent, not necessarily all; none where there are none yet."""

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        """Have something called whenever more may be available or the body has ended. The result ends that."""


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response, and how it is to be delivered. For HEAD the body is kept out of it, while
    ``Content-Length`` still tells the length that a GET would have.

    With a ``fill`` the body comes from there, as it arrives; without ``Content-Length`` its length is not known.
    """

    status: int
    headers: Headers = ()
    body: Data = b""
    delivery: Delivery = WHOLE
    fill: Arriving | None = None

    def header(self, name: str) -> str:
        """The value of a header, looked up without regard to case, or ``""``."""
        wanted = name.lower()
        return _joined([value for key, value in self.headers if key.lower() == wanted])


def _joined(values: list[str]) -> str:
    return values[0] if len(values) == 1 else ", ".join(values)
