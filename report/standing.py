"""What every report calls the state of a rule, a daemon and a whole run."""

from itertools import pairwise

from report.folding import split
from report.results import EXERCISED, Daemon, RuleResult, Run
from report.text import inert, number
from suites.verdict import Level, Rule

NO_DAEMON = "a model was tried here, not a daemon. This says nothing about any dockerd."
LEGEND = {
    "warn": "SHOULD not met",
    "note": "worth knowing",
    "dev": "deviation, a known failure",
    "n/a": "nothing to judge",
    "-": "not exercised",
}
_FAILING: dict[Level, str] = {"MUST": "FAIL", "SHOULD": "warn", "INFO": "note"}


def word(result: RuleResult) -> str:
    """A status in one word; a failure is called by what it means at the rule's level."""
    match result.status:
        case "fail":
            return _FAILING[result.rule.level]
        case "not applicable":
            return "n/a"
        case "not exercised":
            return "-"
        case "error":
            return "ERROR"
        case status:
            return status


def label(result: RuleResult) -> str:
    """A status as short as a cell of the matrix needs it."""
    name = word(result)
    return "dev" if name == "deviation" else name


def cell(result: RuleResult) -> str:
    """A status with how many verdicts say so, as the matrix has it."""
    match word(result):
        case "pass":
            return f"pass {result.passed}"
        case "deviation":
            return f"{label(result)} {result.deviated}/{result.judged}"
        case "FAIL" | "warn" | "note" as name:
            return f"{name} {result.failed}/{result.judged}"
        case name:
            return name


def labels(rules: tuple[Rule, ...]) -> dict[str, str]:
    """What the matrix calls each rule: of the variants of one rule, only the first by its whole id."""
    named = {rule.id: inert(rule.id) for rule in rules[:1]}
    for before, rule in pairwise(rules):
        base, variant = split(rule.id)
        further = variant and before.subject == rule.subject and split(before.id)[0] == base
        named[rule.id] = f"  /{inert(variant)}" if further else inert(rule.id)
    return named


def sentence(rule: Rule) -> str:
    """What a rule says, without the variant that its id names already."""
    return inert(rule.title.removesuffix(f" ({split(rule.id)[1]})"))


def full_name(daemon: Daemon) -> str:
    """A daemon with its version and image store."""
    shown = details(daemon)
    return f"{daemon.name} ({shown})" if shown else daemon.name


def details(daemon: Daemon) -> str:
    """A daemon's version and image store, or a mirror's profile."""
    return ", ".join(filter(None, [daemon.version, f"{daemon.store} store" if daemon.store else ""]))


def conclusion(run: Run) -> str:
    """What a run comes to, in a sentence or two."""
    exercised = {result.rule.id for result in run.results if result.status in EXERCISED}
    failures = [result for result in run.results if word(result) == "FAIL"]
    in_error = {result.rule.id for result in run.results if result.status == "error"}
    subjects = number(len(run.daemons), "subject")
    tested = f"{len(exercised)} of {number(len(run.rules), 'rule')} exercised"
    parts = []
    if run.problems:
        parts.append(f"the run had {number(len(run.problems), 'problem')}")
    if in_error:
        parts.append(f"{number(len(in_error), 'rule')} in error")
    if failures:
        failed, on = {result.rule.id for result in failures}, {result.daemon for result in failures}
        parts.append(f"{number(len(failed), 'MUST rule')} failed, on {len(on)} of {subjects}")
    parts.append(tested if failures else f"{tested} on {subjects}")
    return "; ".join(parts) + "."
