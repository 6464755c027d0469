"""What there is to tell of a run, kind by kind: failures, warnings, deviations, with the cases that show them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from report import attribution, wording
from report.diagram import judged, offending, scenes
from report.exchanges import sequence
from report.folding import daemons, entries, explained
from report.marks import MARKS, Mark
from report.results import Example, Known, RuleResult, Run
from report.standing import sentence, word
from report.text import inert, number
from report.vector import Picture, picture
from report.words import Taken
from suites.verdict import Rule

_PIECE = re.compile(r"(?P<link>https?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]])|`(?P<code>[^`]+)`")


@dataclass(frozen=True)
class Piece:
    """A part of a sentence; a link's text is its address."""

    kind: Literal["text", "link", "code"]
    text: str


@dataclass(frozen=True)
class Case:
    """A scenario that shows something, with what became of it."""

    subject: str
    found: tuple[str, ...]
    model: str
    arranged: list[tuple[str, str]]
    steps: list[Taken]
    scenes: list[tuple[str, Picture | None]]
    wire: list[str]
    replay: str


@dataclass(frozen=True)
class Entry:
    """Something to tell: a failure, a deviation, a warning. ``whose`` says whose it is and what it weighs.
    ``withheld``: its cases are not for everybody's eyes.
    """

    section: str
    mark: Mark
    title: str
    rules: tuple[Rule, ...]
    daemons: str
    reason: str = ""
    advice: str = ""
    documents: str = ""
    reports: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    withheld: bool = False
    whose: str = ""

    @property
    def titled(self) -> bool:
        """Whether its title is what all of its rules say."""
        return all(sentence(rule) == self.title for rule in self.rules)


@dataclass(frozen=True)
class Chapter:
    """Entries of one kind."""

    id: str
    title: str
    lead: str
    entries: tuple[Entry, ...]


def pieces(text: str) -> list[Piece]:
    """A sentence in parts: addresses of web pages are links, what stands between backticks is code."""
    text = inert(text)
    found: list[Piece] = []
    end = 0
    for match in _PIECE.finditer(text):
        kind: Literal["link", "code"] = "link" if match["link"] else "code"
        found += [Piece("text", text[end : match.start()]), Piece(kind, match[kind])]
        end = match.end()
    return [piece for piece in (*found, Piece("text", text[end:])) if piece.text]


def chapters(run: Run) -> Iterator[Chapter]:
    """All that there is to tell, kind by kind; a chapter may be empty."""
    yield Chapter(
        "failures", "Failures", "Rules that MUST be kept, and were broken in a way that nobody knew.", _failures(run)
    )
    yield Chapter("errors", "Rules in error", "Neither kept nor broken: the judge or the lab failed.",
                  _grouped(run, "ERROR", "error"))  # fmt: skip
    yield Chapter("warnings", "Warnings", "Rules that SHOULD be kept, and were not.",
                  _grouped(run, "warn", "warning"))  # fmt: skip
    yield Chapter(
        "deviations",
        "Known deviations",
        "Broken, known and explained, with what to do about it. They do not change the verdict.",
        _deviations(run),
    )
    yield Chapter("notes", "Notes", "No rule is broken by these; they are worth knowing.",
                  _grouped(run, "note", "note"))  # fmt: skip
    yield Chapter("unseen", "Not observable here", "What could not be seen, or not in the rule's own way, and why.",
                  _unseen(run))  # fmt: skip


def _failures(run: Run) -> tuple[Entry, ...]:
    groups, brief = explained(result for result in run.results if word(result) == "FAIL")
    elsewhere = [result for results in brief.values() for result in results]
    found: list[Entry] = []
    for cases in groups:
        rules = tuple(dict.fromkeys(rule for _, rule in cases))
        reasons = {(rule.id, example.verdict.reason) for example, rule in cases}
        alike = [result.daemon for result in elsewhere if (result.rule.id, result.reason) in reasons]
        where = daemons(run, list(dict.fromkeys([_where(run, cases), *alike])))
        section = f"failure-{len(found) + 1}"
        whose = "; ".join(dict.fromkeys(attribution.attribution(rule, example).sentence for example, rule in cases))
        found.append(Entry(section, MARKS["FAIL"], _title(rules), rules, where, cases=(_case(cases),), whose=whose))
    for result in brief.get("", ()):
        section, title = f"failure-{len(found) + 1}", _title((result.rule,))
        whose = attribution.told([result])
        found.append(Entry(section, MARKS["FAIL"], title, (result.rule,), result.daemon, result.reason, whose=whose))
    return tuple(found)


