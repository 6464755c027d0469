"""A mirror put on trial: all trials that are for it, played, judged and added up."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Protocol

from pydantic import TypeAdapter

from fixtures.errors import CannotRunError, UsageError
from fixtures.mirrors import wire
from fixtures.mirrors.daemons import Client
from fixtures.mirrors.history import Answer, MirrorHistory
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import Ask, MirrorScenario
from fixtures.mirrors.subject import MirrorSubject, Profile
from fixtures.mirrors.wire import Sent
from fixtures.scenario import Scenario
from report.results import Daemon, Example, Known, RuleResult, Run, Tried
from suites.deviations import Deviation
from suites.mirror.attribution import daemons_own
from suites.mirror.drawing import drawn
from suites.mirror.judge import rules
from suites.mirror.trial import Trial
from suites.mirror.trials import REPOSITORY, TAG, one, trials
from suites.rules.mirror.daemons import PULL_RULES
from suites.tally import Count, counted, result_of
from suites.verdict import Cause, Rule, Verdict

_SCENARIO = TypeAdapter(MirrorScenario)
_PING = 10.0

Progress = Callable[[int, str], None]
"""Is told the number of each trial and its name, before it is played."""


class Playing(Protocol):
    """What plays trials on a mirror."""

    clients: tuple[Client, ...]
    control: Callable[[], MirrorLab] | None

    @property
    def subject(self) -> MirrorSubject: ...

    def lacks(self, scenario: MirrorScenario) -> str:
        """Why a scenario cannot be played, as the end of a sentence that begins with "it"; ``""`` where it can."""

    def play(self, scenario: MirrorScenario) -> MirrorHistory: ...


def check(lab: MirrorLab) -> None:
    """Find out before any trial what would spoil them all.

    Raises:
        CannotRunError: nothing that speaks HTTP answers there.
        UsageError: what answers is no registry, or asks another upstream than our Hub.
    """
    url = lab.subject.url
    refuse_what_is_no_registry(url, wire.ask(lab.place, Sent("GET", "/v2/", deadline=_PING)))
    if lab.subject.profile != "pull-through":
        return
    history = lab.play(one(Ask("manifest", REPOSITORY, TAG)))
    if not history.exchanges:
        came = history.happened[0].answers[0].outcome
        raise UsageError(
            f"Configuration: the mirror at {url} answered {came} for an image that it cannot have, and asked our Hub "
            "nothing. Its upstream is another, or it trusts our Hub's certificate not; or it is no pull-through mirror "
            "(--profile cached-only)."
        )


def refuse_what_is_no_registry(url: str, ping: Answer) -> None:
    """Look at how the ping was answered. Raises as :func:`check` does."""
    if not ping.status or ping.problem:
        raise CannotRunError(f"The mirror at {url} does not answer as one: {ping.outcome}.")
    found = ping.header("content-type")
    if ping.status == 200 and "html" in found:
        raise UsageError(f"What answers at {url} is no registry: GET /v2/ was answered with {found}.")


def select(names: Sequence[str], subject: MirrorSubject) -> tuple[Trial, ...]:
    """The trials of these names; with none, all. Raises UsageError."""
    known = trials(subject)
    for name in names:
        if name not in {trial.name for trial in known}:
            raise UsageError(f"No trial is called {name!r}; there are: {', '.join(trial.name for trial in known)}.")
    return tuple(trial for trial in known if not names or trial.name in names)


def try_mirror(  # noqa: PLR0913 - what is known is the only one that may be left out
    lab: Playing,
    chosen: Iterable[Trial],
    wanted: Sequence[str],
    command: str,
    progress: Progress,
    *,
    known: tuple[Deviation, ...] = (),
) -> Run:
    """Play trials and judge them: the run, for the rules that are wanted, with the failures that are known as such.

    Each trial is taken when those before it were played.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    counts: dict[str, Count] = {}
    unseen: dict[str, str] = {}
    problems: list[str] = []
    played = pulls = 0
    for number, trial in enumerate(chosen):
        progress(number, trial.name)
        why = trial.unfit(lab.subject) or lab.lacks(trial.scenario)
        if why:
            unseen |= {rule: f"not observable: its trial {why}" for rule in trial.rules if rule not in unseen}
            continue
        history = lab.play(trial.scenario)
        played += 1
        problems += [f"Trial {trial.name!r}: {one.failed}" for one in history.happened if one.failed]
        problems += [f"Trial {trial.name!r}: our fake Hub failed: {error}" for error in history.errors]
        pulls += sum(len(one.pulls) for one in history.happened)
        verdicts = tuple(trial.judge(trial.scenario, history))
        own = daemons_own(lab.control, trial, verdicts)
        for verdict in verdicts:
            count = _count(trial, history, verdict, own.get(verdict.rule), known)
            counts[verdict.rule] = counts.get(verdict.rule, Count()).plus(count)
    subject = lab.subject
    seconds = time.monotonic() - began
    return Run(
        results=tuple(_results(wanted, lab, counts, unseen)),
        daemons=(Daemon(subject.name, subject.profile, "", played, 0, seconds, "mirror"),),
        seed=0,
        scenarios=played,
        pulls=pulls,
        seconds=seconds,
        started=started.isoformat(timespec="seconds"),
        tool_version=version("mirror-conformance"),
        command=command,
        problems=tuple(dict.fromkeys(problems)),
    )


