"""Tallies: what the verdicts of many histories add up to, small enough to pass between processes."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median

from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.scenario import Pull, Scenario, singly
from report.results import Coverage, Example, Known, RuleResult, Told
from suites.deviations import Deviation
from suites.opinion import with_opinion
from suites.sometimes import SITUATIONS, happened
from suites.space import Point, covered, missing, pairs, singles, space
from suites.told import told_of
from suites.verdict import Cause, Rule, Status, Verdict

_SCENARIO = TypeAdapter(Scenario)


@dataclass(frozen=True)
class Count:
    """The verdicts of one rule on one daemon, and of how many histories they are. ``example`` is the smallest failure,
    or else deviation; ``known`` are the causes of deviations. ``remark`` is why nothing could be observed, or not in
    the rule's own way.
    """

    passed: int = 0
    failed: int = 0
    deviated: int = 0
    errors: int = 0
    histories: int = 0
    known: tuple[Known, ...] = ()
    example: Example | None = None
    measures: dict[str, tuple[float, ...]] = field(default_factory=dict)
    remark: str = ""

    def plus(self, other: "Count") -> "Count":
        """Both counts together."""
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.deviated + other.deviated,
            self.errors + other.errors,
            self.histories + other.histories,
            _together(self.known, other.known),
            _worse(self, other),
            {
                name: (*self.measures.get(name, ()), *other.measures.get(name, ()))
                for name in dict.fromkeys((*self.measures, *other.measures))
            },
            self.remark or other.remark,
        )

    @property
    def status(self) -> Status:
        """What the rule's row says of the daemon."""
        if self.errors:
            return "error"
        if self.failed:
            return "fail"
        if self.deviated:
            return "deviation"
        if self.passed:
            return "pass"
        return "not applicable" if self.remark else "not exercised"


@dataclass(frozen=True)
class Tally:
    """What some histories on one daemon add up to.

    ``refuted`` are sentences on deviations whose own evidence was played and did not deviate. ``covered`` are the
    points of the space that were met, ``happened`` the situations that came up.
    """

    daemon: str = ""
    version: str = ""
    store: str = ""
    scenarios: int = 0
    pulls: int = 0
    counts: dict[str, Count] = field(default_factory=dict)
    refuted: tuple[str, ...] = ()
    told: tuple[Told, ...] = ()
    covered: frozenset[Point] = frozenset()
    happened: frozenset[str] = frozenset()

    def plus(self, other: "Tally") -> "Tally":
        """Both tallies together; they are of one daemon."""
        return Tally(
            daemon=self.daemon or other.daemon,
            version=self.version or other.version,
            store=self.store or other.store,
            scenarios=self.scenarios + other.scenarios,
            pulls=self.pulls + other.pulls,
            counts={
                rule: self.counts.get(rule, Count()).plus(other.counts.get(rule, Count()))
                for rule in dict.fromkeys((*self.counts, *other.counts))
            },
            refuted=tuple(dict.fromkeys((*self.refuted, *other.refuted))),
            told=tuple(dict.fromkeys((*self.told, *other.told))),
            covered=self.covered | other.covered,
            happened=self.happened | other.happened,
        )


TALLY = TypeAdapter(Tally)


def weigh(
    scenario: Scenario, history: History, verdicts: Iterable[Verdict], deviations: tuple[Deviation, ...]
) -> tuple[Tally, tuple[Verdict, ...]]:
    """The tally of one history, and the failures that no deviation explains."""
    pulled = sum(isinstance(step, Pull) for step in singly(scenario.steps))
    tally = Tally(
        *(history.daemon, history.version, history.store, 1, pulled),
        told=tuple(dict.fromkeys(told_of(scenario, history))),
        covered=covered(scenario, history),
        happened=happened(scenario, history),
    )
    unexplained: list[Verdict] = []
    for verdict in verdicts:
        count = counted(verdict, history.daemon, partial(example_of, scenario, history, verdict), deviations)
        if count.failed:
            unexplained.append(verdict)
        histories = int(verdict.rule not in tally.counts and verdict.ruling != "error")
        count = replace(count, histories=histories, remark=verdict.remark)
        tally = tally.plus(Tally(counts={verdict.rule: count}))
    return tally, tuple(unexplained)


