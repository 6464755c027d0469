"""The findings of a run, read from its report directory: what ``docs/findings.md`` is made of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixtures.profiles import Profile
from report.findings import Finding, Findings
from report.results import Example
from suites.catalogue import rules
from suites.deviations import Deviation
from suites.reported import ReportedExample, ReportedResult, read_report
from suites.saved import SCENARIOS, evidence, read_history, read_scenario
from suites.verdict import Verdict


def findings_of(files: Sequence[Path], deviations: tuple[Deviation, ...], profiles: tuple[Profile, ...]) -> Findings:
    """What runs found: of each daemon, what the last of their ``report.json`` says that has it. The examples' scenarios
    and histories are read from the directories of these.

    Raises:
        UsageError: a file cannot be read, or is no report of this version.
    """
    reports = [(read_report(file), file.parent) for file in files]
    last = {daemon.name: (daemon, report, at) for report, at in reports for daemon in report.daemons}
    order = [profile.name for profile in profiles]
    names = sorted(last, key=lambda name: order.index(name) if name in order else -1)
    results = [(result, last[name][2]) for name in names for result in last[name][1].of(name)]
    return Findings(
        commands=tuple(dict.fromkeys(report.command for report, _ in reports)),
        day=reports[-1][0].day,
        daemons=tuple(replace(last[name][0], version=last[name][0].version.partition("+")[0]) for name in names),
        results=tuple(result.result for result, _ in results),
        told=tuple(told for name in names for told in last[name][1].told if told.daemon == name),
        findings=tuple(_finding(entry, results, names) for entry in deviations),
    )


def _finding(entry: Deviation, results: Sequence[tuple[ReportedResult, Path]], names: Sequence[str]) -> Finding:
    """What is known of a deviation. Where no run has shown it, it is of the daemons that the entry speaks of."""
    shown = [
        (result.daemon, known.example, at)
        for result, at in results
        for known in result.deviations
        if result.rule.id in entry.rules and known.reason == entry.reason
    ]
    seen = {daemon for daemon, _, _ in shown}
    there = tuple(name for name in names if (name in seen if seen else entry.concerns(name)))
    cases = [(example, at) for daemon, example, at in shown if example and daemon == there[-1]]
    return Finding(
        cause=entry.cause,
        rules=tuple(rules()[rule] for rule in entry.rules),
        daemons=there,
        case=_case(*cases[0]) if cases and entry.evidence else None,
        scenario=_in_repository(entry.evidence) if entry.evidence else "",
        seen=bool(seen),
    )


def _in_repository(evidence: Path) -> str:
    root = SCENARIOS.parents[1]
    return str(evidence.relative_to(root) if evidence.is_relative_to(root) else evidence)


def _case(example: ReportedExample, directory: Path) -> Example:
    saved = evidence(example.id, directory)
    verdict = Verdict("", "fail", example.step, example.variant, example.reason, example.exchanges)
    return Example(example.id, read_scenario(saved / "scenario.json"), read_history(saved / "history.json"), verdict)
