"""Mutants put on trial: is each rule killed, and for the right reason; and is nobody blamed for another?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from fixtures.history import History
from fixtures.model import ModelLab, Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Scenario
from suites.catalogue import rules
from suites.judge import judge
from suites.verdict import Verdict
from tests.mutants.mirrors import SILENT, broken_mirrors
from tests.mutants.table import KILLS, Kill


@dataclass(frozen=True)
class Tried:
    """One mutant that a rule was tried with. ``said`` is what the rule said; ``complaint`` is a sentence on what is
    wrong with that (``""``: the mutant was killed, and for the right reason).
    """

    kill: Kill
    store: ImageStore
    said: str = ""
    complaint: str = ""


@dataclass(frozen=True)
class Beside:
    """What a rule said of right daemons beside a mirror that was broken in one way: how often it was kept, and a
    sentence on each time that a daemon was blamed.
    """

    rule: str
    mirror: str
    kept: int = 0
    complaints: tuple[str, ...] = ()


CASES: tuple[tuple[Kill, ImageStore], ...] = tuple((kill, store) for kill in KILLS for store in kill.stores)
"""Each kill of the table, on each image store that it is for."""


def try_mutant(kill: Kill, store: ImageStore) -> Tried:
    """Play a kill's scenario on the unbroken daemon, on which the rule must be kept, and on the broken one."""
    try:
        sound = ModelLab(store).play(kill.scenario)
        broken = ModelLab(store, {kill.by}).play(kill.scenario) if isinstance(kill.by, Switch) else kill.by(sound)
    except Exception as crash:  # noqa: BLE001 - a mutant that the harness kills is a survivor, whatever the harness met
        return Tried(kill, store, complaint=f"{kill} on {store} was killed by the harness: {crash!r}")
    verdicts = judge(kill.scenario, broken)
    found = [verdict for verdict in verdicts if verdict.rule == kill.rule and verdict.ruling == "fail"]
    said = found[0].reason if found else ""
    wrong = next(chain(_unsound(kill, judge(kill.scenario, sound)), _wrong(kill, broken, verdicts)), "")
    return Tried(kill, store, said, f"{kill} on {store}: {wrong}" if wrong else "")


def _unsound(kill: Kill, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """What is wrong before anything is broken."""
    rulings = {verdict.rule: verdict for verdict in verdicts}
    for verdict in verdicts:
        if verdict.ruling != "pass":
            yield f"the unbroken daemon has {verdict.rule} {verdict.ruling}: {verdict.reason}"
    for rule in (kill.rule, *kill.also):
        if rule not in rulings:
            yield f"{rule} says nothing of the unbroken daemon"


def _wrong(kill: Kill, history: History, verdicts: Iterable[Verdict]) -> Iterator[str]:
    """What is wrong with what is said of the mutant."""
    failed = [verdict for verdict in verdicts if verdict.ruling == "fail"]
    for verdict in verdicts:
        if verdict.ruling == "error":
            yield f"{verdict.rule} was killed by the harness: {verdict.reason}"
    own = [verdict for verdict in failed if verdict.rule == kill.rule]
    if not own:
        yield "the mutant survives"
    for rule in sorted({kill.rule, *kill.also} ^ {verdict.rule for verdict in failed}):
        yield f"{rule} {'stays green' if rule in kill.also else 'turns red as well'}"
    if len(own) > 1:
        yield f"the rule turns red {len(own)} times"
    servers = {exchange.seq: exchange.server for exchange in history.exchanges}
    for verdict in own:
        blamed = {servers[number] for number in verdict.exchanges}
        if not re.search(kill.reason, verdict.reason):
            yield f"killed for another reason: {verdict.reason}"
        if blamed != kill.servers:
            yield f"it points at exchanges with {sorted(blamed)}, not with {sorted(kill.servers)}"


def try_mirrors() -> tuple[Beside, ...]:
    """Play the scenarios of all kills on the unbroken daemon, beside a mirror that is broken in each way.

    A break that changes nothing of what happens counts for nothing.
    """
    found: dict[tuple[str, str], Beside] = {}
    for scenario, store in dict.fromkeys((_Played(kill.scenario), store) for kill, store in CASES):
        for beside in _beside(scenario.scenario, store):
            key = beside.rule, beside.mirror
            before = found.get(key, Beside(*key))
            found[key] = Beside(*key, before.kept + beside.kept, (*before.complaints, *beside.complaints))
    return tuple(found.values())


@dataclass(frozen=True)
class _Played:
    """A scenario that can be told from others in a set, which what has dictionaries cannot."""

    scenario: Scenario

    def __hash__(self) -> int:
        return hash(repr(self.scenario))


def _beside(scenario: Scenario, store: ImageStore) -> Iterator[Beside]:
    lab = ModelLab(store)
    sound = lab.play(scenario)
    for mirror, spoilt in broken_mirrors(scenario).items():
        history = lab.play(spoilt)
        if (history.exchanges, history.outcomes) == (sound.exchanges, sound.outcomes):
            continue
        for verdict in judge(spoilt, history):
            if verdict.ruling == "pass":
                yield Beside(verdict.rule, mirror, 1)
            else:
                told = f"Beside a mirror that {mirror}, {verdict.rule} says of a right daemon: {verdict.reason}"
                yield Beside(verdict.rule, mirror, complaints=(told,))


def complaints(tried: Iterable[Tried], beside: Iterable[Beside]) -> tuple[str, ...]:
    """A sentence on each survivor: a mutant, a rule or a switch that nothing is killed by, a daemon that is blamed for
    its mirror.
    """
    tried, beside = tuple(tried), tuple(beside)
    switches = {one.kill.by for one in tried if isinstance(one.kill.by, Switch)}
    judged = {one.rule for one in beside if one.kept}
    said = [one.complaint for one in tried if one.complaint]
    said += [f"{rule} is killed by no mutant." for rule in rules() if rule not in {one.kill.rule for one in tried}]
    said += [f"A daemon that {switch} is killed by no rule." for switch in Switch if switch not in switches]
    said += [complaint for one in beside for complaint in one.complaints]
    said += [f"{rule} says nothing beside any broken mirror." for rule in rules() if rule not in judged | set(SILENT)]
    said += [f"{rule} says something beside a broken mirror, other than expected." for rule in SILENT if rule in judged]
    return tuple(said)