def _where(run: Run, cases: Sequence[tuple[Example, Rule]]) -> str:
    """The daemon whose examples these are."""
    return next(result.daemon for result in run.results if result.example is cases[0][0])


def _grouped(run: Run, name: str, kind: str) -> tuple[Entry, ...]:
    """Entries of what shares a reason, each with the case of its first example."""
    found: list[Entry] = []
    results = [result for result in run.results if word(result) == name]
    for reason, alike in entries(results).items():
        rules = tuple({result.rule.id: result.rule for result in alike}.values())
        where = daemons(run, list(dict.fromkeys(result.daemon for result in alike)))
        cases = tuple(_case([(one.example, one.rule)]) for one in alike if one.example)[:1]
        section, whose = f"{kind}-{len(found) + 1}", attribution.told(alike)
        found.append(Entry(section, MARKS[name], _title(rules), rules, where, reason, cases=cases, whose=whose))
    return tuple(found)


def _unseen(run: Run) -> tuple[Entry, ...]:
    """An entry for each reason why something could not be observed, or in another way."""
    results = [result for result in run.results if result.is_remarkable]
    found: list[Entry] = []
    for reason, alike in entries(results).items():
        rules = tuple({result.rule.id: result.rule for result in alike}.values())
        where = daemons(run, list(dict.fromkeys(result.daemon for result in alike)))
        title = reason.removeprefix("not observable: ")
        sentence = f"{title[:1].upper()}{title[1:].rstrip('.')}."
        found.append(Entry(f"unseen-{len(found) + 1}", MARKS[word(alike[0])], sentence, rules, where))
    return tuple(found)


def _title(rules: Sequence[Rule]) -> str:
    """The sentence that was not kept; of several, how many they are."""
    sentences = {sentence(rule) for rule in rules}
    return sentences.pop() if len(sentences) == 1 else f"{number(len(rules), 'rule')} broken by one scenario"


def _deviations(run: Run) -> tuple[Entry, ...]:
    """An entry for each cause, with its smallest case of each image store."""
    causes: dict[object, list[tuple[RuleResult, Known]]] = {}
    for result in run.results:
        for known in result.deviations:
            causes.setdefault(known.cause, []).append((result, known))
    found: list[Entry] = []
    for of_cause in causes.values():
        cause = of_cause[0][1].cause
        rules = tuple({result.rule.id: result.rule for result, _ in of_cause}.values())
        where = [daemon.name for daemon in run.daemons if any(r.daemon == daemon.name for r, _ in of_cause)]
        cases = [] if cause.withheld else _smallest([(k.example, r.rule) for r, k in of_cause if k.example])
        found.append(
            Entry(
                section=f"deviation-{len(found) + 1}",
                mark=MARKS["deviation"],
                title=cause.title or cause.reason,
                rules=rules,
                daemons=daemons(run, where),
                reason=cause.reason if cause.title else "",
                advice=cause.advice,
                documents=cause.documents,
                reports=cause.reports,
                cases=tuple(_case([one]) for one in cases),
                withheld=cause.withheld,
                whose=attribution.told(result for result, _ in of_cause),
            )
        )
    return tuple(found)


def _smallest(cases: Iterable[tuple[Example, Rule]]) -> list[tuple[Example, Rule]]:
    best: dict[str, tuple[Example, Rule]] = {}
    for example, rule in cases:
        store = example.history.store
        if store not in best or len(example.history.exchanges) < len(best[store][0].history.exchanges):
            best[store] = (example, rule)
    return list(best.values())


def _case(cases: Sequence[tuple[Example, Rule]]) -> Case:
    first, _ = cases[0]
    history = first.history
    drawn = [(scene, sequence(history, scene.outcome, scene.marked, scene.lanes)) for scene in scenes(cases)]
    several = len({rule.id for _, rule in cases}) > 1
    return Case(
        subject=wording.subject(first),
        found=tuple(dict.fromkeys(_found(example, rule, several) for example, rule in cases)),
        model=next((example.model.sentence for example, _ in cases if example.model), ""),
        arranged=wording.arranged(first),
        steps=wording.taken(first, judged(cases)),
        scenes=[
            (f"Step {scene.outcome.step + 1}: {scene.said}".removesuffix(": "), picture(found) if found else None)
            for scene, found in drawn
        ],
        wire=offending(cases),
        replay=wording.again(first),
    )


def _found(example: Example, rule: Rule, several: bool) -> str:
    verdict = example.verdict
    parts = (rule.id if several else "", verdict.variant, verdict.reason)
    return ": ".join(filter(None, parts))
