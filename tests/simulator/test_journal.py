"""The journal, which does not grow without bound."""

from dataclasses import replace

import pytest

from simulator.bounds import Bounds
from simulator.journal import Journal
from simulator.world import World
from tests.simulator.worlds import Asker


@pytest.fixture
def asker() -> Asker:
    return Asker()


def long(asker: Asker, most: int, count: int) -> Journal:
    """A journal that keeps so many exchanges, and has had so many."""
    asker.ask("/v2/")
    journal = Journal(most)
    for seq in range(count):
        journal.begin(replace(asker.last, seq=seq))
    return journal


@pytest.mark.parametrize(
    ("count", "mark", "kept", "forgotten"),
    [(3, 0, [0, 1, 2], 0), (3, 2, [2], 0), (5, 0, [2, 3, 4], 2), (5, 1, [2, 3, 4], 2), (5, 4, [4], 2), (5, 9, [], 2)],
)
def test_the_first_exchanges_are_forgotten_and_counted(
    asker: Asker, count: int, mark: int, kept: list[int], forgotten: int
) -> None:
    journal = long(asker, 3, count)
    assert [exchange.seq for exchange in journal.since(mark)] == kept
    assert (len(journal), journal.forgotten) == (count, forgotten)
    assert journal.at(count - 1).seq == count - 1


def test_a_forgotten_exchange_can_end(asker: Asker) -> None:
    journal = Journal(1)
    asker.ask("/v2/")
    first = journal.begin(replace(asker.last, seq=0))
    journal.begin(replace(asker.last, seq=1))
    first.end(5.0, 2)
    [second] = journal.since()
    assert (second.seq, second.ended) == (1, None)


def test_an_end_is_told_and_an_answer_keeps_the_place(asker: Asker) -> None:
    asker.ask("/v2/")
    journal = Journal()
    entry = journal.begin(replace(asker.last, seq=0, began=1.0))
    entry.answer(replace(asker.last, seq=7, began=9.0, status=418))
    entry.end(5.0, 2)
    [told] = journal.since()
    assert (told.seq, told.began, told.status, told.ended, told.sent) == (0, 1.0, 418, 5.0, 2)


def test_a_world_keeps_as_many_as_it_is_told(asker: Asker) -> None:
    world = World(asker.world.topology, bounds=Bounds(exchanges=2))
    small = Asker(world)
    for _ in range(3):
        small.ask("/v2/")
    assert (len(world.journal), world.journal.forgotten) == (3, 1)
