"""Tables with a column for each daemon, in as few pieces as the width allows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from report.text import inert

GUTTER = 2
_LEAST, _MOST = 10, 16
_PIECES = re.compile(r"[^- ]*[- ]|[^- ]+")


@dataclass(frozen=True)
class Columns:
    """The columns of one table. ``cell`` is the width of each, with the gutter to its right."""

    daemons: tuple[str, ...]
    cell: int

    @property
    def width(self) -> int:
        """What the columns take, without the last gutter."""
        return len(self.daemons) * self.cell - GUTTER

    def headings(self) -> list[str]:
        """The names of the daemons above their columns, in several lines where they are long."""
        stacks = [_stacked(inert(name), self.cell - GUTTER)[::-1] for name in self.daemons]
        return [self.row(line) for line in zip_longest(*stacks, fillvalue="")][::-1]

    def row(self, cells: Iterable[str]) -> str:
        """A line of cells, each under its daemon."""
        return "".join(cell.ljust(self.cell) for cell in cells)


def columns(daemons: Iterable[str], cells: Iterable[str], room: int, *, wide: bool = False) -> list[Columns]:
    """The tables that hold all daemons within a width, about as many in each; ``wide`` ones use all of it."""
    names = tuple(daemons)
    pieces = [len(piece) for name in names for piece in _PIECES.findall(inert(name))]
    cell = max(_LEAST, min(max(pieces, default=0), _MOST), *map(len, cells)) + GUTTER
    room += GUTTER
    tables = -(-len(names) // max(room // cell, 1))
    each = -(-len(names) // max(tables, 1))
    if wide:
        longest = max(len(inert(name)) for name in names) + GUTTER
        cell = max(cell, min(longest, room // each))
    return [Columns(names[start : start + each], cell) for start in range(0, len(names), each or 1)]


def _stacked(name: str, width: int) -> list[str]:
    """A name in pieces of a width, broken after hyphens where that is possible."""
    lines = [""]
    for piece in _PIECES.findall(name):
        if len(lines[-1] + piece.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return [line.rstrip() for line in lines]
