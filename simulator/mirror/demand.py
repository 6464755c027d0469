"""What clients asked for in vain, and what is to be fetched for it, when."""

import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

from simulator.hub.limits import SlidingWindow
from simulator.mirror.policy import Admission

MOST_PENDING = 1 << 16
"""Images that are to be fetched later. While there are so many, no more are taken on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A manifest, by tag or digest, or a blob of a repository."""

    kind: Literal["manifest", "blob"]
    repository: str
    reference: str


class Demand:
    """Decides which misses admit what was missed. ``seed`` determines chance. Times must not decrease."""

    def __init__(self, admission: Admission, seed: str) -> None:
        self._admission = admission
        self._misses = SlidingWindow(admission.within)
        self._chance = random.Random(seed)  # noqa: S311 - drawn again from the same seed, and no secret
        self._due: OrderedDict[Wanted, float] = OrderedDict()
        self._begun: set[Wanted] = set()

    def admits(self, wanted: Wanted, now: float) -> bool:
        """Count a miss; tells whether it admits what was missed."""
        match self._admission.when:
            case "never":
                return False
            case "at-once":
                return True
            case "by-chance":
                return self._chance.random() < self._admission.probability
            case "after":
                who = f"{wanted.kind} {wanted.repository} {wanted.reference}"
                self._misses.take(who, now, self._admission.requests)
                return self._misses.used(who, now) >= self._admission.requests

    def schedule(self, wanted: Wanted, now: float) -> None:
        """Have it fetched after the delay, unless it already will be."""
        if wanted not in self._due and wanted not in self._begun and len(self._due) < MOST_PENDING:
            self._due[wanted] = now + self._admission.delay

    def next_due(self) -> float | None:
        return next(iter(self._due.values()), None)

    @property
    def pending(self) -> int:
        """How much is still to be fetched."""
        return len(self._due) + len(self._begun)

    def begin(self, now: float) -> list[Wanted]:
        """What is due by now. It counts as begun until it has ended."""
        due = []
        while self._due and next(iter(self._due.values())) <= now:
            wanted, _ = self._due.popitem(last=False)
            self._begun.add(wanted)
            due.append(wanted)
        return due

    def end(self, wanted: Wanted) -> None:
        self._begun.discard(wanted)
