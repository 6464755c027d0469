"""What a rule's function says of one case; the judge makes a verdict of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fixtures.history import History
from fixtures.scenario import Scenario
from simulator.journal import Exchange
from suites.timeline import PullCase
from suites.verdict import Party


@dataclass(frozen=True)
class Finding:
    """Whether the rule was kept, why, and by which exchanges one can see it.

    ``variant`` is the kind of case; ``step`` the step's number where the judge does not know it. ``at_fault`` is whose
    it is, where that is not the rule's subject's; ``remark`` says how the rule was observed, where that is not as it
    says.
    """

    kept: bool
    reason: str
    exchanges: tuple[int, ...] = ()
    variant: str = ""
    step: int = -1
    measure: tuple[tuple[str, float], ...] = ()
    at_fault: Party = ""
    remark: str = ""


PullRule = Callable[[PullCase], Finding | None]
"""Judges one pull; ``None``: the rule does not apply to it."""

HistoryRule = Callable[[Scenario, History], Iterable[Finding]]
"""Judges a whole history, a finding for each step that the rule applies to."""


def kept(reason: str, exchanges: Iterable[Exchange] = ()) -> Finding:
    """The rule was kept."""
    return Finding(kept=True, reason=reason, exchanges=_numbers(exchanges))


def broken(reason: str, exchanges: Iterable[Exchange] = ()) -> Finding:
    """The rule was broken; the exchanges are those that offend."""
    return Finding(kept=False, reason=reason, exchanges=_numbers(exchanges))


def _numbers(exchanges: Iterable[Exchange]) -> tuple[int, ...]:
    return tuple(exchange.seq for exchange in exchanges)
