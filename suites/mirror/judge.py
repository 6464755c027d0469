"""The judge of mirrors: every history against every rule that applies to it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.scenario import MirrorScenario
from suites import catalogue
from suites.mirror.pulls import PullCase, pulls
from suites.mirror.timeline import Case, cases
from suites.rules.finding import Finding
from suites.rules.mirror import api, blobs, down, fill, fresh, hits, keep, lists, manifests, misses, secrets
from suites.rules.mirror.common import CaseRule, TrialRule
from suites.rules.mirror.daemons import PULL_RULES, PullRule
from suites.ruling import guarded
from suites.verdict import Rule, Verdict

BOOK = catalogue.MIRRORS

Judge = Callable[[MirrorScenario, MirrorHistory], Iterable[Verdict]]

_MODULES = (api, manifests, blobs, lists, misses, fresh, down, fill, secrets, keep)
CASE_RULES: dict[str, CaseRule] = {rule: judged for module in _MODULES for rule, judged in module.CASE_RULES.items()}
_WHOLE = (manifests, blobs, lists, fresh, fill, hits, secrets)
TRIAL_RULES: dict[str, TrialRule] = {rule: judged for module in _WHOLE for rule, judged in module.TRIAL_RULES.items()}


def rules() -> dict[str, Rule]:
    """The book of rules for mirrors."""
    return catalogue.rules(BOOK)


def judge(scenario: MirrorScenario, history: MirrorHistory) -> tuple[Verdict, ...]:
    """What each rule says of each answer that it applies to. A rule's crash is an error, never a pass; and where Hub
    itself failed, nothing is said of the mirror.
    """
    found = cases(scenario, history)
    verdicts: list[Verdict] = []
    for rule, judge_case in CASE_RULES.items():
        verdicts += guarded(rule, partial(_of_cases, judge_case, found), rules())
    for rule, judge_trial in TRIAL_RULES.items():
        verdicts += guarded(rule, partial(judge_trial, found), rules())
    pulled = tuple(pulls(scenario, history))
    for rule, judge_pull in PULL_RULES.items():
        verdicts += guarded(rule, partial(_of_pulls, judge_pull, pulled), rules())
    if history.errors:
        return tuple(_excused(verdict, history.errors[0]) for verdict in verdicts)
    locked_out = {case.number for case in found if _is_locked_out(case)}
    return tuple(_configured(verdict) if verdict.step in locked_out else verdict for verdict in verdicts)


def _of_cases(judge_case: CaseRule, found: tuple[Case, ...]) -> Iterable[Finding]:
    for case in found:
        finding = judge_case(case)
        if finding is not None:
            yield replace(finding, step=case.number)


def _of_pulls(judge_pull: PullRule, found: tuple[PullCase, ...]) -> Iterable[Finding]:
    for case in found:
        finding = judge_pull(case)
        if finding is not None:
            yield replace(finding, step=case.number, variant=case.pulled.store)


def _excused(verdict: Verdict, error: str) -> Verdict:
    if verdict.ruling != "fail":
        return verdict
    return replace(
        verdict, ruling="error", at_fault="hub", reason=f"our fake Hub failed, and says nothing of the mirror: {error}"
    )


def _is_locked_out(case: Case) -> bool:
    """Whether Hub refused the mirror's own credentials."""
    if case.has("authorization"):
        return False
    return any(e.stage == "token" and e.credentials == "basic" and e.status == 401 for e in case.upstream)


def _configured(verdict: Verdict) -> Verdict:
    if verdict.ruling != "fail":
        return verdict
    said = f"{verdict.reason}; Hub refused the credentials that the mirror was configured with"
    return replace(verdict, at_fault="configuration", reason=said)
