"""What daemons do where they differ from the book, as a page for those who run them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from report.diagram import describe, draw
from report.results import EXERCISED, Daemon, Example, RuleResult, Told
from report.tables import anchor, cell, explained, promised, reported, standing
from suites.verdict import Cause, Rule

_AROUND, _MOST_MARKED = 7, 8
_MOST_WORDS = 180
_WIDTH = 100


@dataclass(frozen=True)
class Finding:
    """A cause with the rules that it breaks, and where it was seen.

    ``daemons`` are those on which a run has shown it, in the table's order; where it is not ``seen``, none has, and
    they are those that are known to do so. ``case`` is its smallest case on the last of them. ``scenario`` is the path
    of its evidence in the repository; what is withheld has neither.
    """

    cause: Cause
    rules: tuple[Rule, ...]
    daemons: tuple[str, ...] = ()
    case: Example | None = None
    scenario: str = ""
    seen: bool = True

    @property
    def title(self) -> str:
        """The heading of its section."""
        return self.cause.title or ", ".join(rule.id for rule in self.rules)


@dataclass(frozen=True)
class Findings:
    """All that the page is made of. ``daemons`` are those of the run, older versions first."""

    commands: tuple[str, ...]
    day: str
    daemons: tuple[Daemon, ...]
    results: tuple[RuleResult, ...]
    told: tuple[Told, ...]
    findings: tuple[Finding, ...]

    def page(self) -> str:
        """The page, as Markdown."""
        return "\n".join((*_introduction(self), *_sections(self), *_table(self), *_errors(self), ""))


def _introduction(of: Findings) -> Iterator[str]:
    yield "# What daemons do that the documentation does not promise"
    yield ""
    yield f"Made on {of.day} of {' and '.join(f'`{command}`' for command in of.commands)}."
    yield ""
    yield "Each entry is something that real daemons did in front of a simulated Docker Hub and simulated mirrors."
    yield "The rules, and where they are promised, are in `suites/catalogue.toml`; what is known, in"
    yield "`suites/deviations.toml`. Mend these, and not this page, which"
    yield "`mirror-conformance findings conformance-report/report.json` prints after a run. In a drawing, `>>`"
    yield "marks what a verdict rests on."
    yield ""


def _sections(of: Findings) -> Iterator[str]:
    yield "## Findings"
    yield ""
    yield "| finding | rules | daemons |"
    yield "|---|---|---|"
    for one in of.findings:
        rules = ", ".join(rule.id for rule in one.rules)
        yield f"| [{cell(one.title)}](#{anchor(one.title)}) | {rules} | {_versions(of, one)} |"
    for one in of.findings:
        yield ""
        yield from _section(of, one)


def _section(of: Findings, one: Finding) -> Iterator[str]:
    cause = one.cause
    yield f"### {one.title}"
    yield ""
    yield from explained(cause)
    yield from promised(one.rules)
    yield f"- Daemons: {_versions(of, one)}."
    if cause.documents:
        yield f"- Where the daemon's documentation should say so: {cause.documents}."
    if cause.reports or one.scenario:
        yield reported(cause)
    if not one.scenario:
        yield "- No scenario and no exchanges are shown: see [SECURITY.md](../SECURITY.md)."
        return
    yield f"- Scenario that shows it: [{cause.evidence}](../{one.scenario})."
    if one.case:
        yield f"  `mirror-conformance replay {one.scenario} --daemon {one.case.history.daemon}`"
        yield f"- Smallest case of the run, on {one.case.history.daemon}:"
        yield ""
        yield "```text"
        yield from _case(one.case)
        yield "```"


def _case(case: Example) -> Iterator[str]:
    """What was arranged and done, and the exchanges of the step that shows it."""
    verdict, history = case.verdict, case.history
    yield from (line.rstrip() for line in describe(case.scenario, history, judged={verdict.step}, width=_WIDTH))
    for outcome in history.outcomes:
        if outcome.step == verdict.step:
            yield ""
            yield from _shortened(draw(history, outcome, frozenset(verdict.exchanges), _WIDTH))


def _shortened(drawn: Sequence[str]) -> Iterator[str]:
    """A drawing's head and end, and some of what is marked."""
    marked = [number for number, line in enumerate(drawn) if line.startswith(">>")][:_MOST_MARKED]
    kept = {*range(_AROUND), *marked, *range(len(drawn) - _AROUND, len(drawn))}
    for shown, lines in groupby(enumerate(drawn), key=lambda numbered: numbered[0] in kept):
        group = [line for _, line in lines]
        yield from group if shown or len(group) == 1 else [f"... {len(group)} more ..."]


