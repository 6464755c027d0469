"""The findings of a run, read from its report directory: what ``docs/findings.md`` is made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fixtures.errors import UsageError
from fixtures.profiles import Profile
from report.findings import Finding, Findings
from report.jsonreport import FORMAT
from report.results import Daemon, Example, RuleResult, Told
from suites.catalogue import rules
from suites.deviations import Deviation
from suites.saved import SCENARIOS, evidence, read_history, read_scenario
from suites.verdict import Rule, Status, Verdict


@dataclass(frozen=True)
class _Example:
    id: str
    variant: str
    reason: str
    step: int
    exchanges: tuple[int, ...]


@dataclass(frozen=True)
class _Known:
    reason: str
    example: _Example | None


@dataclass(frozen=True)
class _Result:
    rule: Rule
    daemon: str
    status: Status
    verdicts: dict[str, int]
    deviations: tuple[_Known, ...] = ()


@dataclass(frozen=True)
class _Report:
    format: str
    command: str
    started: str
    daemons: tuple[Daemon, ...]
    results: tuple[_Result, ...]
    told: tuple[Told, ...] = field(default=())


_REPORT = TypeAdapter(_Report)


def findings_of(files: Sequence[Path], deviations: tuple[Deviation, ...], profiles: tuple[Profile, ...]) -> Findings:
    """What runs found: of each daemon, what the last of their ``report.json`` says that has it. The examples' scenarios
    and histories are read from the directories of these.

    Raises:
        UsageError: a file cannot be read, or is no report of this version.
    """
    reports = [(_read(file), file.parent) for file in files]
    last = {daemon.name: (daemon, report, at) for report, at in reports for daemon in report.daemons}
    order = [profile.name for profile in profiles]
    names = sorted(last, key=lambda name: order.index(name) if name in order else -1)
    results = [(result, at) for name in names for result, at in _of(name, *last[name][1:])]
    return Findings(
        commands=tuple(dict.fromkeys(report.command for report, _ in reports)),
        day=reports[-1][0].started.partition("T")[0],
        daemons=tuple(replace(last[name][0], version=last[name][0].version.partition("+")[0]) for name in names),
        results=tuple(_result(result) for result, _ in results),
        told=tuple(told for name in names for told in last[name][1].told if told.daemon == name),
        findings=tuple(_finding(entry, results, names) for entry in deviations),
    )


def _read(file: Path) -> _Report:
    try:
        report = _REPORT.validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"The report {file} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "its start"
        raise UsageError(f"The report {file} is wrong at {place}: {first['msg']}.") from error
    if report.format != FORMAT:
        raise UsageError(
            f"The report {file} has the format {report.format!r}, not {FORMAT!r}: make it anew with a run."
        )
    return report


def _result(result: _Result) -> RuleResult:
    counts = result.verdicts
    return RuleResult(
        rule=result.rule,
        daemon=result.daemon,
        status=result.status,
        passed=counts["passed"],
        failed=counts["failed"],
        deviated=counts["deviated"],
        errors=counts["errors"],
    )


def _of(name: str, report: _Report, at: Path) -> list[tuple[_Result, Path]]:
    return [(result, at) for result in report.results if result.daemon == name]


def _finding(entry: Deviation, results: Sequence[tuple[_Result, Path]], names: Sequence[str]) -> Finding:
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


def _case(example: _Example, directory: Path) -> Example:
    saved = evidence(example.id, directory)
    verdict = Verdict("", "fail", example.step, example.variant, example.reason, example.exchanges)
    return Example(example.id, read_scenario(saved / "scenario.json"), read_history(saved / "history.json"), verdict)