def refuted(
    evidence: Path, daemon: str, verdicts: Iterable[Verdict], deviations: tuple[Deviation, ...]
) -> tuple[str, ...]:
    """A sentence for each rule of each deviation that its own evidence no longer shows broken."""
    failed = [verdict for verdict in verdicts if verdict.ruling == "fail"]
    return tuple(
        f"{rule} no longer deviates on {daemon} as {evidence.name} is to show: mend the deviations file."
        for entry in deviations
        if entry.evidence == evidence and entry.concerns(daemon)
        for rule in entry.rules
        if not any(verdict.rule == rule and entry.explains(daemon, verdict) for verdict in failed)
    )


def counted(verdict: Verdict, subject: str, example: Callable[[], Example], deviations: tuple[Deviation, ...]) -> Count:
    """One verdict on a subject, counted: what a deviation explains is none of the failures."""
    measures: dict[str, tuple[float, ...]] = {name: (value,) for name, value in verdict.measure}
    if verdict.ruling == "pass":
        return Count(passed=1, measures=measures)
    if verdict.ruling == "error":
        return Count(errors=1)
    shown = example()
    known = tuple(Known(entry.cause, 1, shown) for entry in deviations if entry.explains(subject, verdict))
    if known:
        return Count(deviated=1, known=known, example=shown, measures=measures)
    return Count(failed=1, example=shown, measures=measures)


def example_of(scenario: Scenario, history: History, verdict: Verdict) -> Example:
    """The case as evidence, under an id that follows from daemon, rule and scenario."""
    key = f"{history.daemon} {verdict.rule} ".encode() + _SCENARIO.dump_json(scenario)
    return Example(hashlib.sha256(key).hexdigest()[:6], scenario, history, verdict)


def result_of(rule: Rule, daemon: str, count: Count) -> RuleResult:
    """The row of a rule in a report; its example is tried on a model, too."""
    return RuleResult(
        rule=rule,
        daemon=daemon,
        status=count.status,
        passed=count.passed,
        failed=count.failed,
        deviated=count.deviated,
        errors=count.errors,
        histories=count.histories,
        example=with_opinion(count.example) if count.example else None,
        deviations=count.known,
        remark=count.remark,
        measures={name: (min(values), median(values), max(values)) for name, values in count.measures.items()},
    )


def _together(one: tuple[Known, ...], other: tuple[Known, ...]) -> tuple[Known, ...]:
    """The causes of both, each with its smallest case."""
    found: dict[Cause, Known] = {}
    for known in (*one, *other):
        before = found.get(known.cause, Known(known.cause))
        examples = [example for example in (before.example, known.example) if example]
        smallest = min(examples, key=_size, default=None)
        found[known.cause] = Known(known.cause, before.verdicts + known.verdicts, smallest)
    return tuple(found.values())


def coverage_of(daemon: str, tally: Tally) -> Coverage:
    """What a report says of how much of the space a daemon was led through."""
    possible = space(tally.store)
    return Coverage(
        daemon=daemon,
        points=len(tally.covered.intersection(possible)),
        of=len(possible),
        singles=missing(tally.store, tally.covered, singles),
        pairs=missing(tally.store, tally.covered, pairs),
        never=tuple(name for name in SITUATIONS if name not in tally.happened),
    )


def _worse(one: Count, other: Count) -> Example | None:
    """The smallest example, of a failure that nobody explains if there is one."""
    either = [count for count in (one, other) if count.example]
    failed = [count for count in either if count.failed] or either
    return min((count.example for count in failed if count.example), key=_size, default=None)


def _size(example: Example) -> tuple[int, int, str]:
    return len(example.scenario.steps), len(_SCENARIO.dump_json(example.scenario)), example.id
