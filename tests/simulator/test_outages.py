"""Faults by schedule: when a server is down and when it is back, on the core and on the network."""

import itertools
import socket
import time

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Arrangement, Fault, FaultKind, Holdings
from simulator.checks import ArrangementError
from simulator.world import World
from tests.simulator import QUICK
from tests.simulator.conftest import Bench
from tests.simulator.worlds import TOPOLOGY, Asker, manifest_path

TIMES = st.integers(0, 80).map(lambda quarters: quarters / 4)


@QUICK
@given(since=TIMES, length=st.none() | TIMES.filter(bool), now=TIMES)
def test_a_fault_is_there_in_its_time_alone(since: float, length: float | None, now: float) -> None:
    until = None if length is None else since + length
    asker = Asker()
    kinds: tuple[FaultKind, ...] = ("status", "refuse", "dns", "untrusted")
    asker.arrange(*(Fault(kind, status=503, since=since, until=until) for kind in kinds))
    asker.now = now - 1
    struck = asker.ask(manifest_path("1")).status == 503
    assert struck == (since <= now and (until is None or now < until))
    world = asker.world
    assert {world.refuses("one", now), world.unresolvable("one", now), world.untrusted("one", now)} == {struck}


def test_exchanges_of_other_times_are_not_counted() -> None:
    asker = Asker()
    asker.arrange(Fault("status", status=500, skip=1, times=1, since=3.0, until=9.0))
    assert [asker.ask("/v2/").status for _ in range(8)] == [200, 200, 200, 500, 200, 200, 200, 200]


def test_outages_may_follow_one_another() -> None:
    asker = Asker()
    asker.arrange(
        Fault("status", status=500, since=2.0, until=4.0),
        Fault("status", status=502, since=3.0, until=5.0),
        Fault("status", "manifest", status=503, since=6.0, until=7.0),
    )
    assert [asker.ask("/v2/").status for _ in range(7)] == [200, 500, 500, 502, 200, 200, 200]


def test_the_world_tells_the_next_turn() -> None:
    world = World(TOPOLOGY)
    assert world.next_turn(0.0) is None
    world.arrange(
        Arrangement(
            servers={
                "one": Holdings(faults=(Fault("refuse", since=5.0, until=8.0), Fault("dns"))),
                "two": Holdings(faults=(Fault("refuse", since=6.0),)),
            }
        )
    )
    assert [world.next_turn(now) for now in (0.0, 5.0, 6.0, 7.9, 8.0)] == [5.0, 6.0, 8.0, 8.0, None]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("refuse", since=-1.0), "cannot begin at -1.0 s"),
        (Fault("refuse", since=float("inf")), "cannot begin at inf s"),
        (Fault("refuse", since=float("nan")), "cannot begin at nan s"),
        (Fault("refuse", since=2.0, until=2.0), "not after its begin"),
        (Fault("refuse", until=float("nan")), "not after its begin"),
    ],
)
def test_a_schedule_must_be_possible(fault: Fault, words: str) -> None:
    with pytest.raises(ArrangementError, match=words):
        World(TOPOLOGY).arrange(Arrangement(servers={"one": Holdings(faults=(fault,))}))


def accepts(bench: Bench, name: str = "one") -> bool:
    try:
        bench.connect(name).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_server_goes_down_and_comes_back_without_being_told(bench: Bench, http: httpx.Client) -> None:
    since = bench.client.now() + 1
    outage = Fault("refuse", since=since, until=since + 1)
    bench.client.arrange(Arrangement(servers={"one": Holdings(faults=(outage,))}))
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    seen = []
    while bench.client.now() < since + 1.5:
        seen.append(accepts(bench))
        time.sleep(0.02)
    changes = [seen[0], *(now for before, now in itertools.pairwise(seen) if now != before)]
    assert bench.client.journal().errors == ()
    assert changes == [True, False, True]
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    assert bench.client.journal().errors == ()


def test_an_address_taken_meanwhile_is_told_in_the_journal(bench: Bench) -> None:
    since = bench.client.now() + 0.05
    outage = Fault("refuse", since=since, until=since + 2)
    bench.client.arrange(Arrangement(servers={"two": Holdings(faults=(outage,))}))
    while accepts(bench, "two"):
        time.sleep(0.02)
    site = bench.site("two")
    with socket.socket() as squatter:
        squatter.bind((site.address, site.plain_ports[0]))
        squatter.listen()
        while not bench.client.journal().errors:
            time.sleep(0.02)
        assert "Cannot listen at" in bench.client.journal().errors[0]
    bench.client.arrange(Arrangement(servers={"two": Holdings(faults=(Fault("refuse"),))}))
    bench.client.arrange(Arrangement())
