"""Whose a failure is that shows on a daemon: the same daemon tells, before a mirror that is known to be right."""

from collections.abc import Callable, Iterable

from fixtures.mirrors.playing import MirrorLab
from suites.mirror.judge import judge
from suites.mirror.trial import Trial
from suites.rules.mirror.daemons import PULL_RULES
from suites.verdict import Cause, Verdict


def daemons_own(control: Callable[[], MirrorLab] | None, trial: Trial, verdicts: Iterable[Verdict]) -> dict[str, Cause]:
    """Which broken rules are broken before our own mirror, too, and what is then said of the daemon."""
    failed = {v.rule for v in verdicts if v.ruling == "fail" and v.rule.partition("/")[0] in PULL_RULES}
    if not failed or control is None:
        return {}
    own = control()
    if own.lacks(trial.scenario):
        return {}
    again = judge(trial.scenario, own.play(trial.scenario))
    return {v.rule: _cause(v) for v in again if v.ruling == "fail" and v.rule in failed}


def _cause(verdict: Verdict) -> Cause:
    return Cause(
        title="The daemon's own",
        reason=f"It is the daemon's and not the mirror's: before our own mirror it does the same ({verdict.reason}).",
        advice="See what `mirror-conformance run` says of this daemon.",
    )
