"""Broken mirrors put on trial: is each found out by the rule that is meant for it, and the sound one by none?"""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from fixtures.mirrors.daemons import Clients
from fixtures.mirrors.local import MIRROR, SimulatorHooks
from fixtures.mirrors.models import model_clients
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import Ask, MirrorScenario, Step
from fixtures.mirrors.subject import HookName, MirrorSubject
from fixtures.model import Switch
from fixtures.model.local import ImageStore
from simulator.arrangement import Holdings
from simulator.local import LocalSimulator
from suites.mirror.judge import judge, rules
from suites.mirror.trials import trials
from suites.verdict import Verdict
from tests.mutants.broken_mirrors.standing import Memory, Standing
from tests.mutants.broken_mirrors.table import MUTANTS, Mutant, Subject

UNFORGIVING = (Switch.GIVES_UP_AFTER_BAD_CONTENT,)
"""What the daemons that are clients of broken mirrors do wrong, as dockerd's containerd image store does: with a right
mirror one sees nothing of it, and with a broken one more of the mirror.
"""


@dataclass(frozen=True)
class Tried:
    """One broken mirror. ``said`` is what the rule said, ``complaint`` a sentence on what is wrong with that."""

    mutant: Mutant
    said: str = ""
    complaint: str = ""


class _Hooks(SimulatorHooks):
    """Hooks that a spoiler hears of."""

    def hearing(self, memory: Memory) -> "_Hooks":
        object.__setattr__(self, "memory", memory)
        return self

    def do(self, hook: HookName, **words: str) -> None:
        super().do(hook, **words)
        if hook == "evict":
            memory: Memory = vars(self)["memory"]
            memory.evicted.add(words["repository"])


class Bench:
    """One simulator, and what stands before its mirror, for all trials."""

    def __init__(self, simulator: LocalSimulator, standing: Standing, clients: Clients) -> None:
        self._simulator = simulator
        self._standing = standing
        self._clients = clients
        self._sound: dict[tuple[int, str], tuple[Verdict, ...]] = {}

    def judged(self, subject: Subject, name: str, patience: float | None = None) -> tuple[Verdict, ...]:
        """Play a trial on a mirror and judge it."""
        self._standing.spoil = subject.spoil
        self._standing.memory = Memory(self._simulator)
        known: frozenset[HookName] = frozenset({"evict", "advance"})
        if subject.profile == "cached-only":
            known |= {"warm"}
        on_trial = MirrorSubject(
            name="mutant",
            url=self._standing.url,
            profile=subject.profile,
            features=subject.features,
            promises=subject.promises,
            hooks=_Hooks(self._simulator, known).hearing(self._standing.memory),
        )
        lab = MirrorLab(on_trial, self._simulator, {MIRROR: Holdings(policy=subject.policy)}, clients=self._clients)
        trial = next(trial for trial in trials(on_trial) if trial.name == name)
        scenario = trial.scenario if patience is None else _hurried(trial.scenario, patience)
        verdicts = judge(scenario, lab.play(scenario))
        crashes = (Verdict("the spoiler", "error", reason=crash) for crash in self._standing.memory.crashes)
        return (*verdicts, *crashes)

    def sound(self, subject: Subject, name: str) -> tuple[Verdict, ...]:
        """The same, once for each mirror and trial."""
        key = (id(subject), name) if subject != Subject() else (0, name)
        if key not in self._sound:
            self._sound[key] = self.judged(subject, name)
        return self._sound[key]

    def try_mutant(self, mutant: Mutant) -> Tried:
        """Play a mutant's trial on the sound mirror, which must keep the rules, and on the broken one."""
        sound = self.sound(mutant.sound, mutant.trial)
        broken = self.judged(mutant.broken, mutant.trial, mutant.patience)
        said = next((v.reason for v in broken if v.rule == mutant.rules[0] and v.ruling == "fail"), "")
        wrong = next(_wrong(mutant, sound, broken), "")
        return Tried(mutant, said, f"{mutant}: {wrong}" if wrong else "")


def _hurried(scenario: MirrorScenario, patience: float) -> MirrorScenario:
    """The same with clients that wait no longer than so many seconds."""
    return replace(scenario, steps=tuple(_sooner(step, patience) for step in scenario.steps))


def _sooner(step: Step, patience: float) -> Step:
    if not isinstance(step, Ask):
        return step
    beside = tuple(replace(one, deadline=min(one.deadline, patience)) for one in step.beside)
    return replace(step, deadline=min(step.deadline, patience), beside=beside)


def _wrong(mutant: Mutant, sound: Iterable[Verdict], broken: Iterable[Verdict]) -> Iterator[str]:
    kept = {v.rule for v in sound if v.ruling == "pass"}
    for verdict in sound:
        if verdict.rule in mutant.rules and verdict.ruling != "pass":
            yield f"the sound mirror has {verdict.rule} {verdict.ruling}: {verdict.reason}"
    for verdict in broken:
        if verdict.ruling == "error":
            yield f"{verdict.rule} was killed by the harness: {verdict.reason}"
    failed = {v.rule for v in broken if v.ruling == "fail"}
    for rule in mutant.rules:
        if rule not in kept:
            yield f"{rule} says nothing of the sound mirror"
        if rule not in failed:
            yield f"the mutant survives {rule}"


@contextmanager
def bench() -> Iterator[Bench]:
    """All that it takes to try mutants."""
    with ExitStack() as stack:
        simulator = stack.enter_context(LocalSimulator(mirrors=1))
        standing = stack.enter_context(Standing(simulator))
        stores: tuple[ImageStore, ...] = ("classic", "containerd")
        daemons = stack.enter_context(model_clients(stores, standing.url, simulator.health(), UNFORGIVING))
        yield Bench(simulator, standing, Clients(daemons))


def complaints(tried: Iterable[Tried]) -> tuple[str, ...]:
    """A sentence on each survivor: a broken mirror, or a rule that no mirror is found out by."""
    tried = tuple(tried)
    killing = {rule for one in tried if not one.complaint for rule in one.mutant.rules}
    said = [one.complaint for one in tried if one.complaint]
    return (*said, *(f"{rule} finds no broken mirror out." for rule in rules() if rule not in killing))


def try_all() -> tuple[Tried, ...]:
    """Every broken mirror, tried."""
    with bench() as here:
        return tuple(here.try_mutant(mutant) for mutant in MUTANTS)
