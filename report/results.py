"""What a run yields: the values that every report is a function of."""

from dataclasses import dataclass, field

from fixtures.history import History
from fixtures.scenario import Scenario
from suites.verdict import Rule, Status, Verdict

EXERCISED: frozenset[Status] = frozenset({"pass", "fail", "deviation"})
"""The statuses of a rule that was really put to the test."""


@dataclass(frozen=True)
class Example:
    """The smallest known failing (or deviating) case of a rule on a daemon. ``id`` is what ``replay`` takes."""

    id: str
    scenario: Scenario
    history: History
    verdict: Verdict


@dataclass(frozen=True)
class RuleResult:
    """What a run says of one rule on one daemon.

    ``passed``, ``failed`` ... count verdicts, ``histories`` the plays that these are of. ``deviations`` are the reasons
    that a deviations file gives, when that is the status. ``measures`` holds the least, the median and the greatest of
    each figure.
    """

    rule: Rule
    daemon: str
    status: Status
    passed: int = 0
    failed: int = 0
    deviated: int = 0
    errors: int = 0
    not_applicable: int = 0
    histories: int = 0
    example: Example | None = None
    deviations: tuple[str, ...] = ()
    measures: dict[str, tuple[float, float, float]] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many verdicts say that the rule was kept or not."""
        return self.passed + self.failed + self.deviated

    @property
    def deviation(self) -> str:
        """All that the deviations file has to say, as one text."""
        return " ".join(self.deviations)

    @property
    def reason(self) -> str:
        """Why the status is what it is, where there is anything to say."""
        if self.status == "deviation":
            return self.deviation
        return self.example.verdict.reason if self.example else ""


@dataclass(frozen=True)
class Daemon:
    """One subject of a run, under the name that its results carry."""

    name: str
    version: str
    store: str


@dataclass(frozen=True)
class Coverage:
    """How much of what can befall a daemon a run has put it through.

    A point is a kind of fault at a stage of a pull in a place of the list of mirrors; ``points`` of ``of`` were met.
    ``singles`` (kinds, stages, places) and ``pairs`` of them are those that were never met; ``never`` are situations
    that should come up in a run and did not.
    """

    daemon: str
    points: int
    of: int
    singles: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """A whole run. ``started`` is an ISO 8601 time; each of ``problems`` is one sentence.

    ``results`` come in the order of the catalogue. A problem is a harness error or a broken house rule
    (a stale deviation, say): something that makes the results less than trustworthy.
    """

    results: tuple[RuleResult, ...]
    daemons: tuple[Daemon, ...]
    seed: int
    scenarios: int
    pulls: int
    seconds: float
    started: str
    tool_version: str
    command: str
    problems: tuple[str, ...] = ()
    interrupted: bool = False
    coverage: tuple[Coverage, ...] = ()
    nightly: bool = True
    """Whether what takes long was played, too."""

    def __post_init__(self) -> None:
        """Refuse results that a report could only lose: of daemons that are not listed, or given twice."""
        names = {daemon.name for daemon in self.daemons}
        seen: set[tuple[str, str]] = set()
        for result in self.results:
            key = (result.rule.id, result.daemon)
            if result.daemon not in names:
                raise ValueError(f"{result.rule.id} has a result of {result.daemon!r}, which the run does not list")
            if key in seen:
                raise ValueError(f"{result.rule.id} has two results of {result.daemon!r}")
            seen.add(key)

    def of(self, daemon: str) -> tuple[RuleResult, ...]:
        """The results of one daemon."""
        return tuple(result for result in self.results if result.daemon == daemon)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule of the results once, in their order."""
        return tuple({result.rule.id: result.rule for result in self.results}.values())


MEANINGS: dict[int, str] = {
    0: "conformant",
    1: "not conformant",
    4: "harness error, the results cannot be trusted",
    5: "nothing was tested",
    130: "interrupted",
}
"""What each exit code says."""


def exit_code(run: Run) -> int:
    """The exit code of a run; the first that holds.

    ====  ==========================================================================================
    130   the run was interrupted
    4     a harness error: there are problems, or a rule has the status ``error``
    1     not conformant: a MUST rule failed
    5     no rule was exercised at all
    0     conformant
    ====  ==========================================================================================

    4 comes before 1 because a harness that erred may have caused the failures too. A SHOULD rule that
    fails is a warning and an INFO rule a remark: neither changes the exit code. A deviation does not
    either, being known and explained; nor does what a run never met, or what never happened: it says how much
    the verdicts rest on.
    """
    if run.interrupted:
        return 130
    if run.problems or any(result.status == "error" for result in run.results):
        return 4
    if any(result.status == "fail" and result.rule.level == "MUST" for result in run.results):
        return 1
    if not any(result.status in EXERCISED for result in run.results):
        return 5
    return 0
