"""CONFIG: whether wrong settings are refused, and named, by a start, a reload and a check that agree."""

from collections.abc import Iterator

from fixtures.history import Container, History, Outcome
from fixtures.scenario import Configure, Reload, Scenario, Start, Step, Validate
from suites.documented import Mistake, Reading
from suites.rules.configuration import listed, normalised
from suites.rules.finding import Finding, HistoryRule
from suites.timeline import Situation, reading_of, situations

_NO_CHECK = "unknown flag: --validate"


def reloads_are_in_force(scenario: Scenario, history: History) -> Iterator[Finding]:
    shown = labels = None
    for step, situation, outcome in situations(scenario, history):
        if isinstance(step, Configure | Reload):
            reading = _reloaded(step, situation)
            if reading.certain and reading.mistakes:
                yield _kept_as_they_were(reading.mistakes[0], (shown, labels), outcome)
            elif reading.certain:
                yield _taken(reading, outcome)
        if outcome.shown is not None:
            shown, labels = outcome.shown, outcome.labels


def _reloaded(step: Configure | Reload, situation: Situation) -> Reading:
    if isinstance(step, Reload):
        return reading_of(situation, step)
    return Reading(step.mirrors or (), "file" if step.mirrors is not None else "")


def _taken(reading: Reading, outcome: Outcome) -> Finding:
    wanted = normalised(reading.mirrors)
    variant = "reload" if reading.by else "reload without the key"
    if outcome.result != "ok":
        return Finding(False, f"a good file was not reloaded: {outcome.error}", variant=variant, step=outcome.step)
    if outcome.shown != wanted:
        reason = f"after a reload, /info shows {listed(outcome.shown)}, and configured is {listed(wanted)}"
        return Finding(False, reason, variant=variant, step=outcome.step)
    return Finding(True, f"a reload is in force: {listed(wanted)}", variant=variant, step=outcome.step)


def _kept_as_they_were(mistake: Mistake, before: tuple[object, object], outcome: Outcome) -> Finding:
    """What is wrong with what became of a bad file. What was never seen before a reload cannot have changed."""
    variant = f"bad {mistake.case}"
    what = f"a bad file ({mistake.kind})"
    if outcome.result == "ok":
        reason = f"{what} was reloaded, and nothing said of it: /info shows {listed(outcome.shown)}"
        return Finding(False, reason, variant=variant, step=outcome.step)
    for name, was, now in zip(("mirrors", "labels"), before, (outcome.shown, outcome.labels), strict=True):
        if was is not None and now != was:
            reason = f"{what} was refused in a reload, and has changed the {name} from {was} to {now}"
            return Finding(False, reason, variant=f"{variant}, in part", step=outcome.step)
    if not outcome.error:
        return Finding(False, f"{what} was refused in a reload, and nothing logged", variant=variant, step=outcome.step)
    return Finding(True, f"{what} changes nothing, and is logged: {outcome.error}", variant=variant, step=outcome.step)


def reloads(scenario: Scenario, history: History) -> Iterator[Finding]:
    yield from reloads_are_in_force(scenario, history)
    yield from containers_run_on(scenario, history)


def containers_run_on(scenario: Scenario, history: History) -> Iterator[Finding]:
    """Where no container ran and answered before a reload, there is nothing to judge."""
    before: Container | None = None
    for step, _, outcome in situations(scenario, history):
        now = outcome.container
        if isinstance(step, Configure | Reload) and now and before and before.state == "running" and before.count:
            variant = "containers" if outcome.result == "ok" else "containers: bad file"
            wrong = _stopped(before, now)
            reason = wrong or f"over a reload, the container ran on as process {now.pid}, and went on to {now.count}"
            yield Finding(not wrong, reason, variant=variant, step=outcome.step)
        before = now or before


def _stopped(before: Container, now: Container) -> str:
    """What has become of a container that ran; nothing, where it runs on."""
    if now.state != "running":
        return f"a reload has ended the container: it is {now.state}"
    for name, was, so in (
        ("id", before.id, now.id),
        ("start", before.started, now.started),
        ("process", before.pid, now.pid),
    ):
        if was != so:
            return f"after a reload, another container runs: its {name} was {was}, and is {so}"
    if now.count is None:
        return "after a reload, the container runs, and what it does does not go on: its program does not answer"
    if before.count is not None and now.count <= before.count:
        return f"after a reload, the container's program has begun anew: it had counted to {before.count}"
    return ""


def check_agrees_with_start(scenario: Scenario, history: History) -> Iterator[Finding]:
    """A daemon without ``--validate`` has nothing to agree with."""
    checks: dict[Start, Outcome] = {}
    for step, situation, outcome in situations(scenario, history):
        if isinstance(step, Validate) and not _knows_no_check(outcome):
            checks[Start(step.file, step.flags, step.place)] = outcome
        check = checks.get(step) if isinstance(step, Start) else None
        if isinstance(step, Start) and check is not None:
            said = {"ok": "finds good", "failed": "refuses"}[check.result]
            did = {"ok": "starts with", "failed": f"does not start with ({outcome.error})"}[outcome.result]
            kinds = [mistake.case for mistake in reading_of(situation, step).mistakes]
            agreed = check.result == outcome.result
            reason = f"--validate {said} what dockerd {did}"
            yield Finding(agreed, reason, variant=kinds[0] if kinds else "no mistake", step=outcome.step)


def knows_no_check(history: History) -> bool:
    """Whether the dockerd of a history has no ``--validate``, which came with 23.0."""
    return any(_knows_no_check(outcome) for outcome in history.outcomes)


def _knows_no_check(outcome: Outcome) -> bool:
    return _NO_CHECK in outcome.error


def _refused(rule: str) -> HistoryRule:
    def judge(scenario: Scenario, history: History) -> Iterator[Finding]:
        for step, situation, outcome in situations(scenario, history):
            mistakes = _mistakes(step, situation)
            if mistakes and {mistake.rule for mistake in mistakes} == {rule}:
                yield _named(mistakes, outcome)

    return judge


def _mistakes(step: Step, situation: Situation) -> tuple[Mistake, ...]:
    """The mistakes for which a start must be refused."""
    reading = reading_of(situation, step) if isinstance(step, Start) else Reading()
    return reading.mistakes if reading.certain else ()


def _named(mistakes: tuple[Mistake, ...], outcome: Outcome) -> Finding:
    kind = mistakes[0].kind
    if outcome.result == "ok":
        reason = f"{_spelled(mistakes)}: dockerd starts with it, and /info shows {listed(outcome.shown)}"
        return Finding(False, reason, variant=kind, step=outcome.step)
    said = outcome.error.casefold()
    if not any(name.casefold() in said for mistake in mistakes for name in mistake.names):
        reason = f"{_spelled(mistakes)}: refused in a sentence that does not name it: {outcome.error}"
        return Finding(False, reason, variant=kind, step=outcome.step)
    return Finding(True, f"refused, and named: {outcome.error}", variant=kind, step=outcome.step)


def _spelled(mistakes: tuple[Mistake, ...]) -> str:
    return f"{mistakes[0].kind} ({mistakes[0].names[0]})"


RULES: dict[str, HistoryRule] = {
    "CONFIG-7": reloads,
    "CONFIG-8": _refused("CONFIG-8"),
    "CONFIG-9": _refused("CONFIG-9"),
    "CONFIG-10": check_agrees_with_start,
    "CONFIG-13": _refused("CONFIG-13"),
    "CONFIG-14": _refused("CONFIG-14"),
}
