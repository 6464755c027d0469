"""Skipping time, on the network: what happens meanwhile happens, and in its order."""

import time

import httpx
import pytest

from simulator.arrangement import Arrangement, Fault, Holdings
from simulator.client import SimulatorError
from tests.simulator.conftest import Bench

WEEK = 7 * 86400.0


def test_the_clock_goes_on_and_skips(bench: Bench) -> None:
    before = bench.client.now()
    after = bench.client.advance(WEEK)
    assert after >= before + WEEK
    assert bench.client.now() >= after
    assert bench.client.now() < after + 60


def test_the_journal_and_the_schedule_of_faults_go_by_it(bench: Bench, http: httpx.Client) -> None:
    began = bench.client.now()
    outage = Fault("status", status=503, since=began + 1000, until=began + 2000)
    bench.client.arrange(Arrangement(servers={"one": Holdings(faults=(outage,))}))
    seen = []
    for _ in range(3):
        seen.append(http.get(bench.url("one", "/v2/")).status_code)
        bench.client.advance(1000)
    assert seen == [200, 503, 200]
    stamps = [exchange.began - began for exchange in bench.client.journal().exchanges]
    assert [stamp // 1000 for stamp in stamps] == [0, 1, 2]


def test_servers_obey_at_each_turn(bench: Bench, http: httpx.Client) -> None:
    now = bench.client.now()
    outages = tuple(Fault("refuse", since=now + hour * 3600, until=now + hour * 3600 + 60) for hour in range(1, 100))
    bench.client.arrange(Arrangement(servers={"one": Holdings(faults=outages)}))
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    bench.client.advance(50 * 3600)
    with pytest.raises(httpx.ConnectError):
        http.get(bench.url("one", "/v2/"))
    bench.client.advance(60)
    assert http.get(bench.url("one", "/v2/")).status_code == 200
    bench.client.arrange(Arrangement())


def test_a_turn_still_comes_by_itself_after_an_advance(bench: Bench) -> None:
    outage = Fault("refuse", since=bench.client.now() + WEEK + 0.3)
    bench.client.arrange(Arrangement(servers={"one": Holdings(faults=(outage,))}))
    bench.client.advance(WEEK)
    deadline = time.monotonic() + 60
    while True:
        try:
            bench.connect("one").close()
        except ConnectionRefusedError:
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
    bench.client.arrange(Arrangement())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1.0, "greater than or equal to 0"), (1e9, "less than or equal to"), (float("nan"), "finite number")],
)
def test_what_cannot_be_skipped(bench: Bench, seconds: float, words: str) -> None:
    with pytest.raises(SimulatorError, match=f"This is no advance: at advance: .*{words}"):
        bench.client.advance(seconds)
