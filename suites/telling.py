"""What the judge says of one history, told to a person step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from fixtures.errors import LabError, UsageError
from fixtures.history import History
from fixtures.scenario import Scenario
from report.diagram import explain_together, named
from report.github import annotations
from report.results import Example, Run, exit_code
from report.terminal import TerminalReport
from report.write import save, write
from suites import actions, catalogue
from suites.deviations import Deviation
from suites.judge import judge
from suites.opinion import with_opinion
from suites.tally import example_of
from suites.verdict import Rule, Verdict


@dataclass(frozen=True)
class Judged:
    """A history that was judged. ``heading`` is a line on what was on trial, ``subject`` its name, ``book`` the rules,
    and ``example`` makes evidence of a verdict. ``failed`` are sentences on the steps that did not end well.
    """

    heading: str
    subject: str
    verdicts: tuple[Verdict, ...]
    book: dict[str, Rule]
    example: Callable[[Verdict], Example]
    failed: tuple[str, ...] = ()


def judged(scenario: Scenario, history: History) -> Judged:
    """A daemon's history, judged."""
    return Judged(
        heading=named(history),
        subject=history.daemon,
        verdicts=judge(scenario, history),
        book=catalogue.rules(),
        example=lambda verdict: example_of(scenario, history, verdict),
        failed=tuple(f"Step {o.step + 1} failed: {o.error}" for o in history.outcomes if o.result != "ok"),
    )


@actions.guarded()
def tell(of: Judged, name: str, known: tuple[Deviation, ...], output: Console) -> int:
    """Print what the judge says, and explain what was broken, as the example of this name; the exit code follows.

    Raises:
        UsageError: the judge says nothing.
    """
    if not of.verdicts:
        raise UsageError(" ".join(("No rule applies to this scenario, so there is nothing to judge.", *of.failed)))
    output.print(of.heading, soft_wrap=True)
    failed: list[Example] = []
    for verdict in sorted(of.verdicts, key=lambda verdict: verdict.step):
        reasons = [entry.cause.told for entry in known if entry.explains(of.subject, verdict)]
        ruling, said = _told(verdict, of.book), verdict.reason
        if verdict.ruling == "fail" and reasons:
            ruling, said = "deviation", " ".join(reasons)
        elif verdict.ruling == "fail":
            failed.append(replace(of.example(verdict), id=name))
        output.print(f"  step {verdict.step + 1}  {verdict.rule}  {ruling}: {said}", soft_wrap=True)
    if failed:
        _explain(failed, of.book, output)
    if any(verdict.ruling == "error" for verdict in of.verdicts):
        return LabError.exit_code
    return int(any(of.book[example.verdict.rule].level == "MUST" for example in failed))


def deliver(finished: Run, report: Path, output: Console) -> int:
    """Print a run, write its reports, and give GitHub its annotations; the exit code follows. Raises ReportError."""
    with actions.guarded():
        output.print(TerminalReport(finished))
    write(finished, report)
    actions.say(annotations(finished))
    return exit_code(finished)


@actions.guarded()
def save_smaller(of: Judged, found: Sequence[Verdict], report: Path, output: Console) -> Path:
    """Save a scenario that was made smaller under one id, with all that it breaks, and explain it."""
    examples = [replace(of.example(verdict), id=of.example(found[0]).id) for verdict in found]
    folder = save(_cases(examples, of.book), report)
    _explain(examples, of.book, output)
    return folder


def _explain(examples: Sequence[Example], book: dict[str, Rule], output: Console) -> None:
    """Rules that one scenario broke, explained together."""
    output.print()
    output.print("\n".join(explain_together(_cases(examples, book), output.width)), soft_wrap=True)


def _cases(examples: Sequence[Example], book: dict[str, Rule]) -> list[tuple[Example, Rule]]:
    return [(with_opinion(example), book[example.verdict.rule]) for example in examples]


def _told(verdict: Verdict, book: dict[str, Rule]) -> str:
    """A verdict in one word: what is no MUST does not fail, as in a report."""
    if verdict.ruling == "fail":
        return {"MUST": "FAIL", "SHOULD": "warn", "INFO": "note"}[book[verdict.rule].level]
    return verdict.ruling if verdict.ruling == "pass" else verdict.ruling.upper()
