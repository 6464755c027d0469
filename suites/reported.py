"""Reports of runs read back: what pages and baselines are made of."""

from dataclasses import dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fixtures.errors import UsageError
from report.jsonreport import FORMAT
from report.results import Daemon, RuleResult, Told
from suites.verdict import Cause, Rule, Status


@dataclass(frozen=True)
class ReportedExample:
    """What a report says of an example. ``trial`` is that of a mirror."""

    id: str
    variant: str
    reason: str
    step: int
    exchanges: tuple[int, ...]
    trial: str = ""


@dataclass(frozen=True)
class ReportedCause(Cause):
    """A cause that a report has of known failures, with the case that shows it."""

    example: ReportedExample | None = None

    @property
    def cause(self) -> Cause:
        """The cause alone, whatever showed it."""
        return Cause(**{field.name: getattr(self, field.name) for field in fields(Cause)})


@dataclass(frozen=True)
class ReportedAttribution:
    """Whose a report says that a failure is."""

    sentence: str


@dataclass(frozen=True)
class ReportedResult:
    """What a report says of a rule on a subject."""

    rule: Rule
    daemon: str
    status: Status
    reason: str
    verdicts: dict[str, int]
    deviations: tuple[ReportedCause, ...] = ()
    example: ReportedExample | None = None
    attribution: ReportedAttribution | None = None

    @property
    def result(self) -> RuleResult:
        """The same with what can be had without the directory of the report."""
        counts = self.verdicts
        return RuleResult(
            rule=self.rule,
            daemon=self.daemon,
            status=self.status,
            passed=counts["passed"],
            failed=counts["failed"],
            deviated=counts["deviated"],
            errors=counts["errors"],
            remark=self.reason,
        )


@dataclass(frozen=True)
class Report:
    """A ``report.json``."""

    format: str
    command: str
    started: str
    tool_version: str
    daemons: tuple[Daemon, ...]
    results: tuple[ReportedResult, ...]
    told: tuple[Told, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def day(self) -> str:
        """The day of the run."""
        return self.started.partition("T")[0]

    def of(self, daemon: str) -> tuple[ReportedResult, ...]:
        """What it says of one subject."""
        return tuple(result for result in self.results if result.daemon == daemon)


_REPORT = TypeAdapter(Report)


def read_report(file: Path) -> Report:
    """Read a ``report.json``.

    Raises:
        UsageError: it cannot be read, or is no report of this version.
    """
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
