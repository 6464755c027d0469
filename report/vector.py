"""The exchanges of a step laid out as a picture: where each lane, arrow and word is, in pixels."""

from dataclasses import dataclass
from itertools import pairwise

from report.exchanges import Fold, Row, Sequence, terse
from report.text import cut

_GLYPH = 6.4
"""The width of a character of the picture's monospaced type."""
_GUTTER, _FIRST, _ROW, _FOLD, _PAD = 58, 66, 42, 30, 10
_MOST_LABEL, _MOST_ANSWER, _MOST_NAME = 30, 44, 26
_LEAST_APART = 58


@dataclass(frozen=True)
class Lane:
    """A party: its name above a line that goes down."""

    x: float
    name: str


@dataclass(frozen=True)
class Arrow:
    """A row: from who asked to who was asked; ``text`` is where what was asked, and answered, begins."""

    row: Row
    y: float
    start: float
    end: float
    text: float
    label: str
    answer: str

    @property
    def head(self) -> str:
        """The corners of the arrow's head; of a cross, where nobody answered."""
        back = self.end - 7 if self.end > self.start else self.end + 7
        return f"{self.end},{self.y} {back},{self.y - 4} {back},{self.y + 4}"


@dataclass(frozen=True)
class Gap:
    """What stands for rows that are left out."""

    y: float
    text: str


@dataclass(frozen=True)
class Picture:
    """A whole sequence diagram. ``told`` is all of it in words, for those who cannot see it."""

    width: float
    height: float
    daemon: Lane
    servers: tuple[Lane, ...]
    arrows: tuple[Arrow, ...]
    gaps: tuple[Gap, ...]
    told: str

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All of them, from left to right."""
        return self.daemon, *self.servers


def picture(sequence: Sequence) -> Picture:
    """Lay a sequence out."""
    labels = [cut(terse(row.label), _MOST_LABEL) for row in sequence.rows]
    daemon = Lane(_GUTTER, cut(sequence.daemon, _MOST_NAME))
    servers = _lanes(daemon, sequence.servers, max(map(len, labels)))
    positions = {lane.name: lane.x for lane in servers}
    arrows: list[Arrow] = []
    gaps: list[Gap] = []
    y = float(_FIRST)
    for row in sequence.drawn:
        if isinstance(row, Fold):
            gaps.append(Gap(y - 10, row.text))
            y += _FOLD
        else:
            arrows.append(_arrow(row, y, positions))
            y += _ROW
    width = max(
        servers[-1].x + max(_room(servers[-1].name) / 2, 16),
        *(arrow.text + max(_room(arrow.label), _room(arrow.answer)) for arrow in arrows),
        *(_GUTTER + _room(gap.text) for gap in gaps),
    )
    return Picture(width + _PAD, y - _ROW / 2 + 6, daemon, servers, tuple(arrows), tuple(gaps), _told(sequence))


def _lanes(daemon: Lane, names: tuple[str, ...], label: int) -> tuple[Lane, ...]:
    """The lanes of the servers: the first leaves room for what is asked, each for the names beside it."""
    nearest = daemon.x + max(label * _GLYPH + 24, _room(daemon.name) + _room(names[0]) / 2 + 12)
    lanes = [Lane(nearest, names[0])]
    for before, name in pairwise(names):
        apart = max(_LEAST_APART, (_room(before) + _room(name)) / 2 + 12)
        lanes.append(Lane(lanes[-1].x + apart, name))
    return tuple(lanes)


def _arrow(row: Row, y: float, positions: dict[str, float]) -> Arrow:
    start, end = positions.get(row.source, float(_GUTTER)), positions[row.server]
    if start == end:
        start = float(_GUTTER)
    label, answer = cut(terse(row.label), _MOST_LABEL), cut(row.answer, _MOST_ANSWER)
    return Arrow(row, y, start, end, min(start, end) + 8, label, answer)


def _room(text: str) -> float:
    return len(text) * _GLYPH


def _told(sequence: Sequence) -> str:
    said = []
    for row in sequence.drawn:
        if isinstance(row, Fold):
            said.append(f"{row.text}.")
        else:
            source = row.source if row.source in sequence.servers else sequence.daemon
            mark = "(offending) " if row.marked else ""
            said.append(f"{row.number}: {mark}{source} asks {row.server} {row.label}: {row.answer}.")
    return " ".join(said)
