"""What a run yields: the values that every report is a function of."""

from dataclasses import dataclass, field
from typing import Literal

from fixtures.history import History
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.profiles import is_model
from fixtures.scenario import Scenario
from suites.verdict import Cause, Rule, Status, Subject, Verdict

EXERCISED: frozenset[Status] = frozenset({"pass", "fail", "deviation"})
"""The statuses of a rule that was really put to the test."""


@dataclass(frozen=True)
class Opinion:
    """What became of a daemon's failure on the model daemon of the same image store, which is a right one.

    The model ``keeps`` the rule, ``breaks`` it as well, leaves it ``silent`` (what the model did is no case for it),
    or could not be tried (``error``). ``reason`` is what the rule says of the model.
    """

    ruling: Literal["keeps", "breaks", "silent", "error"]
    reason: str

    @property
    def sentence(self) -> str:
        """What follows from it, for people."""
        match self.ruling:
            case "keeps":
                return "the model daemon keeps it: the daemon is at fault"
            case "breaks":
                return f"the model breaks it as well ({self.reason}): suspect the rule or the simulator"
            case "silent":
                return "the rule does not apply to what the model did here: the model tells nothing"
            case "error":
                return f"the model could not be tried ({self.reason}): suspect the simulator"


@dataclass(frozen=True)
class Tried:
    """The trial that an example of a mirror is of, by its name. ``history`` of the example is then what can be drawn of
    it: the client's requests and the mirror's, and ``scenario`` is empty.
    """

    name: str
    scenario: MirrorScenario
    history: MirrorHistory


@dataclass(frozen=True)
class Example:
    """The smallest known failing (or deviating) case of a rule on a daemon. ``id`` is what ``replay`` takes.

    ``model`` is what a model makes of it (``None``: it was not asked). ``tried`` is there where a mirror is on trial.
    """

    id: str
    scenario: Scenario
    history: History
    verdict: Verdict
    model: Opinion | None = None
    tried: Tried | None = None


@dataclass(frozen=True)
class Known:
    """A cause that a deviations file gives, with how many verdicts it explains and the smallest of their cases."""

    cause: Cause
    verdicts: int = 0
    example: Example | None = None


@dataclass(frozen=True)
class RuleResult:
    """What a run says of one rule on one daemon.

    ``passed``, ``failed`` ... count verdicts, ``histories`` the plays that these are of. ``deviations`` are the causes
    that a deviations file gives of broken rules. ``measures`` holds the least, the median and the greatest of each
    figure. ``remark`` is why nothing could be observed, or not in the rule's own way.
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
    deviations: tuple[Known, ...] = ()
    measures: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    remark: str = ""

    @property
    def judged(self) -> int:
        """How many verdicts say that the rule was kept or not."""
        return self.passed + self.failed + self.deviated

    @property
    def is_remarkable(self) -> bool:
        """Whether nothing could be observed, or not in the rule's own way, and it is said why."""
        return bool(self.remark) and self.status in {"not applicable", "pass"}

    @property
    def deviation(self) -> str:
        """All that the deviations file has to say, as one text."""
        return " ".join(known.cause.told for known in self.deviations)

    @property
    def reason(self) -> str:
        """Why the status is what it is, where there is anything to say."""
        if self.status == "deviation":
            return self.deviation
        return self.example.verdict.reason if self.example else self.remark


@dataclass(frozen=True)
class Daemon:
    """One subject of a run, under the name that its results carry, and what was played on it.

    ``seconds`` is how long its tests took, added up: two of them may have run at a time.
    """

    name: str
    version: str
    store: str
    scenarios: int = 0
    pulls: int = 0
    seconds: float = 0.0
    subject: Subject = "daemon"

    @property
    def is_model(self) -> bool:
        """Whether it is no daemon at all, but a model of one."""
        return is_model(self.name)


@dataclass(frozen=True)
class Told:
    """What a person is told of a pull that fails because nobody can serve it.

    ``hub`` and ``mirrors`` say in a word why they cannot. ``sentence`` is the daemon's, without what differs from one
    pull to the next. ``names_image``, ``names_hub`` and ``names_mirrors`` say whether it names the image, what
    is wrong with Docker Hub's answer and what is wrong with the mirrors'.
    """

    daemon: str
    hub: str
    mirrors: str
    sentence: str
    names_image: bool
    names_hub: bool
    names_mirrors: bool


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
    told: tuple[Told, ...] = ()
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
    def models(self) -> tuple[str, ...]:
        """The names of those subjects that are models: what is said of them is said of no daemon."""
        return tuple(daemon.name for daemon in self.daemons if daemon.is_model)

    @property
    def only_mirrors(self) -> bool:
        """Whether mirrors alone were on trial, which nobody pulls from with a daemon."""
        return {daemon.subject for daemon in self.daemons} == {"mirror"}

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