def _versions(of: Findings, one: Finding) -> str:
    """On which versions it was seen, store by store, and since when."""
    if not one.seen and one.daemons:
        return f"{', '.join(one.daemons)} (known, and not played here)"
    said = []
    for store in dict.fromkeys(daemon.store for daemon in of.daemons):
        judged = {daemon for rule in one.rules for daemon in _exercised(of, rule.id)}
        tried = [daemon for daemon in of.daemons if daemon.store == store and daemon.name in judged]
        there = [daemon for daemon in tried if daemon.name in one.daemons]
        if there:
            said.append(f"{_since(tried, there)} with the {store} image store")
    return "; ".join(said) or "none of those that were tried"


def _since(tried: Sequence[Daemon], there: Sequence[Daemon]) -> str:
    first, last = tried.index(there[0]), tried.index(there[-1])
    versions = ", ".join(daemon.version for daemon in there)
    if len(there) == len(tried):
        return f"every version tried ({versions})"
    words = [versions]
    if first:
        words.append(f"not yet {tried[first - 1].version}")
    if last + 1 < len(tried):
        words.append(f"no longer {tried[last + 1].version}")
    return ", ".join(words)


def _table(of: Findings) -> Iterator[str]:
    found = {(result.rule.id, result.daemon): result for result in of.results}
    yield ""
    yield "## Rules and daemons"
    yield ""
    yield "How many verdicts say that a rule was kept, or how many of all that it deviates."
    yield ""
    yield "| rule | level | " + " | ".join(daemon.name for daemon in of.daemons) + " |"
    yield "|---|---|" + "---|" * len(of.daemons)
    for rule in dict.fromkeys(result.rule for result in of.results):
        cells = (standing(found.get((rule.id, daemon.name))) for daemon in of.daemons)
        yield f"| {rule.id} | {rule.level} | " + " | ".join(cells) + " |"
    for name, figures in (
        ("examples", [str(daemon.scenarios) for daemon in of.daemons]),
        ("pulls", [str(daemon.pulls) for daemon in of.daemons]),
        ("seconds", [f"{daemon.seconds:.0f}" for daemon in of.daemons]),
    ):
        yield f"| *{name}* | | " + " | ".join(figures) + " |"
    silent = [rule for rule in dict.fromkeys(r.rule.id for r in of.results) if not _exercised(of, rule)]
    yield ""
    yield f"Not exercised on any daemon: {', '.join(silent) or 'none'}. Seconds are those of the tests, added up."


def _exercised(of: Findings, rule: str) -> list[str]:
    """The daemons on which a rule was exercised."""
    return [result.daemon for result in of.results if result.rule.id == rule and result.status in EXERCISED]


def _errors(of: Findings) -> Iterator[str]:
    """What people are told when nobody can serve a pull."""
    yield ""
    yield "## What people are told when nobody can serve an image"
    yield ""
    yield "By what is wrong with Docker Hub's answer and with the mirrors'; the last columns say whether the error"
    yield "names the image, Docker Hub's trouble, and the mirrors' trouble. First how often it does, of all the kinds:"
    yield ""
    yield "| daemon | names the image | names Docker Hub's trouble | names the mirrors' |"
    yield "|---|---|---|---|"
    for daemon in of.daemons:
        said = [told for told in of.told if told.daemon == daemon.name]
        naming = ([t.names_image for t in said], [t.names_hub for t in said], [t.names_mirrors for t in said])
        yield f"| {daemon.name} | " + " | ".join(f"{sum(yes)} of {len(yes)}" for yes in naming) + " |"
    yield ""
    yield "| Docker Hub | mirrors | daemons | the error | image | Hub's | mirrors' |"
    yield "|---|---|---|---|---|---|---|"
    groups: dict[tuple[str, str, bool, bool, bool], list[Told]] = {}
    for told in of.told:
        key = (told.hub, told.mirrors, told.names_image, told.names_hub, told.names_mirrors)
        groups.setdefault(key, []).append(told)
    for (hub, mirrors, *named), alike in sorted(groups.items()):
        names = {told.daemon for told in alike}
        daemons = ", ".join(daemon.name for daemon in of.daemons if daemon.name in names)
        daemons = "all" if len(names) == len(of.daemons) else daemons
        sentence = _cut(min((told.sentence for told in alike), key=lambda said: (len(said), said)))
        answers = " | ".join("yes" if there else "**no**" for there in named)
        yield f"| {hub} | {mirrors} | {daemons} | {cell(sentence)} | {answers} |"


def _cut(sentence: str) -> str:
    return sentence if len(sentence) <= _MOST_WORDS else f"{sentence[:_MOST_WORDS].rstrip()} ..."
