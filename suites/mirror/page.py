"""The page of mirrors, read from reports of runs: what ``docs/mirrors.md`` is made of."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fixtures.errors import UsageError
from report.mirrors import Failure, Mirrors, TriedMirror
from report.results import Run
from suites.reported import Report, ReportedExample, ReportedResult, read_report
from suites.verdict import Cause


def mirrors_of(files: Sequence[Path]) -> Mirrors:
    """What runs found of mirrors: of each what the last of their ``report.json`` says that has it.

    Raises:
        UsageError: a file cannot be read, is no report of this version, or is of no mirror.
    """
    last: dict[str, Report] = {}
    for file in files:
        report = read_report(file)
        names = [daemon.name for daemon in report.daemons if daemon.subject == "mirror"]
        if not names:
            raise UsageError(f"The report {file} is of no mirror: `mirror-conformance findings` is for daemons.")
        last |= dict.fromkeys(names, report)
    return Mirrors(tuple(_tried(name, report) for name, report in last.items()))


def _tried(name: str, report: Report) -> TriedMirror:
    (on_trial,) = (daemon for daemon in report.daemons if daemon.name == name)
    results = report.of(name)
    run = Run(
        results=tuple(result.result for result in results),
        daemons=(on_trial,),
        seed=0,
        scenarios=on_trial.scenarios,
        pulls=0,
        seconds=on_trial.seconds,
        started=report.started,
        tool_version=report.tool_version,
        command=report.command,
        problems=report.problems,
    )
    return TriedMirror(run, tuple(_together(_failures(results))))


def _failures(results: Iterable[ReportedResult]) -> Iterator[Failure]:
    for result in results:
        whose = result.attribution.sentence if result.attribution else ""
        for known in result.deviations:
            yield _failure(known.cause, result, whose, known.example, known=True)
        if result.status == "fail":
            yield _failure(Cause(result.reason), result, whose, result.example, known=False)


def _failure(
    cause: Cause, result: ReportedResult, whose: str, example: ReportedExample | None, *, known: bool
) -> Failure:
    shown = example if example and not cause.withheld else None
    return Failure(
        cause=cause,
        rules=(result.rule,),
        whose=whose,
        known=known,
        found=shown.reason.rstrip(".") if shown else "",
        trial=shlex.quote(shown.trial) if shown and shown.trial else "",
    )


def _together(failures: Iterable[Failure]) -> Iterator[Failure]:
    """The failures of one cause as one, which is shown by the first of them; those that are known first."""
    found: dict[tuple[Cause, bool, bool], Failure] = {}
    for failure in failures:
        key = (failure.cause, failure.known, failure.is_note)
        before = found.get(key)
        if before is None:
            found[key] = failure
            continue
        whose = dict.fromkeys((*before.whose.split("; "), failure.whose))
        found[key] = replace(before, rules=(*before.rules, *failure.rules), whose="; ".join(whose))
    yield from sorted(found.values(), key=lambda failure: not failure.known)
