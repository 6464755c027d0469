"""The findings of a run, read from its report directory: what ``docs/findings.md`` is made of."""

from dataclasses import dataclass, field
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


def findings_of(file: Path, deviations: tuple[Deviation, ...], profiles: tuple[Profile, ...]) -> Findings:
    """What a run found. The examples' scenarios and histories are read from the directory of its ``report.json``.

    Raises:
        UsageError: the file cannot be read, or is no report of this version.
    """
    report = _read(file)
    order = [profile.name for profile in profiles]
    daemons = tuple(sorted(report.daemons, key=lambda daemon: order.index(daemon.name) if daemon.name in order else -1))
    return Findings(
        command=report.command,
        day=report.started.partition("T")[0],
        daemons=daemons,
        results=tuple(map(_result, report.results)),
        told=report.told,
        findings=tuple(_finding(entry, report, daemons, file.parent) for entry in deviations),
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


def _finding(entry: Deviation, report: _Report, daemons: tuple[Daemon, ...], directory: Path) -> Finding:
    shown = {
        (result.daemon, result.rule.id): known
        for result in report.results
        for known in result.deviations
        if result.rule.id in entry.rules and known.reason == entry.reason
    }
    withheld = entry.evidence is None
    names = {daemon for daemon, _ in shown}
    there = tuple(daemon.name for daemon in daemons if daemon.name in names)
    known = (
        next((shown[there[-1], rule] for rule in entry.rules if (there[-1], rule) in shown), None) if there else None
    )
    example = None if withheld or known is None else known.example
    return Finding(
        cause=entry.cause,
        rules=tuple(rules()[rule] for rule in entry.rules),
        daemons=there,
        case=_case(example, directory) if example and not withheld else None,
        scenario=_in_repository(entry.evidence) if entry.evidence else "",
    )


def _in_repository(evidence: Path) -> str:
    root = SCENARIOS.parents[1]
    return str(evidence.relative_to(root) if evidence.is_relative_to(root) else evidence)


def _case(example: _Example, directory: Path) -> Example:
    saved = evidence(example.id, directory)
    verdict = Verdict("", "fail", example.step, example.variant, example.reason, example.exchanges)
    return Example(example.id, read_scenario(saved / "scenario.json"), read_history(saved / "history.json"), verdict)
