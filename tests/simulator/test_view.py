"""The live view's lines, and which exchanges it shows when."""

from datetime import UTC, datetime

import pytest

from simulator.arrangement import Fault
from simulator.command.view import Follower, line
from simulator.journal import Journal
from tests.simulator.worlds import Asker, blob_path, digest, manifest_path

NOON = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.arrange()
    return asker


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v2/", "200         0 /v2/"),
        (manifest_path("1"), "200         0 library/app:1"),
        (blob_path("single", "config"), f"200         0 library/app@{digest('single', 'config')[:15]}"),
        ("/v2/library/app/tags/list", "200         0 library/app (tags)"),
        ("/\x1b[2J\u202e", "404         0 /?[2J?"),
        ("/" + 200 * "x", f"404         0 /{99 * 'x'}..."),
    ],
)
def test_a_line(asker: Asker, path: str, shown: str) -> None:
    asker.ask(path)
    assert line(asker.last, NOON) == f"12:00:01 10.0.0.9  GET  one      {shown}"


@pytest.mark.parametrize(("fault", "shown"), [(Fault("hang"), "  -"), (Fault("status", status=503), "503")])
def test_a_fault_is_told(asker: Asker, fault: Fault, shown: str) -> None:
    asker.arrange(fault)
    asker.ask("/v2/")
    assert line(asker.last, NOON).endswith(f"one      {shown}         0 /v2/ (fault: {fault.kind})")


def test_an_exchange_is_shown_once_when_it_has_ended(asker: Asker) -> None:
    journal = asker.world.journal
    follower = Follower(journal)

    def news(now: Journal) -> list[int]:
        return [exchange.seq for exchange in follower.news(now)]

    asker.ask("/v2/")
    asker.ask("/v2/")
    assert news(journal) == []
    journal.end(1, 5.0, 2)
    assert news(journal) == [1]
    journal.end(0, 6.0, 2)
    assert news(journal) == [0]
    assert news(journal) == []
    asker.arrange(Fault("hang"))
    asker.ask("/v2/")
    assert news(asker.world.journal) == [0]
