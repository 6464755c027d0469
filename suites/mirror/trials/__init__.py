"""What mirrors are asked: scenarios, each small, and by name. They follow from the profile and the promises."""

from fixtures.mirrors.subject import MirrorSubject
from suites.mirror.trial import Trial
from suites.mirror.trials.common import FOUR_MIB, PROMISING, REPOSITORY, SIGNED_IN, TAG, one
from suites.mirror.trials.content import content_trials
from suites.mirror.trials.daemons import daemons_trials
from suites.mirror.trials.evictions import evictions_trials
from suites.mirror.trials.filling import filling_trials
from suites.mirror.trials.lists import lists_trials
from suites.mirror.trials.outages import outages_trials
from suites.mirror.trials.security import security_trials
from suites.mirror.trials.upstream import upstream_trials
from suites.mirror.trials.wire import wire_trials


def trials(subject: MirrorSubject) -> tuple[Trial, ...]:
    """All that a mirror is asked; what is not for it is among them."""
    return (
        *wire_trials(),
        *content_trials(),
        *lists_trials(),
        *upstream_trials(subject),
        *filling_trials(subject),
        *outages_trials(subject),
        *security_trials(),
        *evictions_trials(subject),
        *daemons_trials(),
    )


def trials_of_rules() -> dict[str, tuple[Trial, ...]]:
    """By rule, the trials that are there for it, of any mirror. Every other one is evidence for it, too."""
    found: dict[str, dict[str, Trial]] = {}
    for trial in trials(PROMISING):
        for rule in trial.rules:
            found.setdefault(rule, {})[trial.name] = trial
    return {rule: tuple(named.values()) for rule, named in found.items()}


__all__ = ["FOUR_MIB", "PROMISING", "REPOSITORY", "SIGNED_IN", "TAG", "Trial", "one", "trials", "trials_of_rules"]
