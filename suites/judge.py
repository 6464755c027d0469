"""The judge: every history against every rule that applies to it."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from fixtures.history import History
from fixtures.scenario import Scenario
from suites.catalogue import rules
from suites.rules import (
    building,
    configuration,
    credentials,
    eviction,
    fallback,
    hit,
    limits,
    order,
    scope,
    settings,
    tls,
    ways,
)
from suites.rules.finding import Finding, HistoryRule, PullRule
from suites.ruling import guarded
from suites.timeline import PullCase, pulls, pulls_together
from suites.verdict import Verdict

PULL_RULES: dict[str, PullRule] = (
    order.RULES | fallback.RULES | hit.RULES | scope.RULES | tls.RULES | limits.RULES | credentials.RULES
)
BY_RESULT = frozenset({"FALLBACK-1", "FALLBACK-3", "FALLBACK-6", "DIGEST-1", "STALE-1"})
"""The rules that judge what a pull brought or said. They can judge one that others overlap, whosever the exchanges."""

BY_REPOSITORY = frozenset(
    {"ORDER-1", "ORDER-2", "HIT-1", "FALLBACK-2", "FALLBACK-4", "FALLBACK-5", "FALLBACK-7", "SCOPE-1", "SCOPE-3"}
    | {"DIRECT-1", "DIRECT-2", "OUTAGE-1"}
)
"""The rules that judge requests about a repository. They can judge an overlapped pull, if no other is of its own.
Others look at pings, tokens, costs or credentials, which could be anybody's.
"""

HISTORY_RULES: dict[str, HistoryRule] = (
    scope.HISTORY_RULES
    | hit.HISTORY_RULES
    | eviction.HISTORY_RULES
    | limits.HISTORY_RULES
    | building.HISTORY_RULES
    | configuration.RULES
    | settings.RULES
    | ways.RULES
)


def judge(scenario: Scenario, history: History) -> tuple[Verdict, ...]:
    """What each rule says of each step that it applies to. A rule's crash is an error, never a pass."""
    cases = pulls(scenario, history)
    verdicts: list[Verdict] = []
    overlapping = pulls_together(scenario, history)
    for rule, judge_pull in PULL_RULES.items():
        judged = (*cases, *(case for case in overlapping if _is_told_apart(rule, case)))
        verdicts += guarded(rule, partial(_of_pulls, judge_pull, judged), rules())
    for rule, judge_history in HISTORY_RULES.items():
        verdicts += guarded(rule, partial(judge_history, scenario, history), rules())
    return tuple(verdicts)


def _is_told_apart(rule: str, case: PullCase) -> bool:
    """Whether a rule can judge a pull that others overlap."""
    return rule in BY_RESULT or (rule in BY_REPOSITORY and case.attributed)


def _of_pulls(judge_pull: PullRule, cases: tuple[PullCase, ...]) -> Iterator[Finding]:
    for case in cases:
        finding = judge_pull(case)
        if finding is None:
            continue
        if finding.kept and case.outcome.result == "ok" and not case.exchanges and case.attributed and not case.local:
            raise ValueError(f"step {case.number} brought an image, and no exchange was seen")
        yield replace(finding, step=case.number)
