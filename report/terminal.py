"""A run as a terminal or a CI log shows it."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from report.diagram import explain
from report.results import EXERCISED, MEANINGS, Daemon, RuleResult, Run, exit_code
from report.text import TOGETHER, cut, encodable, inert, number, wrap
from suites.verdict import Level

_GUTTER = 2
_LEVEL = len("SHOULD") + _GUTTER
_LEAST_CELL, _LEAST_TITLE = 13, 24
_STYLES = {
    "pass": "green",
    "FAIL": "bold red",
    "ERROR": "bold magenta",
    "warn": "yellow",
    "note": "cyan",
    "deviation": "blue",
    "n/a": "dim",
    "-": "dim",
}
_LEGEND = {
    "warn": "SHOULD not met",
    "note": "worth knowing",
    "deviation": "known failure",
    "n/a": "nothing to judge",
    "-": "not exercised",
}
_FAILING: dict[Level, str] = {"MUST": "FAIL", "SHOULD": "warn", "INFO": "note"}


@dataclass(frozen=True)
class TerminalReport:
    """A run to print with rich, at whatever width, with or without colour."""

    run: Run

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The matrix of rules and daemons, what failed and why, the rest in brief, a final sentence."""
        writer = _Writer(self.run, options.max_width, options.encoding)
        yield from writer.matrix()
        yield from writer.failures()
        yield from writer.brief()
        yield from writer.ending()


def word(result: RuleResult) -> str:
    """A status in one word; a failure is called by what it means at the rule's level."""
    match result.status:
        case "fail":
            return _FAILING[result.rule.level]
        case "not applicable":
            return "n/a"
        case "not exercised":
            return "-"
        case "error":
            return "ERROR"
        case status:
            return status