def _results(
    wanted: Sequence[str], lab: Playing, counts: dict[str, Count], unseen: dict[str, str]
) -> Iterator[RuleResult]:
    name, profile = lab.subject.name, lab.subject.profile
    for rule in wanted:
        count = counts.get(rule)
        result = result_of(rules()[rule], name, count or Count())
        if count:
            yield result
        elif (
            why := unseen.get(rule)
            or unseen.get(rule.partition("/")[0])
            or _of_another_profile(rules()[rule], profile)
            or _of_another_store(rule, lab)
        ):
            yield replace(result, status="not applicable", remark=why)
        else:
            yield result


def _of_another_profile(rule: Rule, profile: Profile) -> str:
    base, variant = rule.id.partition("/")[::2]
    other = base == "PROFILE-1" and variant != profile
    return f"not observable: it is about {variant} mirrors" if other else ""


def _of_another_store(rule: str, lab: Playing) -> str:
    base, _, store = rule.partition("/")
    other = base in PULL_RULES and store not in {client.store for client in lab.clients}
    return f"not observable: no daemon with the {store} image store is on trial" if other else ""


def _count(
    trial: Trial, history: MirrorHistory, verdict: Verdict, own: Cause | None, known: tuple[Deviation, ...]
) -> Count:
    """One verdict, counted. What is the daemon's ``own`` is a deviation whatever is known of the mirror."""
    if own and verdict.ruling == "fail":
        example = example_of(trial.name, trial.scenario, history, replace(verdict, at_fault="daemon"))
        measures: dict[str, tuple[float, ...]] = {name: (value,) for name, value in verdict.measure}
        return Count(deviated=1, histories=1, known=(Known(own, 1, example),), example=example, measures=measures)
    example_made = partial(example_of, trial.name, trial.scenario, history, verdict)
    count = counted(verdict, history.mirror, example_made, known)
    return replace(count, example=example_made()) if count.errors else replace(count, histories=1)


def example_of(trial: str, scenario: MirrorScenario, history: MirrorHistory, verdict: Verdict) -> Example:
    """The case as evidence, under an id that follows from mirror, rule, step and scenario."""
    key = f"{history.mirror} {verdict.rule} {verdict.step} ".encode() + _SCENARIO.dump_json(scenario)
    told, pointed = drawn(scenario, history, verdict)
    return Example(
        hashlib.sha256(key).hexdigest()[:6], Scenario(), told, pointed, tried=Tried(trial, scenario, history)
    )
