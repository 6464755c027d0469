"""The exchanges of a step as rows of a sequence diagram, whatever it is drawn with."""

import re
from dataclasses import dataclass, replace
from itertools import groupby

from fixtures.history import History, Outcome
from report.text import digest, inert, listed, seconds, size
from simulator.journal import Exchange

LONG = 40
"""More exchanges than this are folded."""

_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_ENDS, _AROUND = 8, 2


@dataclass(frozen=True)
class Row:
    """One exchange, or repeats of one: who asked whom for what, and what was answered.

    ``at`` is in milliseconds since the first. ``heard`` says that there was an answer.
    """

    marked: bool
    number: str
    at: str
    source: str
    server: str
    label: str
    answer: str
    heard: bool = True


@dataclass(frozen=True)
class Fold:
    """What stands for rows that are left out."""

    text: str


@dataclass(frozen=True)
class Sequence:
    """All that a drawing shows: the lanes, the daemon's first, and the rows in order."""

    daemon: str
    servers: tuple[str, ...]
    drawn: tuple[Row | Fold, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that are not left out."""
        return tuple(row for row in self.drawn if isinstance(row, Row))


def sequence(
    history: History, outcome: Outcome, marked: frozenset[int] = frozenset(), lanes: tuple[str, ...] = ()
) -> Sequence | None:
    """The exchanges that arrived while a step ran, in order; nothing, where none did.

    ``marked`` exchanges are never folded. ``lanes`` are servers to draw, in this order, even if nobody asked them
    anything.
    """
    exchanges = history.during(outcome)
    if not exchanges:
        return None
    servers = (*lanes, *sorted({inert(e.server) for e in exchanges} - set(lanes), key=_place))
    several = len(history.contents) > 1
    began = exchanges[0].began
    rows = [_row(exchange, began, exchange.seq in marked, several, history.hosts) for exchange in exchanges]
    drawn = _folded(rows) if len(rows) > LONG else rows
    return Sequence(inert(history.daemon), servers, tuple(drawn))


def terse(label: str) -> str:
    """A label without what goes without saying."""
    return label.replace("sha256:", "")


def on_the_wire(exchange: Exchange) -> str:
    """One exchange as it was on the wire, with what a rule about hosts or credentials looks at."""
    extras = [f"{exchange.credentials} credentials" if exchange.credentials != "none" else "no credentials"]
    extras += [f"ns={exchange.namespace}"] if exchange.namespace else []
    extras += exchange.user_agent.split()[:1]
    target = _DIGEST.sub(r"\1…", exchange.target)
    return inert(f"{exchange.method} {exchange.host}{target} -> {_answer(exchange)} ({', '.join(extras)})")


def _place(server: str) -> tuple[int, str]:
    """Mirrors first, then Hub, then what is not Hub."""
    return (0 if server.startswith("mirror") else 1 if server == "hub" else 2, server)


def _row(exchange: Exchange, began: float, marked: bool, several: bool, hosts: dict[str, str]) -> Row:
    return Row(
        marked=marked,
        number=str(exchange.seq),
        at=f"{(exchange.began - began) * 1000:.0f}",
        source=inert(hosts.get(exchange.client, exchange.client)),
        server=inert(exchange.server),
        label=inert(f"{exchange.method} {_asked(exchange, several)}"),
        answer=inert(_answer(exchange)),
        heard=bool(exchange.status),
    )


def _asked(exchange: Exchange, several: bool) -> str:
    repository = exchange.repository.removeprefix("library/")
    image = f"{exchange.image} " if several and exchange.image else ""
    match exchange.stage:
        case "ping":
            return "/v2/"
        case "token":
            return "token"
        case "manifest-by-tag":
            return f"manifest {repository}:{exchange.reference}"
        case "manifest-by-digest" | "config" | "layer" | "blob":
            kind = "manifest" if exchange.stage == "manifest-by-digest" else exchange.stage
            return f"{image}{exchange.role or kind} {digest(exchange.reference, 6)}"
        case "upload":
            return f"upload to {repository}"
        case "tags":
            return f"tags of {repository}"
        case "referrers":
            return f"referrers of {repository} {digest(exchange.reference, 6)}"
        case "other":
            return exchange.target


def _answer(exchange: Exchange) -> str:
    duration = None if exchange.ended is None else exchange.ended - exchange.began
    took = f" {seconds(duration)}" if duration is not None and duration >= 1 else ""
    if not exchange.status:
        return f"{exchange.fault or 'no answer'}{took}"
    sent = f" {size(exchange.sent)}" if exchange.sent and exchange.status < 300 else ""
    if exchange.method != "HEAD" and exchange.sent < exchange.length:
        sent = f" {exchange.sent} of {size(exchange.length)}"
    fault = f" (fault: {exchange.fault})" if exchange.fault else ""
    still_open = " still open" if exchange.ended is None else ""
    return f"{exchange.status}{sent}{took}{still_open}{fault}"


def _folded(rows: list[Row]) -> list[Row | Fold]:
    """Repeats of one exchange become one row; what is still too long loses what is far from any mark."""
    merged: list[Row] = []
    for _, group in groupby(rows, key=lambda row: row if row.marked else replace(row, number="", at="")):
        first, *more = group
        numbers = f"{first.number}-{more[-1].number}" if more else first.number
        times = f" x{len(more) + 1}" if more else ""
        merged.append(replace(first, number=numbers, answer=first.answer + times))
    if len(merged) <= LONG:
        return list(merged)
    kept = {*range(_ENDS), *range(len(merged) - _ENDS, len(merged))}
    for index, row in enumerate(merged):
        if row.marked:
            kept.update(range(index - _AROUND, index + _AROUND + 1))
    drawn: list[Row | Fold] = []
    for shown, indices in groupby(range(len(merged)), key=lambda index: index in kept):
        group_rows = [merged[index] for index in indices]
        drawn.extend(group_rows if shown or len(group_rows) < 3 else [_fold(group_rows)])
    return drawn


def _fold(rows: list[Row]) -> Fold:
    servers = listed(sorted({row.server for row in rows}, key=_place))
    first, last = rows[0].number.split("-")[0], rows[-1].number.split("-")[-1]
    return Fold(f"... {first} to {last}, with {servers}, left out ...")
