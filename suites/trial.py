"""A trial: scenarios are played on one daemon, judged, and tallied; a failure nobody knows of is raised."""

import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import engine as conjecture

from fixtures.history import History
from fixtures.playing import Play, Player
from fixtures.scenario import Scenario
from suites.deviations import Deviation
from suites.judge import judge
from suites.tally import Count, Tally, refuted, weigh
from suites.verdict import Verdict

SHRINK = timedelta(seconds=30)
"""How long hypothesis may look for a smaller failing scenario on a real daemon."""


AT_ONCE = 12
"""How many daemons may wait at once."""
STARTS = 2
"""How many of them may start at once."""


class RuleBroken(AssertionError):  # noqa: N818 - it is a finding about the subject, not an error of ours
    """A rule was broken, and no deviation explains it."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.rule}: {verdict.reason}")
        self.verdict = verdict


class Trial:
    """Plays scenarios on a lab's daemon and keeps the tally. ``further`` starts a further lab of the same daemon."""

    def __init__(
        self,
        lab: Player,
        deviations: tuple[Deviation, ...],
        seed: int,
        scale: float,
        further: Callable[[], AbstractContextManager[Player]] | None = None,
    ) -> None:
        self.lab = lab
        self.tally = Tally()
        self._deviations = deviations
        self._seed = seed
        self._scale = scale
        self._further = further
        self._judging = threading.Lock()
        self._known: set[tuple[str, str]] = set()

    def cannot(self, why: str, *rules: str) -> None:
        """Note why nothing can be observed of some rules here."""
        profile = self.lab.profile
        counts = {rule: Count(remark=why) for rule in rules}
        self.tally = self.tally.plus(Tally(profile.name, profile.version, profile.store, counts=counts))

    def play(self, scenario: Scenario, evidence: Path | None = None) -> History:
        """Play and judge a scenario; ``evidence`` is the file it came from, where a deviation may rest on it.

        Raises:
            RuleBroken: a rule was broken that was not known to be.
        """
        with self.lab.played(scenario) as play:
            return self.judge(scenario, play, evidence)

    def play_each(self, scenarios: Iterable[Scenario]) -> None:
        """Play and judge some scenarios, the rest of them too where one fails.

        Raises:
            RuleBroken: the first of the failures.
        """
        found: list[RuleBroken] = []
        for scenario in scenarios:
            try:
                self.play(scenario)
            except RuleBroken as failure:
                found.append(failure)
        if found:
            raise found[0]

    def play_at_once(self, scenarios: Iterable[tuple[Scenario, Path | None]]) -> None:
        """Play and judge scenarios that mostly wait, each with its evidence, on as many daemons at once; the rest of
        them too where one fails.

        Raises:
            RuleBroken: the first of the failures.
        """
        left: SimpleQueue[tuple[Scenario, Path | None]] = SimpleQueue()
        for played in scenarios:
            left.put(played)
        starting = threading.BoundedSemaphore(STARTS)
        interrupted = threading.Event()
        found: list[RuleBroken] = []

        def play_on(lab: Player) -> None:
            with suppress(Empty):
                while not interrupted.is_set():
                    scenario, evidence = left.get_nowait()
                    with lab.played(scenario) as play:
                        try:
                            self.judge(scenario, play, evidence)
                        except RuleBroken as failure:
                            found.append(failure)

        def play_on_a_further(start: Callable[[], AbstractContextManager[Player]]) -> None:
            with ExitStack() as stack:
                with starting:
                    if interrupted.is_set():
                        return
                    lab = stack.enter_context(start())
                play_on(lab)

        further = [self._further] * (min(left.qsize(), AT_ONCE) - 1) if self._further else []
        pool = ThreadPoolExecutor(max_workers=len(further) + 1)
        try:
            begun = [pool.submit(play_on, self.lab), *(pool.submit(play_on_a_further, start) for start in further)]
            wait(begun)
        except BaseException:
            interrupted.set()
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        for ended in begun:
            ended.result()
        if found:
            raise found[0]

    def judge(self, scenario: Scenario, play: Play, evidence: Path | None = None) -> History:
        """Judge what was played so far, as :meth:`play` does."""
        history = play.history()
        verdicts = judge(scenario, history)
        if any(verdict.ruling == "fail" for verdict in verdicts):
            history = play.history(with_log=True)
        tally, failures = weigh(scenario, history, verdicts, self._deviations)
        if evidence is not None:
            gone = refuted(evidence, history.daemon, verdicts, self._deviations)
            tally = replace(tally, refuted=gone)
        with self._judging:
            self.tally = self.tally.plus(tally)
        for verdict in failures:
            if (verdict.rule, verdict.variant) not in self._known:
                raise RuleBroken(verdict)
        return history

    def examples(self, count: int, steps: int = 1) -> settings:
        """Settings for a property of about ``count`` examples, with ``steps`` steps for a state machine."""
        return settings(
            max_examples=max(1, round(count * self._scale)),
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=False,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=tuple(HealthCheck),
        )

    def seed(self, name: str) -> int:
        """The seed of a property, which follows from the run's seed, the daemon and its name."""
        return zlib.crc32(f"{self._seed} {self.lab.profile.name} {name}".encode())

    def explore(self, search: Callable[[], None]) -> None:
        """Repeat a search until it finds nothing new: each broken rule is shrunk once, then let by.

        Raises:
            RuleBroken: the first of the failures found.
        """
        found: list[RuleBroken] = []
        with _short_shrinking():
            while True:
                try:
                    search()
                    break
                except RuleBroken as failure:
                    found.append(failure)
                    self._known.add((failure.verdict.rule, failure.verdict.variant))
        if found:
            raise found[0]


@contextmanager
def _short_shrinking() -> Iterator[None]:
    before = conjecture.MAX_SHRINKING_SECONDS
    conjecture.MAX_SHRINKING_SECONDS = int(SHRINK.total_seconds())
    try:
        yield
    finally:
        conjecture.MAX_SHRINKING_SECONDS = before
