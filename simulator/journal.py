"""The journal: every exchange on every server, in one order."""

from dataclasses import dataclass, replace
from typing import Literal

from simulator.arrangement import Stage
from simulator.messages import Response, Scheme

CredentialsKind = Literal["none", "basic", "bearer", "other"]


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it. Never holds a secret, only the kind of credentials.

    ``seq`` orders all exchanges of all servers by arrival. ``began`` and ``ended`` are seconds of one
    monotonic clock; ``ended`` is ``None`` while the exchange is under way (and for a hang, for ever).
    ``length`` is the body length that the answer announced, ``sent`` the body bytes that left.
    ``role`` and ``image`` name the object asked for, where an image of the arrangement has it.
    ``status`` and ``length`` are 0 until it is known what to answer.
    ``fault`` is the kind of the fault that struck, or ``""``, and ``fault_name`` which of the server's it was (see
    Fault.name). ``account`` is the one of Hub's that the
    credentials were found to be of, or ``""``.
    """

    seq: int
    began: float
    ended: float | None
    server: str
    host: str
    client: str
    method: str
    target: str
    stage: Stage
    repository: str
    reference: str
    role: str
    image: str
    namespace: str
    user_agent: str
    credentials: CredentialsKind
    status: int
    length: int
    sent: int
    fault: str
    scheme: Scheme = "https"
    account: str = ""
    fault_name: str = ""


class Journal:
    """All exchanges since the last arrangement, in the order of their arrival, and what went wrong in the
    simulator itself meanwhile.
    """

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self.errors: list[str] = []

    def __len__(self) -> int:
        return len(self._exchanges)

    def since(self, mark: int = 0) -> tuple[Exchange, ...]:
        """The exchanges from ``mark`` on: those that arrived after the journal had this length."""
        return tuple(self._exchanges[mark:])

    def at(self, seq: int) -> Exchange:
        """The exchange with this ``seq``, as it stands."""
        return self._exchanges[seq]

    def begin(self, exchange: Exchange) -> "Entry":
        """Write an exchange down. Its ``seq`` must be the journal's length."""
        self._exchanges.append(exchange)
        return Entry(self, exchange.seq)

    def answer(self, seq: int, told: Exchange) -> None:
        """Write down what an exchange is answered with, once that is known. It keeps its place and its beginning."""
        before = self._exchanges[seq]
        self._exchanges[seq] = replace(told, seq=seq, began=before.began)

    def end(self, seq: int, now: float, sent: int) -> None:
        """Write down when an exchange ended and how many body bytes had left by then."""
        self._exchanges[seq] = replace(self._exchanges[seq], ended=now, sent=sent)


@dataclass(frozen=True, slots=True)
class Entry:
    """An exchange's place in the journal of its time: it cannot end in a later journal."""

    journal: Journal
    seq: int

    def answer(self, told: Exchange) -> None:
        self.journal.answer(self.seq, told)

    def end(self, now: float, sent: int) -> None:
        self.journal.end(self.seq, now, sent)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and the journal's entry to end once the answer has left."""

    response: Response
    entry: Entry
