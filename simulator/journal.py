"""The journal: every exchange on every server, in one order."""

from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from simulator.arrangement import Stage
from simulator.bounds import STANDARD
from simulator.messages import Response, Scheme

CredentialsKind = Literal["none", "basic", "bearer", "other"]


@dataclass(frozen=True, slots=True)
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


@dataclass(slots=True)
class Entry:
    """An exchange's place in the journal of its time: it cannot end in a later journal, nor in none."""

    _exchange: Exchange
    _end: tuple[float, int] | None = field(default=None, init=False)

    @property
    def exchange(self) -> Exchange:
        """The exchange as it stands."""
        if self._end:
            ended, sent = self._end
            self._exchange, self._end = replace(self._exchange, ended=ended, sent=sent), None
        return self._exchange

    def answer(self, told: Exchange) -> None:
        """Write down what the exchange is answered with, once that is known. It keeps its place and its beginning."""
        before = self._exchange
        self._exchange = replace(told, seq=before.seq, began=before.began)

    def end(self, now: float, sent: int) -> None:
        """Write down when the exchange ended and how many body bytes had left by then."""
        self._end = now, sent


class Journal:
    """The exchanges since the last arrangement, in the order of their arrival, and what went wrong in the
    simulator itself meanwhile. Of more than ``most`` exchanges the first are forgotten.
    """

    def __init__(self, most: int = STANDARD.exchanges) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)
        self._length = 0
        self.errors: list[str] = []

    def __len__(self) -> int:
        """How many exchanges there were, the forgotten ones included."""
        return self._length

    @property
    def forgotten(self) -> int:
        """How many exchanges were forgotten: those with a smaller ``seq`` than this."""
        return self._length - len(self._entries)

    def since(self, mark: int = 0) -> tuple[Exchange, ...]:
        """The exchanges from ``mark`` on that are not forgotten: those that arrived after the journal had this
        length.
        """
        entries = islice(self._entries, max(mark - self.forgotten, 0), None)
        return tuple(entry.exchange for entry in entries)

    def at(self, seq: int) -> Exchange:
        """The exchange with this ``seq``, as it stands, unless it was forgotten."""
        return self._entries[seq - self.forgotten].exchange

    def begin(self, exchange: Exchange) -> Entry:
        """Write an exchange down. Its ``seq`` must be the journal's length."""
        entry = Entry(exchange)
        self._entries.append(entry)
        self._length += 1
        return entry

    def end(self, seq: int, now: float, sent: int) -> None:
        """As Entry.end, for the exchange with this ``seq``."""
        self._entries[seq - self.forgotten].end(now, sent)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and the journal's entry to end once the answer has left."""

    response: Response
    entry: Entry
