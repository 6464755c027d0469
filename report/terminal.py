"""A run as a terminal or a CI log shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from report.columns import GUTTER, Columns, columns
from report.coverage import uncovered
from report.diagram import explain_together
from report.folding import entries, entry, explained, split, unexercised
from report.measures import Row, most_noticed, rest, rows
from report.results import MEANINGS, Daemon, RuleResult, Run, exit_code
from report.standing import LEGEND, NO_DAEMON, cell, conclusion, full_name, label, labels, sentence, word
from report.text import TOGETHER, cut, encodable, inert, number, wrap

_LEAST_TITLE = 24
_INDENT = " " * 4
_MEASURED = 24
"""The most lines that the measures may take, heading and all."""
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


@dataclass(frozen=True)
class _Writer:
    run: Run
    width: int
    encoding: str

    def matrix(self) -> Iterator[Text]:
        """A line for each rule, a column for each daemon; in several tables where one would be too wide."""
        if not self.run.results:
            return
        named = labels(self.run.rules)
        names = max(map(len, ("rule", *named.values()))) + GUTTER
        levels = max(map(len, ("level", *(rule.level for rule in self.run.rules)))) + GUTTER
        room = self.width - names - levels
        daemons, cells = [daemon.name for daemon in self.run.daemons], [cell(result) for result in self.run.results]
        tables = columns(daemons, cells, room)
        title = room - tables[0].width
        if title < _LEAST_TITLE:
            title, tables = 0, columns(daemons, cells, room, wide=True)
        titles = min(title, max(len(sentence(rule)) for rule in self.run.rules) + GUTTER)
        for table in tables:
            yield from self._table(table, named, names, levels, titles)
            yield Text()
        for daemon in self.run.daemons:
            yield from self._lines(self._counts(daemon), hang=4)
        used = {label(result) for result in self.run.results}
        legend = [f"{name} = {meaning}" for name, meaning in LEGEND.items() if name in used]
        yield from self._lines("   ".join(one.replace(" ", TOGETHER) for one in legend), "dim", hang=0)

    def _table(self, table: Columns, named: dict[str, str], names: int, levels: int, titles: int) -> Iterator[Text]:
        left = names + levels + titles
        *above, last = table.headings()
        for heading in above:
            yield self._text(f"{'':{left}}{heading}".rstrip(), "bold")
        yield self._text(f"{'rule':{names}}{'level':{levels + titles}}{last}".rstrip(), "bold")
        yield self._text("-" * (left + table.width), "dim")
        found = {(result.rule.id, result.daemon): result for result in self.run.results}
        told = ""
        for position, (_, rules) in enumerate(groupby(self.run.rules, key=lambda rule: rule.subject)):
            if position:
                yield Text()
            for rule in rules:
                line = Text(overflow="fold")
                line.append(self._text(named[rule.id].ljust(names)))
                line.append(self._text(rule.level.ljust(levels), "dim"))
                said = sentence(rule)
                title = "" if said == told else cut(said, titles - GUTTER)
                line.append(self._text(title.ljust(titles) if titles else "", "dim"))
                for daemon in table.daemons:
                    line.append(self._text(*_styled(found.get((rule.id, daemon)), table.cell)))
                line.rstrip()
                yield line
                told = said if split(rule.id)[1] else ""

    def _counts(self, daemon: Daemon) -> str:
        words = [word(result) for result in self.run.of(daemon.name)]
        counts = [f"{words.count(one)} {'not exercised' if one == '-' else one}" for one in _STYLES if one in words]
        return f"{inert(full_name(daemon))}: {', '.join(counts) or 'no rules'}"

    def failures(self) -> Iterator[Text]:
        """Every MUST that failed, explained; the same reason on a further daemon takes a line.

        Rules that one scenario broke on one daemon are explained together.
        """
        failed = [result for result in self.run.results if word(result) == "FAIL"]
        yield from self._heading("Failures", failed)
        groups, brief = explained(failed)
        for cases in groups:
            yield Text()
            names = tuple(f"{inert(rule.id)} " for _, rule in cases)
            for line in explain_together(cases, self.width):
                yield self._explained(line, names)
        for known, results in brief.items():
            yield Text()
            yield from self._entries(results, f" As on {inert(known)}." if known else "")

    def _explained(self, line: str, rules: tuple[str, ...]) -> Text:
        if line.startswith(rules):
            return self._text(line, _STYLES["FAIL"])
        return self._text(line, "bold" if line.startswith(("  >>", "  found")) else "")

    def brief(self) -> Iterator[Text]:
        """All that is not a failed MUST, each reason once."""
        for heading, name in (
            ("Warnings: a SHOULD is not met", "warn"),
            ("Notes", "note"),
            ("Deviations: known and explained", "deviation"),
            ("Rules in error: neither kept nor broken", "ERROR"),
        ):
            results = [result for result in self.run.results if word(result) == name]
            yield from self._heading(heading, results)
            yield from self._entries(results)
        yield from self._measured()
        unseen = [result for result in self.run.results if result.is_remarkable]
        yield from self._heading("Not observable here, or in another way, and why", unseen)
        yield from self._entries(unseen)
        silent = unexercised(self.run)
        yield from self._heading("Not exercised: this run says nothing about", silent)
        for line in silent:
            yield from self._lines(f"  {line}", hang=4)
        yield from self._covered()
        yield from self._heading("Problems of the run itself", self.run.problems)
        for problem in self.run.problems:
            yield from self._lines(f"  {inert(problem)}", _STYLES["ERROR"], hang=4)

    def _covered(self) -> Iterator[Text]:
        lines = uncovered(self.run)
        yield from self._heading("Covered: kinds of fault, stages of a pull, places in the list of mirrors", lines)
        for line in lines:
            yield from self._lines(f"  {inert(line)}", hang=4)

    def _entries(self, results: list[RuleResult], more: str = "") -> Iterator[Text]:
        for reason, alike in entries(results).items():
            yield from self._lines(f"  {entry(self.run, reason, alike)}{more}", _STYLES[word(alike[0])], hang=4)

    def _measured(self) -> Iterator[Text]:
        measured = rows(self.run)
        yield from self._heading("Measured: median (greatest)", measured)
        noticed = [row for row in measured if row.noticed]
        if noticed:
            names = max(len(inert(row.rule)) for row in noticed) + len(_INDENT) + GUTTER
            daemons = [daemon.name for daemon in self.run.daemons]
            cells = [row.cell(name) for row in noticed for name in daemons]
            tables = columns(daemons, cells, self.width - names, wide=True)
            measures = len({row.measure for row in noticed})
            most = (_MEASURED - 4) // len(tables) - max(len(table.headings()) for table in tables) - measures
            shown = most_noticed(noticed, max(most, 1))
            for table in tables:
                yield from self._figures(table, shown, names)
            if len(shown) < len(noticed):
                yield from self._lines(f"  and {number(len(noticed) - len(shown), 'row')} more in the JSON report")
        others = [row for row in measured if not row.noticed]
        if others:
            which = "every other case" if noticed else "every case"
            yield from self._lines(f"  in {which}, at most: {inert(rest(others))}", hang=4)

    def _figures(self, table: Columns, shown: list[Row], names: int) -> Iterator[Text]:
        for heading in table.headings():
            yield self._text(f"{'':{names}}{heading}".rstrip(), "bold")
        for measure, alike in groupby(shown, key=lambda row: row.measure):
            yield self._text(f"  {inert(measure)}", "dim")
            for row in alike:
                figures = table.row(row.cell(daemon) for daemon in table.daemons)
                yield self._text(f"{_INDENT}{inert(row.rule)}".ljust(names) + figures.rstrip())

    def ending(self) -> Iterator[Text]:
        """What to conclude, and what it takes to do it again."""
        code = exit_code(self.run)
        style = {0: "bold green", 1: "bold red"}.get(code, "bold magenta")
        yield Text()
        if self.run.models:
            yield from self._lines(f"{' and '.join(map(inert, self.run.models))}: {NO_DAEMON}", "bold yellow")
        yield from self._lines(f"{MEANINGS[code].upper()}: {conclusion(self.run)} Exit code {code}.", style)
        pulls = "" if self.run.only_mirrors else f"{number(self.run.pulls, 'pull')}, "
        spent = f"{number(self.run.scenarios, 'scenario')}, {pulls}{self.run.seconds:.1f} s"
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


def _styled(result: RuleResult | None, width: int) -> tuple[str, str]:
    return (cell(result).ljust(width), _STYLES[word(result)]) if result else (" " * width, "")
