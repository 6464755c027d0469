"""The figures of a run that a person would notice."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.results import Run

_NOTICED = {"seconds": 1.0, "requests": 10.0, "wasted": 100e3}
"""By the first word of a measure, what its greatest figure must exceed to be shown. Others always are."""


@dataclass(frozen=True)
class Row:
    """One measure of one rule: a median and a greatest figure for each daemon."""

    measure: str
    rule: str
    figures: dict[str, tuple[float, float]]

    @property
    def greatest(self) -> float:
        """The greatest figure on any daemon."""
        return max(greatest for _, greatest in self.figures.values())

    @property
    def noticed(self) -> bool:
        """Whether it is worth a line."""
        limit = _NOTICED.get(_kind(self.measure))
        return limit is None or self.greatest > limit

    def cell(self, daemon: str) -> str:
        """The median on a daemon, and the greatest figure in brackets where it is another."""
        if daemon not in self.figures:
            return "-"
        median, greatest = map(figure, self.figures[daemon])
        return median if median == greatest else f"{median} ({greatest})"


def rows(run: Run) -> list[Row]:
    """Every measure of every rule, measure by measure."""
    found: dict[tuple[str, str], dict[str, tuple[float, float]]] = {}
    for result in run.results:
        for name, (_, median, greatest) in result.measures.items():
            found.setdefault((name, result.rule.id), {})[result.daemon] = (median, greatest)
    order = list(dict.fromkeys(name for name, _ in found))
    made = [Row(name, rule, figures) for (name, rule), figures in found.items()]
    return sorted(made, key=lambda row: order.index(row.measure))


def most_noticed(some: Sequence[Row], most: int) -> list[Row]:
    """The rows that say most, where there are too many: rarer measures first, then the greatest figures."""
    rank = {kind: place for place, kind in enumerate(_NOTICED, 1)}
    kept = sorted(some, key=lambda row: (rank.get(_kind(row.measure), 0), -row.greatest))[:most]
    return [row for row in some if row in kept]


def rest(some: Sequence[Row]) -> str:
    """The greatest figures of rows that are not shown: ``seconds: 0.83; requests to unusable mirrors: 6``."""
    greatest: dict[str, float] = {}
    for row in some:
        greatest[row.measure] = max(greatest.get(row.measure, row.greatest), row.greatest)
    return "; ".join(f"{name}: {figure(value)}" for name, value in greatest.items())


def figure(value: float) -> str:
    """A figure as precise as anybody cares: ``0.21``, ``1.5``, ``75``."""
    if not value < 1e6:
        return f"{value:.3g}"
    return f"{round(value, 0 if value >= 10 else 1 if value >= 1 else 2):.6g}"


def _kind(measure: str) -> str:
    return measure.partition(" ")[0]
