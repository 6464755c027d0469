"""What answers by asking others: a program yields what it wants of the world outside, and is sent what came of it.

Programs hold the decisions and no sockets. Whoever drives one (a server over HTTP, a test by calling Hub's core)
does what it yields and sends a :class:`Given` back, until it returns. Programs of one server may be driven side by
side, each a step at a time.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from simulator.messages import Request, Response


class Sink(Protocol):
    """Where the body of an answer goes while it is still arriving."""

    def write(self, piece: bytes) -> None:
        """Take the next piece of the body in."""

    def finish(self) -> None:
        """The body is complete: it may be checked and kept."""

    def fail(self) -> None:
        """The body will never be complete."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that the server ``by`` makes of another registry: ``request.scheme``, ``host`` and ``path`` say of
    which, and ``request.client`` is the address that it is made from. Redirects are not followed: the program does.

    With a ``sink``, the body of a 200 goes there, and the program goes on as soon as the answer's head is there (the
    given response has no body then); where there is no 200 the sink is not touched.

    Where the head, or a further piece, takes longer than ``timeout`` seconds, the answer is given up: a problem, or
    ``sink.fail()``. So is an answer that ends before its announced length.
    """

    by: str
    request: Request
    timeout: float
    sink: Sink | None = None


class Flight:
    """Something under way that others may wait for."""

    def __init__(self) -> None:
        self.ended = False
        self._calls: list[Callable[[], None]] = []

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have something called once this has ended: at once if it has."""
        if self.ended:
            call()
        else:
            self._calls.append(call)

    def end(self) -> None:
        """It has ended, well or not. A second end changes nothing."""
        self.ended = True
        calls, self._calls = self._calls, []
        for call in calls:
            call()


@dataclass(frozen=True, slots=True)
class Wait:
    """Until what is under way at the server ``by`` has ended, well or not. The program can bear to be told so too
    early: it then does by itself what it waited for.
    """

    by: str
    flight: Flight


Effect = Ask | Wait


@dataclass(frozen=True, slots=True)
class Given:
    """What came of an effect, and when. Without a response ``problem`` says why there was none, in one sentence
    (after a ``Wait`` both are empty); ``late`` is whether it was for want of time.
    """

    now: float
    response: Response | None = None
    problem: str = ""
    late: bool = False


T = TypeVar("T")
Program = Generator[Effect, Given, T]
