"""The exchanges of a step, drawn as a person would on a whiteboard."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from fixtures.history import History, Outcome
from report.text import cut, digest, inert, listed, seconds, size
from simulator.journal import Exchange

LONG = 40
"""More exchanges than this are folded."""

_DIGEST = re.compile(r"(sha256:[0-9a-f]{12})[0-9a-f]{52}")
_ENDS, _AROUND = 8, 2
_LEAST_LABEL, _LEAST_ANSWER = 22, 8


@dataclass(frozen=True)
class _Row:
    marked: bool
    number: str
    at: str
    source: str
    server: str
    label: str
    answer: str


@dataclass(frozen=True)
class _Fold:
    """What stands for rows that are left out."""

    text: str


@dataclass(frozen=True)
class _Layout:
    """Where the lanes are. ``names`` are the servers with what their lanes are headed, ``apart`` the spaces
    between two of these; ``label`` is the room for what stands on an arrow.
    """

    daemon: str
    names: tuple[tuple[str, str], ...]
    label: int
    apart: int

    @cached_property
    def positions(self) -> dict[str, int]:
        """The column of each server's lane; the daemon's is at 0."""
        positions: dict[str, int] = {}
        nearest, free = self.label + 6, len(self.daemon) + 2
        for name, shown in self.names:
            at = max(nearest, free + len(shown) // 2)
            positions[name] = at
            nearest, free = at + 2 + self.apart, at - len(shown) // 2 + len(shown) + self.apart
        return positions

    @property
    def end(self) -> int:
        """The column where the answers begin."""
        return max(self.positions.values()) + 3


def draw(
    history: History,
    outcome: Outcome,
    marked: frozenset[int] = frozenset(),
    width: int = 100,
    lanes: tuple[str, ...] = (),
) -> list[str]:
    """The exchanges that arrived while a step ran, in order, one line each.

    Times are milliseconds since the first. ``marked`` exchanges carry ``>>`` and are never folded.
    ``lanes`` are servers to draw, in this order, even if nobody asked them anything.
    """
    exchanges = history.during(outcome)
    if not exchanges:
        return ["(no exchange on any server)"]
    servers = (*lanes, *sorted({inert(e.server) for e in exchanges} - set(lanes), key=_place))
    several = len(history.contents) > 1
    began = exchanges[0].began
    rows = [_row(exchange, began, exchange.seq in marked, several, history.hosts) for exchange in exchanges]
    drawn = _folded(rows) if len(rows) > LONG else rows
    return _lines(inert(history.daemon), servers, drawn, width)


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


def _row(exchange: Exchange, began: float, marked: bool, several: bool, hosts: dict[str, str]) -> _Row:
    return _Row(
        marked=marked,
        number=str(exchange.seq),
        at=f"{(exchange.began - began) * 1000:.0f}",
        source=inert(hosts.get(exchange.client, exchange.client)),
        server=inert(exchange.server),
        label=inert(f"{exchange.method} {_asked(exchange, several)}"),
        answer=inert(_answer(exchange)),
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


def _folded(rows: list[_Row]) -> list[_Row | _Fold]:
    """Repeats of one exchange become one row; what is still too long loses what is far from any mark."""
    merged: list[_Row] = []
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
    drawn: list[_Row | _Fold] = []
    for shown, indices in groupby(range(len(merged)), key=lambda index: index in kept):
        group_rows = [merged[index] for index in indices]
        drawn.extend(group_rows if shown or len(group_rows) < 3 else [_fold(group_rows)])
    return drawn


def _fold(rows: list[_Row]) -> _Fold:
    servers = listed(sorted({row.server for row in rows}, key=_place))
    first, last = rows[0].number.split("-")[0], rows[-1].number.split("-")[-1]
    return _Fold(f"... {first} to {last}, with {servers}, left out ...")


def _lines(daemon: str, servers: tuple[str, ...], drawn: list[_Row] | list[_Row | _Fold], width: int) -> list[str]:
    rows = [row for row in drawn if isinstance(row, _Row)]
    number = max(len(row.number) for row in rows)
    at = max(len("ms"), *(len(row.at) for row in rows))
    margin = 2 + 1 + number + 2 + at + 2
    room = width - margin
    layout = _fitting(daemon, servers, rows, room)
    lines = [" " * (margin - 2 - at) + "ms".rjust(at) + "  " + _heading(layout)]
    for row in drawn:
        if isinstance(row, _Fold):
            lines.append(" " * margin + row.text)
            continue
        mark = ">>" if row.marked else "  "
        arrow = _arrow(row, layout).ljust(layout.end)
        answer = cut(row.answer, max(room - layout.end, _LEAST_ANSWER))
        lines.append(f"{mark} {row.number:>{number}}  {row.at:>{at}}  {arrow}{answer}".rstrip())
    return lines


def _fitting(daemon: str, servers: tuple[str, ...], rows: list[_Row], width: int) -> _Layout:
    """The roomiest layout that fits: names and labels get shorter where there is no room for all of them."""
    answer = max(len(row.answer) for row in rows)
    label = max(len(row.label) for row in rows)
    terse = max(len(_terse(row.label)) for row in rows)
    full, short = tuple((name, name) for name in servers), tuple((name, _abbreviated(name)) for name in servers)
    choices = (_Layout(daemon, full, label, 2), _Layout(daemon, full, label, 1), _Layout(daemon, short, label, 2))
    fitting = next((layout for layout in choices if layout.end + answer <= width), None)
    if fitting:
        return fitting
    excess = max(_Layout("", short, terse, 1).end + answer - width, 0)
    room = min(terse, max(terse - excess, _LEAST_LABEL))
    return _Layout(cut(daemon, room + 2), short, room, 1)


def _terse(label: str) -> str:
    return label.replace("sha256:", "")


def _abbreviated(server: str) -> str:
    return re.sub(r"^mirror-(?=\d+$)", "m", server)[:5]


def _heading(layout: _Layout) -> str:
    line = layout.daemon
    for name, shown in layout.names:
        line = line.ljust(layout.positions[name] - len(shown) // 2) + shown
    return line


def _arrow(row: _Row, layout: _Layout) -> str:
    """The lanes, with an arrow from who asked to who was asked. What a server asks has its label beside it."""
    label = cut(row.label if len(row.label) <= layout.label else _terse(row.label), layout.label)
    target = layout.positions[row.server]
    source = layout.positions.get(row.source, 0)
    cells = [" "] * (layout.end - 2)
    for position in (0, *layout.positions.values()):
        cells[position] = "|"
    if source in {0, target}:
        cells[1:target] = f"--{label} ".ljust(target - 2, "-") + ">"
        return "".join(cells)
    cells[3 : 3 + len(label)] = label
    low, high = sorted((source, target))
    cells[low + 1 : high] = "-" * (high - low - 1)
    cells[target - 1 if target > source else target + 1] = ">" if target > source else "<"
    return "".join(cells)
