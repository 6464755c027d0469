"""What mirrors do not keep, as a page for those who run them."""

from collections.abc import Iterator
from dataclasses import dataclass

from report.folding import rules as named
from report.results import RuleResult, Run
from report.standing import word
from report.tables import anchor, cell, explained, promised, reported, standing
from report.text import inert
from suites.verdict import Cause, Rule

_UNSEEN = "not observable"


@dataclass(frozen=True)
class Failure:
    """Rules that a mirror does not keep for one cause. Where that is not ``known``, its reason is a verdict's own.

    ``whose`` says whose it is and what it weighs; ``found`` is a verdict's sentence, and ``trial`` shows it.
    """

    cause: Cause
    rules: tuple[Rule, ...]
    whose: str
    known: bool
    found: str = ""
    trial: str = ""

    @property
    def is_note(self) -> bool:
        """Whether it is for information alone, and nobody had more to say of it."""
        return not self.known and all(rule.level == "INFO" for rule in self.rules)

    @property
    def title(self) -> str:
        """The heading of its section."""
        return self.cause.title or ", ".join(rule.id for rule in self.rules)


@dataclass(frozen=True)
class TriedMirror:
    """A mirror, with its run and what it did not keep."""

    run: Run
    failures: tuple[Failure, ...]

    @property
    def name(self) -> str:
        """What the reports call it."""
        return self.run.daemons[0].name

    def count(self, *words: str) -> int:
        """How many rules are in one of these states."""
        return sum(word(result) in words for result in self.run.results)


@dataclass(frozen=True)
class Mirrors:
    """All that the page is made of."""

    mirrors: tuple[TriedMirror, ...]

    def page(self) -> str:
        """The page, as Markdown."""
        sections = (line for mirror in self.mirrors for line in _mirror(mirror))
        return "\n".join((*_introduction(), *_summary(self), *_table(self), *sections, ""))


def _introduction() -> Iterator[str]:
    yield "# What mirrors of Docker Hub do not keep"
    yield ""
    yield "Each mirror stood before a simulated Docker Hub; a raw client asked it, and real daemons pulled through it"
    yield "(the rules CLIENT-1 to CLIENT-17, with either image store), unless its command says otherwise. What each is,"
    yield "with all its configuration, is in `fixtures/mirrors/known/`, and what is known of it in the baseline beside"
    yield "that; the rules, and where they are promised, are in `suites/mirror/catalogue.toml`. Mend these, and not"
    yield "this page, which `mirror-conformance mirrors REPORT.json` prints of the reports of runs"
    yield "([vendors.md](vendors.md) tells how to make one)."
    yield ""


def _summary(of: Mirrors) -> Iterator[str]:
    yield "## Mirrors"
    yield ""
    yield "How many rules each kept, did not keep, and left nothing to see of; when it was tried, and with which"
    yield "version of `mirror-conformance`."
    yield ""
    yield "| mirror | profile | kept | MUST broken | else not kept | nothing to see | trials | seconds | tried | with |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|---|---|"
    for mirror in of.mirrors:
        run, on_trial = mirror.run, mirror.run.daemons[0]
        must = sum(r.status in {"fail", "deviation"} and r.rule.level == "MUST" for r in run.results)
        figures = (
            mirror.count("pass"),
            must,
            mirror.count("FAIL", "warn", "note", "deviation") - must,
            mirror.count("n/a", "-"),
            on_trial.scenarios,
            round(on_trial.seconds),
        )
        counted = " | ".join(map(str, figures))
        link = f"[{cell(mirror.name)}](#{anchor(mirror.name)})"
        tried = run.started.partition("+")[0].replace("T", " ")
        yield f"| {link} | {on_trial.version} | {counted} | {tried} | {run.tool_version} |"


def _table(of: Mirrors) -> Iterator[str]:
    """A row for each rule that a mirror did not keep."""
    found = {(result.rule.id, mirror.name): result for mirror in of.mirrors for result in mirror.run.results}
    broken = [
        result.rule for mirror in of.mirrors for result in mirror.run.results if result.status in {"fail", "deviation"}
    ]
    order = list(dict.fromkeys(rule.id for mirror in of.mirrors for rule in mirror.run.rules))
    yield ""
    yield "## What was not kept"
    yield ""
    if not broken:
        yield "Every rule was kept by every mirror that it could be observed of."
        return
    yield "How many verdicts say that a rule was kept, or how many of all that it was not: it deviates where that is"
    yield "known and explained. Rules that no mirror was seen to break are left out."
    yield ""
    yield "| rule | level | " + " | ".join(cell(mirror.name) for mirror in of.mirrors) + " |"
    yield "|---|---|" + "---|" * len(of.mirrors)
    for rule in sorted({rule.id: rule for rule in broken}.values(), key=lambda rule: order.index(rule.id)):
        cells = (standing(found.get((rule.id, mirror.name)), _UNSEEN) for mirror in of.mirrors)
        yield f"| {rule.id} | {rule.level} | " + " | ".join(cells) + " |"


def _mirror(of: TriedMirror) -> Iterator[str]:
    yield ""
    yield f"## {inert(of.name)}"
    yield ""
    yield f"Run by `{inert(of.run.command)}`."
    for problem in of.run.problems:
        yield f"The run had a problem: {cell(problem)}"
    if not of.failures:
        yield "Whatever could be observed was kept."
    notes = [failure for failure in of.failures if failure.is_note]
    for failure in of.failures:
        if failure not in notes:
            yield from _failure(failure)
    if notes:
        yield ""
        yield "Worth knowing, though no rule is broken by it:"
        yield ""
        yield from (f"- {note.title}: {cell(note.cause.reason.rstrip('.'))}." for note in notes)
    yield from _unseen(of.run)


def _failure(of: Failure) -> Iterator[str]:
    yield ""
    yield f"### {cell(of.title)}"
    yield ""
    if of.known:
        yield from explained(of.cause)
    else:
        yield f"Nobody has explained this yet. {cell(of.cause.reason)}"
        yield ""
    yield from promised(of.rules)
    yield f"- Whose it is: {of.whose}."
    if of.known and of.found and of.found != of.cause.reason:
        yield f"- Found: {cell(of.found)}."
    if of.cause.documents:
        yield f"- Where its documentation should say so: {of.cause.documents}."
    if of.known:
        yield reported(of.cause)
    if of.trial:
        yield f"- Again: the same command with `--trial {of.trial}`."


def _unseen(run: Run) -> Iterator[str]:
    """Why rules could not be observed."""
    reasons: dict[str, list[RuleResult]] = {}
    for result in run.results:
        if result.status == "not applicable" and result.remark:
            reasons.setdefault(result.remark, []).append(result)
    if not reasons:
        return
    yield ""
    yield "What could not be observed:"
    yield ""
    for reason, alike in reasons.items():
        ids = named(run, [result.rule.id for result in alike])
        yield f"- {ids}: {cell(reason.removeprefix('not observable: '))}."
