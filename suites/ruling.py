"""From what a rule finds to verdicts, for every book of rules."""

from collections.abc import Callable, Iterable, Mapping

from suites.rules.finding import Finding
from suites.verdict import Rule, Verdict


def guarded(rule: str, findings: Callable[[], Iterable[Finding]], book: Mapping[str, Rule]) -> list[Verdict]:
    """The verdicts of a rule. Its crash is an error, never a pass."""
    try:
        return [_verdict(rule, finding, book) for finding in findings()]
    except Exception as crash:  # noqa: BLE001 - what breaks in a rule is ours, and must not pass for a verdict
        return [Verdict(rule, "error", reason=f"the rule itself failed: {type(crash).__name__}: {crash}")]


def _verdict(rule: str, finding: Finding, book: Mapping[str, Rule]) -> Verdict:
    own = f"{rule}/{finding.variant.partition(':')[0]}"
    identifier = own if own in book else rule
    if identifier not in book:
        raise KeyError(f"{own} is not in the catalogue")
    return Verdict(
        rule=identifier,
        ruling="pass" if finding.kept else "fail",
        step=finding.step,
        variant=finding.variant,
        reason=finding.reason,
        exchanges=finding.exchanges,
        measure=finding.measure,
        at_fault="" if finding.kept else finding.at_fault or book[identifier].subject,
        remark=finding.remark,
    )
