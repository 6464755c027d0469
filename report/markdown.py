"""A run in brief, as Markdown for the page of a CI job."""

import re
from collections.abc import Iterator

from report.page import Page, page
from report.results import Run
from report.standing import NO_DAEMON, details
from report.telling import Chapter, Entry
from report.text import cut, inert, number

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!$:@])")
_FIRST = re.compile(r"\A(\d*)([!-/:-@\[-`{-~])")
_LONGEST = 400
_MOST = {"failures": 40, "errors": 20, "warnings": 20, "deviations": 60, "notes": 20, "unseen": 20}
"""How many entries of a kind are told: a job's page takes no more than a megabyte."""


def to_markdown(run: Run) -> str:
    """The summary of a run: GitHub's Markdown, which others show as well."""
    return "\n".join(_lines(page(run))) + "\n"


def plain(text: str) -> str:
    """Text as Markdown that is no markup: on one line, not too long, every sign that is special there, or at the
    beginning of a line, escaped.
    """
    whole = cut(inert(text), _LONGEST)
    first = _FIRST.match(whole)
    if first:
        return f"{first[1]}\\{first[2]}{_escaped(whole[first.end() :])}"
    return _escaped(whole)


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _lines(of: Page) -> Iterator[str]:
    yield f"## {of.verdict.sign} {of.verdict.name}"
    yield ""
    yield plain(of.conclusion)
    if of.run.models:
        yield ""
        yield f"**{plain(' and '.join(of.run.models))}**: {plain(NO_DAEMON)}"
    if of.run.problems:
        yield ""
        yield "### Problems of the run itself"
        yield ""
        yield from (f"- {plain(problem)}" for problem in of.run.problems)
    if of.cards:
        yield ""
        yield from _subjects(of)
    for chapter in of.chapters:
        if chapter.id in {"failures", "errors"}:
            yield ""
            yield f"### {chapter.title}"
            yield ""
            yield from _entries(chapter)
    for chapter in of.chapters:
        if chapter.id not in {"failures", "errors"}:
            yield ""
            yield from _folded(f"{chapter.title}: {len(chapter.entries)}", _entries(chapter))
    if of.matrix:
        yield ""
        yield from _folded("Rules and subjects", _matrix(of))
    yield ""
    pulls = "" if of.run.only_mirrors else f"{number(of.run.pulls, 'pull')}, "
    spent = f"{number(of.run.scenarios, 'scenario')}, {pulls}{of.run.seconds:.0f} s"
    yield plain(f"Seed {of.run.seed}, {spent}; mirror-conformance {of.run.tool_version}, exit code {of.code}.")


def _subjects(of: Page) -> Iterator[str]:
    marks = list(dict.fromkeys(mark for card in of.cards for mark, _ in card.counts))
    yield f"| subject | version | {' | '.join(mark.name for mark in marks)} |"
    yield f"|---|---|{'---:|' * len(marks)}"
    for card in of.cards:
        counts = dict(card.counts)
        figures = " | ".join(str(counts.get(mark, 0)) for mark in marks)
        daemon = card.daemon
        yield f"| {plain(daemon.name)} | {plain(details(daemon))} | {figures} |"


def _entries(chapter: Chapter) -> Iterator[str]:
    shown = chapter.entries[: _MOST[chapter.id]]
    for entry in shown:
        yield from _entry(entry)
    if len(shown) < len(chapter.entries):
        yield f"- and {len(chapter.entries) - len(shown)} more, in report\\.html"


def _entry(entry: Entry) -> Iterator[str]:
    rules = ", ".join(f"{rule.id} {rule.level}" for rule in entry.rules)
    about = "; ".join(filter(None, (f"{rules}, on {entry.daemons}", entry.whose)))
    yield f"- {entry.mark.sign} **{plain(entry.title)}** {plain(f'({about})')}"
    if entry.reason:
        yield f"  {plain(entry.reason)}"
    if entry.advice:
        yield f"  *What to do:* {plain(entry.advice)}"
    for case in entry.cases[:1]:
        found = "; ".join(case.found)
        if found and found != entry.reason:
            yield f"  *Found:* {plain(found)}"
        yield f"  *Again:* {plain(case.replay)}"


def _matrix(of: Page) -> Iterator[str]:
    yield f"| rule | level | {' | '.join(plain(card.daemon.name) for card in of.cards)} |"
    yield f"|---|---|{'---|' * len(of.cards)}"
    for _, lines in of.matrix:
        for line in lines:
            cells = (f"{cell.mark.sign} {plain(cell.text)}" if cell else "" for cell in line.cells)
            yield f"| {plain(line.rule)} | {line.level} | {' | '.join(cells)} |"


def _folded(summary: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"
