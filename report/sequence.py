"""The exchanges of a step, drawn as a person would on a whiteboard."""

import re
from dataclasses import dataclass
from functools import cached_property

from fixtures.history import History, Outcome
from report.exchanges import Fold, Row, Sequence, sequence, terse
from report.text import cut

_LEAST_LABEL, _LEAST_ANSWER = 22, 8


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
    found = sequence(history, outcome, marked, lanes)
    return _lines(found, width) if found else ["(no exchange on any server)"]


def _lines(sequence: Sequence, width: int) -> list[str]:
    rows = sequence.rows
    number = max(len(row.number) for row in rows)
    at = max(len("ms"), *(len(row.at) for row in rows))
    margin = 2 + 1 + number + 2 + at + 2
    room = width - margin
    layout = _fitting(sequence.daemon, sequence.servers, rows, room)
    lines = [" " * (margin - 2 - at) + "ms".rjust(at) + "  " + _heading(layout)]
    for row in sequence.drawn:
        if isinstance(row, Fold):
            lines.append(" " * margin + row.text)
            continue
        mark = ">>" if row.marked else "  "
        arrow = _arrow(row, layout).ljust(layout.end)
        answer = cut(row.answer, max(room - layout.end, _LEAST_ANSWER))
        lines.append(f"{mark} {row.number:>{number}}  {row.at:>{at}}  {arrow}{answer}".rstrip())
    return lines


def _fitting(daemon: str, servers: tuple[str, ...], rows: tuple[Row, ...], width: int) -> _Layout:
    """The roomiest layout that fits: names and labels get shorter where there is no room for all of them."""
    answer = max(len(row.answer) for row in rows)
    label = max(len(row.label) for row in rows)
    least = max(len(terse(row.label)) for row in rows)
    full, short = tuple((name, name) for name in servers), tuple((name, _abbreviated(name)) for name in servers)
    choices = (_Layout(daemon, full, label, 2), _Layout(daemon, full, label, 1), _Layout(daemon, short, label, 2))
    fitting = next((layout for layout in choices if layout.end + answer <= width), None)
    if fitting:
        return fitting
    excess = max(_Layout("", short, least, 1).end + answer - width, 0)
    room = min(least, max(least - excess, _LEAST_LABEL))
    return _Layout(cut(daemon, room + 2), short, room, 1)


def _abbreviated(server: str) -> str:
    return re.sub(r"^mirror-(?=\d+$)", "m", server)[:5]


def _heading(layout: _Layout) -> str:
    line = layout.daemon
    for name, shown in layout.names:
        line = line.ljust(layout.positions[name] - len(shown) // 2) + shown
    return line


def _arrow(row: Row, layout: _Layout) -> str:
    """The lanes, with an arrow from who asked to who was asked. What a server asks has its label beside it."""
    label = cut(row.label if len(row.label) <= layout.label else terse(row.label), layout.label)
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
