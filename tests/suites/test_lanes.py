"""Which worker plays which test: with workers that are none, and a run of them from its first test to its last."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xdist.workermanage import WorkerController

from suites.lanes import WORTH, Lane, Lanes, workers

WAITS = Lane("docker-a", waits=True)
A, B = Lane("docker-a"), Lane("docker-b")


@dataclass(eq=False)
class Worker:
    """Plays nothing. Like a worker of xdist, it begins a test when it knows of a further one or that there is none."""

    known: list[int] = field(default_factory=list)
    played: list[int] = field(default_factory=list)
    shutting_down: bool = False

    def send_runtest_some(self, indices: list[int]) -> None:
        assert not self.shutting_down
        self.known += indices

    def shutdown(self) -> None:
        self.shutting_down = True

    @property
    def begun(self) -> int | None:
        return self.known[0] if len(self.known) > 1 or (self.known and self.shutting_down) else None


def begun(lanes: list[Lane], count: int) -> tuple[Lanes, list[Worker]]:
    """A run of tests of these lanes, in this order, on so many workers."""
    ids = [f"test {number}" for number in range(len(lanes))]
    lanes_by_id = dict(zip(ids, lanes, strict=True))
    scheduler, started = Lanes(count, lanes_by_id), [Worker() for _ in range(count)]
    for worker in started:
        scheduler.add_node(node(worker))
    for worker in started:
        assert not scheduler.collection_is_completed
        scheduler.add_node_collection(node(worker), ids)
    scheduler.schedule()
    return scheduler, started


def node(worker: Worker) -> WorkerController:
    return cast("WorkerController", worker)


def end(scheduler: Lanes, worker: Worker) -> None:
    """A worker ends the test that it has begun."""
    index = worker.known.pop(0)
    worker.played.append(index)
    scheduler.mark_test_complete(node(worker), index)


def play(scheduler: Lanes, started: list[Worker], lanes: list[Lane]) -> None:
    """The rest of a run, in which those that wait end last."""
    while any(worker.begun is not None for worker in started):
        able = [worker for worker in started if worker.begun is not None]
        end(scheduler, min(able, key=lambda worker: lanes[worker.begun or 0].waits))


@given(st.lists(st.sampled_from((A, B, WAITS)), max_size=40), st.integers(1, 6))
def test_each_test_is_played_once_whatever_there_is(lanes: list[Lane], count: int) -> None:
    scheduler, started = begun(lanes, count)
    play(scheduler, started, lanes)
    assert sorted(index for worker in started for index in worker.played) == list(range(len(lanes)))
    assert scheduler.tests_finished
    assert all(worker.shutting_down for worker in started)


@given(st.lists(st.sampled_from((A, B)), min_size=1, max_size=40), st.integers(2, 6))
def test_nothing_is_kept_behind_what_waits(others: list[Lane], count: int) -> None:
    lanes = [*others, WAITS]
    scheduler, started = begun(lanes, count)
    (waiting,) = (worker for worker in started if len(lanes) - 1 in worker.known)
    assert waiting.known == [len(lanes) - 1]
    assert waiting.begun is not None
    for worker in started:
        while worker is not waiting and worker.begun is not None:
            end(scheduler, worker)
    assert waiting.known == [len(lanes) - 1]
    assert len(lanes) - 1 == sum(len(worker.played) for worker in started)


def test_a_worker_stays_with_its_daemon_and_then_helps_with_another() -> None:
    lanes = [A, B] * 10 + [B] * 30
    scheduler, started = begun(lanes, 2)
    while any(worker.begun is not None for worker in started):
        for worker in started:
            if worker.begun is not None:
                end(scheduler, worker)
    played = [[lanes[index].daemon for index in worker.played] for worker in started]
    changes = sorted(sum(one != two for one, two in pairwise(names)) for names in played)
    assert changes == [0, 1]


def test_tests_are_played_in_their_order() -> None:
    lanes = [A] * 20
    scheduler, started = begun(lanes, 1)
    play(scheduler, started, lanes)
    assert started[0].played == list(range(20))


def test_what_a_dead_worker_had_not_begun_goes_to_others() -> None:
    lanes = [A] * 6
    scheduler, (dead, alive) = begun(lanes, 2)
    first, second = dead.known
    assert scheduler.remove_node(node(dead)) == f"test {first}"
    play(scheduler, [alive], lanes)
    assert second in alive.played
    assert first not in alive.played
    assert scheduler.tests_finished
    assert scheduler.remove_node(node(alive)) is None


def test_a_worker_that_comes_for_a_dead_one_is_fed_when_it_has_collected() -> None:
    lanes = [A] * 9
    scheduler, (dead, alive) = begun(lanes, 2)
    scheduler.remove_node(node(dead))
    fresh = Worker()
    scheduler.add_node(node(fresh))
    scheduler.schedule()
    assert not fresh.known
    scheduler.add_node_collection(node(fresh), [f"test {number}" for number in range(9)])
    scheduler.schedule()
    assert len(fresh.known) == 2
    play(scheduler, [fresh, alive], lanes)
    assert scheduler.tests_finished


def test_workers_that_collect_different_tests_are_refused() -> None:
    scheduler = Lanes(2, {})
    for worker, ids in ((Worker(), ["one"]), (Worker(), ["two"])):
        scheduler.add_node(node(worker))
        if ids == ["one"]:
            scheduler.add_node_collection(node(worker), ids)
            continue
        with pytest.raises(RuntimeError, match="collected different tests"):
            scheduler.add_node_collection(node(worker), ids)


@pytest.mark.parametrize(
    ("lanes", "count"),
    [
        ([], 0),
        ([A], 1),
        ([A] * WORTH, 1),
        ([A] * WORTH + [B], 2),
        ([A] * 10 * WORTH, 4),
        ([WAITS], 1),
        ([A] * 10 * WORTH + [WAITS] * 3, 7),
    ],
)
def test_how_many_workers_tests_are_worth(lanes: list[Lane], count: int) -> None:
    assert workers(lanes, at_most=4) == count