@dataclass(frozen=True)
class _Writer:
    run: Run
    width: int
    encoding: str

    def matrix(self) -> Iterator[Text]:
        """A line for each rule, a column for each daemon; in several tables where one would be too wide."""
        if not self.run.results:
            return
        cell = max(_LEAST_CELL, *(len(_cell(result)) for result in self.run.results)) + _GUTTER
        names = max(len("rule"), *(len(inert(rule.id)) for rule in self.run.rules)) + _GUTTER
        room = self.width - names - _LEVEL
        fit = max(room // cell, 1)
        for start in range(0, len(self.run.daemons), fit):
            daemons = self.run.daemons[start : start + fit]
            title = room - len(daemons) * cell
            yield from self._table(daemons, cell, names, title if title >= _LEAST_TITLE else 0)
            yield Text()
        for daemon in self.run.daemons:
            yield from self._lines(self._counts(daemon), hang=4)
        used = {word(result) for result in self.run.results}
        legend = [f"{name} = {meaning}" for name, meaning in _LEGEND.items() if name in used]
        yield from self._lines("   ".join(one.replace(" ", TOGETHER) for one in legend), "dim", hang=0)

    def _table(self, daemons: tuple[Daemon, ...], cell: int, names: int, title: int) -> Iterator[Text]:
        titles = min(title, max(len(inert(rule.title)) for rule in self.run.rules) + _GUTTER) if title else 0
        headings = [textwrap.wrap(inert(daemon.name), cell - _GUTTER) for daemon in daemons]
        height = max(1, *(len(heading) for heading in headings))
        for row in range(height):
            first = "rule".ljust(names) + "level" if row == height - 1 else ""
            cells = [([""] * height + heading)[row - height].ljust(cell) for heading in headings]
            yield self._text((first.ljust(names + _LEVEL + titles) + "".join(cells)).rstrip(), "bold")
        yield self._text("-" * (names + _LEVEL + titles + len(daemons) * cell - _GUTTER), "dim")
        found = {(result.rule.id, result.daemon): result for result in self.run.results}
        for position, (_, rules) in enumerate(groupby(self.run.rules, key=lambda rule: rule.subject)):
            if position:
                yield Text()
            for rule in rules:
                line = Text(overflow="fold")
                line.append(self._text(inert(rule.id).ljust(names)))
                line.append(self._text(rule.level.ljust(_LEVEL), "dim"))
                line.append(self._text(cut(inert(rule.title), titles - _GUTTER).ljust(titles) if titles else "", "dim"))
                for daemon in daemons:
                    result = found.get((rule.id, daemon.name))
                    line.append(self._text(*_styled(result, cell)))
                line.rstrip()
                yield line

    def _counts(self, daemon: Daemon) -> str:
        words = [word(result) for result in self.run.of(daemon.name)]
        counts = [f"{words.count(one)} {'not exercised' if one == '-' else one}" for one in _STYLES if one in words]
        return f"{inert(_full_name(daemon))}: {', '.join(counts) or 'no rules'}"

    def failures(self) -> Iterator[Text]:
        """Every MUST that failed, explained; the same reason on a further daemon takes a line."""
        failed = [result for result in self.run.results if word(result) == "FAIL"]
        yield from self._heading("Failures", failed)
        told: dict[tuple[str, str], str] = {}
        for result in failed:
            yield Text()
            known = told.setdefault((result.rule.id, result.reason), result.daemon)
            if result.example is None or known != result.daemon:
                yield from self._result(result, f" As on {inert(known)}." if known != result.daemon else "")
                continue
            for line in explain(result.example, result.rule, self.width):
                yield self._explained(line, result.rule.id)

    def _explained(self, line: str, rule: str) -> Text:
        if line.startswith(f"{inert(rule)} "):
            return self._text(line, _STYLES["FAIL"])
        return self._text(line, "bold" if line.startswith(("  >>", "  found")) else "")

    def brief(self) -> Iterator[Text]:
        """All that is not a failed MUST, in a line or two each."""
        for heading, name in (
            ("Warnings: a SHOULD is not met", "warn"),
            ("Notes", "note"),
            ("Deviations: known and explained", "deviation"),
            ("Rules in error: neither kept nor broken", "ERROR"),
        ):
            results = [result for result in self.run.results if word(result) == name]
            yield from self._heading(heading, results)
            for result in results:
                yield from self._result(result)
        yield from self._measured()
        yield from self._unexercised()
        yield from self._heading("Problems of the run itself", self.run.problems)
        for problem in self.run.problems:
            yield from self._lines(f"  {inert(problem)}", _STYLES["ERROR"], hang=4)

    def _result(self, result: RuleResult, more: str = "") -> Iterator[Text]:
        where = f"  {inert(result.rule.id)} on {inert(result.daemon)}: "
        reason = inert(result.reason) or "no reason was given."
        replay = f" (replay{TOGETHER}{inert(result.example.id)})" if result.example else ""
        yield from self._lines(f"{where}{reason}{replay}{more}", _STYLES[word(result)], hang=4)

    def _measured(self) -> Iterator[Text]:
        measured = [(result, name) for result in self.run.results for name in result.measures]
        yield from self._heading("Measured: least / median / greatest", measured)
        for result, name in measured:
            figures = " / ".join(f"{figure:.4g}" for figure in result.measures[name])
            yield from self._lines(
                f"  {inert(result.rule.id)} on {inert(result.daemon)}, {inert(name)}: {figures}", hang=4
            )

    def _unexercised(self) -> Iterator[Text]:
        where: dict[str, list[str]] = {}
        for result in self.run.results:
            if result.status == "not exercised":
                where.setdefault(result.rule.id, []).append(result.daemon)
        yield from self._heading("Not exercised: this run says nothing about", where)
        everywhere = [rule for rule, daemons in where.items() if len(daemons) == len(self.run.daemons)]
        if everywhere:
            yield from self._lines(f"  {inert(', '.join(everywhere))}", hang=4)
        for daemon in self.run.daemons:
            rules = [rule for rule, daemons in where.items() if daemon.name in daemons and rule not in everywhere]
            if rules:
                yield from self._lines(f"  on {inert(daemon.name)}: {inert(', '.join(rules))}", hang=4)

    def ending(self) -> Iterator[Text]:
        """What to conclude, and what it takes to do it again."""
        code = exit_code(self.run)
        style = {0: "bold green", 1: "bold red"}.get(code, "bold magenta")
        yield Text()
        yield from self._lines(f"{MEANINGS[code].upper()}: {conclusion(self.run)} Exit code {code}.", style)
        spent = f"{number(self.run.scenarios, 'scenario')}, {number(self.run.pulls, 'pull')}, {self.run.seconds:.1f} s"
        tool = f"mirror-conformance {self.run.tool_version}"
        yield from self._lines(inert(f"seed {self.run.seed}, {spent}; {tool}, started {self.run.started}"))
        if self.run.command:
            yield from self._lines(f"command: {inert(self.run.command)}", hang=4)

    def _heading(self, heading: str, things: object) -> Iterator[Text]:
        if things:
            yield Text()
            yield self._text(heading, "bold underline")

    def _lines(self, line: str, style: str = "", hang: int = 2) -> Iterator[Text]:
        for piece in wrap(line, self.width, hang):
            yield self._text(piece, style)

    def _text(self, text: str, style: str = "") -> Text:
        return Text(encodable(text, self.encoding), style, overflow="fold")


def conclusion(run: Run) -> str:
    """What a run comes to, in a sentence or two."""
    exercised = {result.rule.id for result in run.results if result.status in EXERCISED}
    failures = [result for result in run.results if word(result) == "FAIL"]
    in_error = {result.rule.id for result in run.results if result.status == "error"}
    subjects = number(len(run.daemons), "subject")
    tested = f"{len(exercised)} of {number(len(run.rules), 'rule')} exercised"
    parts = []
    if run.problems:
        parts.append(f"the run had {number(len(run.problems), 'problem')}")
    if in_error:
        parts.append(f"{number(len(in_error), 'rule')} in error")
    if failures:
        failed, on = {result.rule.id for result in failures}, {result.daemon for result in failures}
        parts.append(f"{number(len(failed), 'MUST rule')} failed, on {len(on)} of {subjects}")
    parts.append(tested if failures else f"{tested} on {subjects}")
    return "; ".join(parts) + "."


def _styled(result: RuleResult | None, width: int) -> tuple[str, str]:
    return (_cell(result).ljust(width), _STYLES[word(result)]) if result else (" " * width, "")


def _cell(result: RuleResult) -> str:
    name = word(result)
    match name:
        case "pass":
            return f"pass {result.passed}"
        case "deviation":
            return f"deviation {result.deviated}/{result.judged}"
        case "FAIL" | "warn" | "note":
            return f"{name} {result.failed}/{result.judged}"
        case _:
            return name


def _full_name(daemon: Daemon) -> str:
    details = [daemon.version, f"{daemon.store} store" if daemon.store else ""]
    shown = ", ".join(filter(None, details))
    return f"{daemon.name} ({shown})" if shown else daemon.name
