"""Verdicts: what a rule says of one history, and what a run says of a rule."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["MUST", "SHOULD", "INFO"]
Subject = Literal["daemon", "mirror", "configuration"]
Party = Literal["", "mirror", "daemon", "configuration", "hub"]
"""Who has to mend what a verdict says; ``""``: nobody, or it is not known."""

Ruling = Literal["pass", "fail", "not applicable", "error"]
Status = Literal["pass", "fail", "deviation", "not applicable", "not exercised", "error"]


@dataclass(frozen=True)
class Rule:
    """An entry of the catalogue: one sentence that a subject must hold to, and where it is promised.

    ``id`` never changes its meaning. ``source`` names document, section and the date it was read. ``promised`` is
    whether that is the subject's own promise. ``field`` are the entries of the collected reports and requirements of
    the field that it answers (``R33``, ``F39``).
    """

    id: str
    title: str
    level: Level
    subject: Subject
    source: str
    why: str = ""
    promised: bool = False
    field: tuple[str, ...] = ()

    @property
    def weight(self) -> str:
        """What a failure of it weighs, in words."""
        if self.promised:
            return "broken promise"
        return "information" if self.level == "INFO" else f"broken {self.level}"


@dataclass(frozen=True)
class Cause:
    """Why a subject is known to break rules, and what a person can do about it.

    ``title`` names it in a few words, ``reason`` says what happens, ``advice`` what an operator should do.
    ``documents`` is where the subject's own documentation would have to speak of it; ``reports`` are addresses where
    others have met it. ``evidence`` is the name of the scenario that shows it, where the project has one. What is
    ``withheld`` endangers users: no case of it is shown (see SECURITY.md).
    """

    reason: str
    title: str = ""
    advice: str = ""
    documents: str = ""
    reports: tuple[str, ...] = ()
    evidence: str = ""
    withheld: bool = False

    @property
    def told(self) -> str:
        """All of it that a line has room for: what happens, what to do, and where it was reported."""
        reported = f"Reported: {', '.join(self.reports)}" if self.reports else ""
        return " ".join(filter(None, (self.reason, self.advice, reported)))


@dataclass(frozen=True)
class Verdict:
    """What one rule says of one step of one history.

    ``variant`` names the kind of case where a rule has several (``corrupt layer``); a rule whose variants
    are rules of their own carries it in its id (``FALLBACK-2/refuse``).
    ``reason`` is a sentence; ``exchanges`` are the ``seq`` of the exchanges that offend or prove.
    ``measure`` holds figures worth reporting (seconds lost, bytes fetched twice ...). ``at_fault`` is whose the
    failure is; ``remark`` says how the rule was observed, where that is not as it says.
    """

    rule: str
    ruling: Ruling
    step: int = -1
    variant: str = ""
    reason: str = ""
    exchanges: tuple[int, ...] = ()
    measure: tuple[tuple[str, float], ...] = ()
    at_fault: Party = ""
    remark: str = ""
