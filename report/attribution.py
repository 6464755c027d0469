"""Whose a failure is, and how much it weighs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fixtures.profiles import is_model
from report.results import Example, RuleResult
from suites.verdict import Rule

Whose = Literal["mirror", "daemon", "configuration", "hub", "model", "unclear", "harness"]
"""``model``: no daemon was tried, but a model of one. ``unclear``: a model that is right breaks the rule as well.
``harness``: nothing is said of the subject, for we failed.
"""

_OF: dict[Whose, str] = {
    "mirror": "the mirror's",
    "daemon": "the daemon's",
    "configuration": "the configuration's",
    "hub": "the Hub's",
    "model": "the model's",
    "unclear": "the daemon's, the rule's or the simulator's",
    "harness": "ours",
}
FAILING = frozenset({"fail", "deviation", "error"})
"""The statuses that are somebody's."""


@dataclass(frozen=True)
class Attribution:
    """Whose a failure is and what it weighs. A ``broken promise`` is one of the subject's own; with no weight at all,
    it says nothing of the subject.
    """

    whose: Whose
    weight: str = ""

    @property
    def sentence(self) -> str:
        """The same for people."""
        return f"{_OF[self.whose]}, {self.weight or 'says nothing of the subject'}"


def attribution(rule: Rule, example: Example | None) -> Attribution:
    """Of one failure, which the example shows, if there is one."""
    verdict = example.verdict if example else None
    if verdict and verdict.ruling == "error":
        return Attribution("hub" if verdict.at_fault == "hub" else "harness")
    return Attribution(_whose(rule, example), rule.weight)


def of_result(result: RuleResult) -> Attribution | None:
    """Of a rule's row; nothing where the rule did not fail."""
    if result.status not in FAILING:
        return None
    if result.status == "error" and not result.example:
        return Attribution("harness")
    return attribution(result.rule, result.example)


def told(results: Iterable[RuleResult]) -> str:
    """All that is to be said of whose some failures are, each once."""
    found = filter(None, map(of_result, results))
    return "; ".join(dict.fromkeys(one.sentence for one in found))


def _whose(rule: Rule, example: Example | None) -> Whose:
    if example is None:
        return rule.subject
    if example.model and example.model.ruling in {"breaks", "error"}:
        return "unclear"
    if rule.subject == "daemon" and is_model(example.history.daemon):
        return "model"
    return example.verdict.at_fault or rule.subject
