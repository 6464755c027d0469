"""What answers by asking others: a program yields what it wants of the world outside, and is sent what came of it.

Programs hold the decisions and no sockets. Whoever drives one (a server over HTTP, a test by calling Hub's core)
does what it yields and sends a :class:`Given` back, until it returns.
"""

from collections.abc import Generator
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
    which. Redirects are not followed: the program does.

    With a ``sink``, the body of a 200 goes there, and the program goes on as soon as the answer's head is there.
    """

    by: str
    request: Request
    sink: Sink | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Until the fetching that goes by this key (of the server ``by``) has ended, well or not."""

    by: str
    key: str


Effect = Ask | Wait


@dataclass(frozen=True, slots=True)
class Given:
    """What came of an effect, and when. Without a response ``problem`` says why there was none, in one sentence
    (after a ``Wait`` both are empty).
    """

    now: float
    response: Response | None = None
    problem: str = ""


T = TypeVar("T")
Program = Generator[Effect, Given, T]
