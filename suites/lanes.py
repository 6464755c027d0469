"""Lanes: which worker of a run plays which test.

A worker has one daemon at a time, and starts it once for all that it plays on it. It takes the next test of its
daemon, as long as there is one; then it helps with the daemon that most tests are left of. A test that waits keeps a
worker to itself, and is given out first: what others play meanwhile costs no time. xdist's own groups do none of this,
and with pytest 9.2 they are no groups any more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xdist.workermanage import WorkerController

WORTH = 30
"""How many tests are worth a daemon of their own: it takes seconds to start."""


@dataclass(frozen=True)
class Lane:
    """Where a test belongs: the daemon that it is played on, and whether it mostly waits."""

    daemon: str = ""
    waits: bool = False


def workers(lanes: Iterable[Lane], at_most: int) -> int:
    """How many workers these tests are worth: one for each that waits, and ``at_most`` so many for all others."""
    tests = Counter(lanes)
    waiting = sum(count for lane, count in tests.items() if lane.waits)
    worth = sum(-(-count // WORTH) for lane, count in tests.items() if not lane.waits)
    return waiting + min(worth, at_most)


class Lanes:
    """A scheduler for xdist (its protocol ``Scheduling``), of tests whose lanes are known by their ids.

    A worker begins a test when it knows of a further one, or that there is none: each has two at most.
    """

    def __init__(self, expected: int, lanes: Mapping[str, Lane]) -> None:
        self._expected = expected
        self._lanes = lanes
        self._ids: list[str] = []
        self._collected: set[WorkerController] = set()
        self._given: dict[WorkerController, list[int]] = {}
        self._daemons: dict[WorkerController, str] = {}
        self._left: list[int] = []

    @property
    def nodes(self) -> list[WorkerController]:
        return list(self._given)

    @property
    def collection_is_completed(self) -> bool:
        return len(self._collected) >= self._expected

    @property
    def tests_finished(self) -> bool:
        return self.collection_is_completed and not self.has_pending

    @property
    def has_pending(self) -> bool:
        return bool(self._left) or any(self._given.values())

    def add_node(self, node: WorkerController) -> None:
        self._given[node] = []

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """Take note of what a worker has collected; the first tells what there is to play.

        Raises:
            RuntimeError: a worker has collected something else.
        """
        if not self._ids:
            self._ids = list(collection)
            self._left = list(range(len(self._ids)))
        elif list(collection) != self._ids:
            raise RuntimeError("The workers of this run collected different tests.")
        self._collected.add(node)

    def schedule(self) -> None:
        for node in self._given:
            if node in self._collected:
                self._feed(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        self._given[node].remove(item_index)
        self._feed(node)

    def remove_node(self, node: WorkerController) -> str | None:
        """Forget a worker; what it had still to begin goes to others. Returns the test that it died of, if it did."""
        given = self._given.pop(node)
        self._daemons.pop(node, None)
        self._left[:0] = given[1:]
        return self._ids[given[0]] if given else None

    def mark_test_pending(self, item: str) -> None:
        self._left.insert(0, self._ids.index(item))
        self.schedule()

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        raise RuntimeError("No test is taken back from a worker.")

    def _lane(self, index: int) -> Lane:
        return self._lanes.get(self._ids[index], Lane())

    def _feed(self, node: WorkerController) -> None:
        """Give a worker its next tests, or let it end after those that it has."""
        while len(self._given[node]) < 2 and not node.shutting_down:
            if not self._left or self._waits(node):
                node.shutdown()
                return
            lane = self._next(node)
            index = next(index for index in self._left if self._lane(index) == lane)
            self._left.remove(index)
            self._given[node].append(index)
            self._daemons[node] = lane.daemon
            node.send_runtest_some([index])

    def _waits(self, node: WorkerController) -> bool:
        """Whether a worker is busy waiting, and another can take what is left."""
        able = any(not other.shutting_down for other in self._given if other is not node)
        return able and any(self._lane(index).waits for index in self._given[node])

    def _next(self, node: WorkerController) -> Lane:
        """What waits comes first, then the worker's own daemon, then one that has no worker yet, then the one that has
        most tests for each of its workers.
        """
        left = Counter(map(self._lane, self._left))
        cared = Counter(daemon for other, daemon in self._daemons.items() if not other.shutting_down)

        def reluctance(lane: Lane) -> tuple[bool, bool, bool, float]:
            others = cared[lane.daemon]
            return not lane.waits, lane.daemon != self._daemons.get(node), others > 0, (others + 1) / left[lane]

        return min(left, key=reluctance)
