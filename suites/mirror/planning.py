"""What a mirror would be asked, and which rules that is for, found out without asking anything."""

from collections.abc import Iterable, Iterator, Sequence

from fixtures.mirrors.daemons import Clients
from fixtures.mirrors.playing import Names, lacking, target
from fixtures.mirrors.scenario import Ask
from fixtures.mirrors.subject import MirrorSubject
from fixtures.mirrors.visiting import Manners
from fixtures.profiles import Profile
from report.text import number
from suites.mirror.outside import HALF, Visit, as_if_compared, imagined, itinerary, unseen
from suites.mirror.trial import Trial

_NOTHING = "This would be asked; nothing is asked now."


def plan(
    subject: MirrorSubject, chosen: Sequence[Trial], wanted: Sequence[str], waited: float, daemons: Sequence[Profile]
) -> Iterator[str]:
    """The trials of a mirror whose upstream is our Hub, and what cannot be observed."""
    yield _NOTHING
    yield f"mirror  {subject.name} at {subject.url}, a {subject.profile} mirror"
    why = {
        trial.name: trial.unfit(subject) or lacking(trial.scenario, subject, waited, "" if daemons else Clients.lack)
        for trial in chosen
    }
    played = [trial for trial in chosen if not why[trial.name]]
    yield f"trials  {len(played)} of {len(chosen)} would be played"
    yield from (f"  {trial.name}: {', '.join(trial.rules)}" for trial in played)
    reasons = {
        rule: f"its trial {why[trial.name]}" for trial in chosen if why[trial.name] for rule in _named(trial, wanted)
    }
    there = {rule for trial in played for rule in _named(trial, wanted)}
    yield from _unseen(
        (rule, reasons.get(rule, "none of these trials is there for it")) for rule in wanted if rule not in there
    )


def plan_outside(
    subject: MirrorSubject, visit: Visit, wanted: Sequence[str], manners: Manners, *, compares: bool
) -> Iterator[str]:
    """Every request to a mirror that is asked from outside, and what cannot be observed.

    What only its answers will tell stands in angle brackets.
    """
    visit = as_if_compared(visit) if compares else visit
    chosen = [trial for trial in itinerary(visit) if not trial.unfit(subject)]
    asked = sum(isinstance(step, Ask) for trial in chosen for step in trial.scenario.steps) + 1
    yield _NOTHING
    yield f"mirror  {subject.name} at {subject.url}, a {subject.profile} mirror, from outside"
    limit, seconds = number(manners.requests, "request"), asked * manners.pause
    yield f"limits  {limit} of any kind, {manners.pause:g} s apart, and blobs of {manners.blob_bytes} bytes"
    yield f"asks    {number(asked, 'request')} and what tokens and redirects take, in {seconds:g} s or more"
    heads = [f"HEAD {image.name}" for image in visit.images]
    yield (
        f"hub     Docker Hub is asked {', '.join(heads)}, and for a token each"
        if compares
        else "hub     is asked nothing"
    )
    names = Names("", dict(imagined(visit).contents), {})
    yield "  GET /v2/"
    for trial in chosen:
        yield f"{trial.name}: {', '.join(trial.rules)}"
        yield from (f"  {_request(step, names)}" for step in trial.scenario.steps if isinstance(step, Ask))
    yield from (f"{rule} is seen in part: {half}" for rule, half in HALF.items() if rule in wanted)
    there = {rule for trial in chosen for rule in _named(trial, wanted)}
    yield from _unseen((rule, unseen(rule)) for rule in wanted if rule not in there)


def _request(step: Ask, names: Names) -> str:
    sent = "".join(f"  {name}: {names.header(value)}" for name, value in step.headers)
    return f"{step.method} {target(step, names)}{sent}"


def _named(trial: Trial, wanted: Sequence[str]) -> list[str]:
    """The rules of a trial, and all variants of those that it names without one."""
    return [rule for rule in wanted if rule in trial.rules or rule.partition("/")[0] in trial.rules]


def _unseen(reasons: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Rules by the reason why they are not observable."""
    found: dict[str, list[str]] = {}
    for rule, reason in reasons:
        found.setdefault(reason, []).append(rule)
    if found:
        yield "not observable:"
    yield from (f"  {', '.join(rules)}: {reason}" for reason, rules in found.items())
