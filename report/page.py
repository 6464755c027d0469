"""A run laid out as a page: what stands where, before any markup. :mod:`report.html` makes the page of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from report.coverage import uncovered
from report.folding import split, unexercised
from report.marks import MARKS, VERDICTS, Mark
from report.measures import Row as Measure
from report.measures import rest, rows
from report.results import MEANINGS, Coverage, Daemon, RuleResult, Run, Told, exit_code
from report.standing import LEGEND, cell, conclusion, label, sentence, word
from report.telling import Chapter, chapters
from suites.verdict import Rule, Subject

_SUBJECTS: dict[Subject, str] = {"daemon": "Daemons", "mirror": "Mirrors", "configuration": "Configuration"}
_WORST = ("FAIL", "ERROR", "warn", "deviation", "note", "pass", "n/a", "-")


@dataclass(frozen=True)
class Card:
    """A subject of the run, with how many rules are in which state."""

    daemon: Daemon
    counts: tuple[tuple[Mark, int], ...]

    @property
    def segments(self) -> Iterator[tuple[Mark, float, float]]:
        """The counts as parts of a bar that is 100 wide: each with where it begins and its width."""
        whole, begin = sum(count for _, count in self.counts), 0.0
        for mark, count in self.counts:
            yield mark, begin, 100 * count / whole
            begin += 100 * count / whole


@dataclass(frozen=True)
class Cell:
    """What a rule came to on a daemon, with the section that tells of it."""

    mark: Mark
    text: str
    section: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the matrix; one of a rule with variants has theirs below it, and is ``open`` where one is red."""

    rule: str
    level: str
    sentence: str
    cells: tuple[Cell | None, ...]
    variants: tuple["Line", ...] = ()
    open: bool = False


@dataclass(frozen=True)
class Page:
    """All of a run. ``unnoticed`` is what the measures come to that have no row."""

    run: Run
    code: int
    verdict: Mark
    meaning: str
    conclusion: str
    cards: tuple[Card, ...]
    legend: tuple[tuple[Mark, str], ...]
    matrix: tuple[tuple[str, tuple[Line, ...]], ...]
    chapters: tuple[Chapter, ...]
    measures: tuple[tuple[str, tuple[Measure, ...]], ...]
    unnoticed: str
    silent: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    uncovered: tuple[str, ...]
    told: tuple[tuple[str, tuple[Told, ...]], ...]

    @property
    def chapter(self) -> dict[str, Chapter]:
        """The chapters by their ids."""
        return {chapter.id: chapter for chapter in self.chapters}


def page(run: Run) -> Page:
    """Lay a run out."""
    code = exit_code(run)
    there = tuple(chapter for chapter in chapters(run) if chapter.entries)
    sections = _sections(run, there)
    measured = rows(run)
    noticed = [row for row in measured if row.noticed]
    others = [row for row in measured if not row.noticed]
    used = {label(result) for result in run.results}
    return Page(
        run=run,
        code=code,
        verdict=VERDICTS[code],
        meaning=MEANINGS[code],
        conclusion=conclusion(run),
        cards=tuple(_card(run, daemon) for daemon in run.daemons),
        legend=tuple(
            (mark, LEGEND.get("dev" if name == "deviation" else name, mark.name))
            for name, mark in MARKS.items()
            if ("dev" if name == "deviation" else name) in used
        ),
        matrix=tuple(_matrix(run, sections)),
        chapters=there,
        measures=tuple((name, tuple(alike)) for name, alike in groupby(noticed, key=lambda row: row.measure)),
        unnoticed=rest(others),
        silent=tuple(unexercised(run)),
        coverage=run.coverage,
        uncovered=tuple(uncovered(run)),
        told=tuple((name, tuple(said)) for name, said in groupby(run.told, key=lambda told: told.daemon)),
    )


def _card(run: Run, daemon: Daemon) -> Card:
    words = [word(result) for result in run.of(daemon.name)]
    return Card(daemon, tuple((MARKS[name], words.count(name)) for name in _WORST if name in words))


def _matrix(run: Run, sections: dict[tuple[str, str], str]) -> Iterator[tuple[str, tuple[Line, ...]]]:
    found = {(result.rule.id, result.daemon): result for result in run.results}

    def line(rule: Rule) -> Line:
        results = [found.get((rule.id, daemon.name)) for daemon in run.daemons]
        return Line(rule.id, rule.level, sentence(rule), tuple(_cell(result, sections) for result in results))

    for subject, rules in groupby(run.rules, key=lambda rule: rule.subject):
        lines = []
        for base, of_base in groupby(rules, key=lambda rule: split(rule.id)[0]):
            alike = list(of_base)
            if len(alike) == 1:
                lines.append(line(alike[0]))
                continue
            columns = [[found.get((rule.id, daemon.name)) for rule in alike] for daemon in run.daemons]
            lines.append(
                Line(
                    base,
                    alike[0].level,
                    sentence(alike[0]),
                    tuple(_summary([result for result in column if result], sections) for column in columns),
                    tuple(map(line, alike)),
                    any(word(result) in {"FAIL", "ERROR"} for column in columns for result in column if result),
                )
            )
        yield _SUBJECTS[subject], tuple(lines)


def _cell(result: RuleResult | None, sections: dict[tuple[str, str], str]) -> Cell | None:
    if result is None:
        return None
    mark = MARKS[word(result)]
    figures = cell(result).partition(" ")[2]
    text = {"pass": "pass", "dev": "dev", "none": mark.name}.get(mark.tone, word(result))
    return Cell(mark, f"{text} {figures}".strip(), sections.get((result.rule.id, result.daemon), ""))


def _summary(results: Sequence[RuleResult], sections: dict[tuple[str, str], str]) -> Cell | None:
    """What variants come to together: the worst of them, and how many are so."""
    if not results:
        return None
    words = [word(result) for result in results]
    worst = next(name for name in _WORST if name in words)
    mark = MARKS[worst]
    first = next(result for result in results if word(result) == worst)
    name = {"deviation": "dev", "-": "not exercised", "n/a": "nothing to judge"}.get(worst, worst)
    counted = f"{words.count(worst)} of {len(words)} {name}" if words.count(worst) < len(words) else f"{name}, all"
    return Cell(mark, counted, sections.get((first.rule.id, first.daemon), ""))


def _sections(run: Run, told: Iterable[Chapter]) -> dict[tuple[str, str], str]:
    """The section that tells of a rule on a daemon."""
    kinds = {chapter.id: chapter for chapter in told}
    found: dict[tuple[str, str], str] = {}
    homes = {
        "FAIL": "failures",
        "ERROR": "errors",
        "warn": "warnings",
        "note": "notes",
        "deviation": "deviations",
        "n/a": "unseen",
    }
    for result in run.results:
        chapter = kinds.get(homes.get(word(result), ""))
        for entry in chapter.entries if chapter else ():
            if any(rule.id == result.rule.id for rule in entry.rules):
                found.setdefault((result.rule.id, result.daemon), entry.section)
    return found
