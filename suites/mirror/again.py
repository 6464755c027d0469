"""A mirror's example that was saved: judged again, played again, made smaller."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from fixtures.errors import UsageError
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.mirrors.subject import FEATURES, MirrorSubject
from report.mirrored import named
from report.results import Tried
from suites.mirror.judge import judge, rules
from suites.mirror.trials import trials
from suites.mirror.trying import example_of
from suites.saved import read_mirror_history, read_mirror_scenario
from suites.shrinking import least, shorter
from suites.telling import Judged
from suites.verdict import Verdict


@dataclass(frozen=True)
class Saved:
    """A mirror's example: what was played, and what happened then. ``trial`` is the name that the scenario has."""

    scenario: MirrorScenario
    history: MirrorHistory
    trial: str = ""

    @property
    def judged(self) -> Judged:
        """The same, judged."""
        return Judged(
            heading=named(Tried(self.trial, self.scenario, self.history)),
            subject=self.history.mirror,
            verdicts=judge(self.scenario, self.history),
            book=rules(),
            example=lambda verdict: example_of(self.trial, self.scenario, self.history, verdict),
        )

    def broken(self, wanted: Collection[str]) -> list[Verdict]:
        """What it breaks of these rules, step by step."""
        found = [v for v in self.judged.verdicts if v.ruling == "fail" and v.rule in wanted]
        return sorted(found, key=lambda verdict: verdict.step)

    def played(self, lab: MirrorLab) -> "Saved":
        """The same scenario, played on a mirror.

        Raises:
            UsageError: it cannot be played there.
        """
        return _played(lab, self.scenario, self.trial)


def read(directory: Path) -> Saved:
    """An example of a report directory. Raises UsageError."""
    scenario = read_mirror_scenario(directory / "scenario.json")
    history = read_mirror_history(directory / "history.json")
    known = trials(_subject(history))
    return Saved(scenario, history, next((trial.name for trial in known if trial.scenario == scenario), ""))


def shrunk(
    saved: Saved, lab: MirrorLab, wanted: Collection[str], limit: timedelta, say: Callable[[str], None]
) -> Saved:
    """The scenario with as few steps as break the first of these rules that it breaks, in the same kind of case.

    Raises:
        UsageError: the mirror keeps all of the rules.
    """
    first = next(iter(saved.played(lab).broken(wanted)), None)
    name = lab.subject.name
    if first is None:
        raise UsageError(f"{name} keeps every rule that is looked for, so there is nothing to make smaller.")
    say(f"{name} breaks {first.rule}; looking for less that does.")

    def shows(scenario: MirrorScenario) -> bool:
        found = _played(lab, scenario).broken({first.rule})
        return any(verdict.variant == first.variant for verdict in found)

    until = time.monotonic() + limit.total_seconds()
    small = least(saved.scenario, shows, _fewer_steps, lambda: time.monotonic() < until)
    return _played(lab, small)


def _played(lab: MirrorLab, scenario: MirrorScenario, trial: str = "") -> Saved:
    lack = lab.lacks(scenario)
    if lack:
        raise UsageError(f"The example {lack}, which {lab.subject.name} does not have: give it in a --description.")
    return Saved(scenario, lab.play(scenario), trial)


def _fewer_steps(scenario: MirrorScenario) -> Iterator[MirrorScenario]:
    return (replace(scenario, steps=steps) for steps in shorter(scenario.steps) if steps)


def _subject(history: MirrorHistory) -> MirrorSubject:
    """The mirror that a history is of, as far as its trials follow from it."""
    features = frozenset(feature for feature in FEATURES if feature in history.features)
    return MirrorSubject(history.mirror, "", history.profile, features, history.promises)
