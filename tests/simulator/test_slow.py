"""Slow clients, and very many: they are given up in the end, take little memory, and hold up nobody."""

import contextlib
import resource
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from simulator.arrangement import Arrangement, Break, Copy, Fault, Holdings, ImageSpec
from simulator.bounds import LARGEST_MANIFEST, STANDARD
from simulator.network import http
from simulator.network.connections import MOST_CONNECTIONS
from simulator.registry.content import build
from simulator.topology import Site
from tests.simulator.conftest import Bench
from tests.simulator.pushes import sha256
from tests.simulator.test_serve import Served, start

MIB = 1 << 20
LARGE = ImageSpec("large", layers=(8 * MIB,))
LAYER = f"/v2/team/app/blobs/{build(LARGE).content.objects[-1].digest}"
GET = b"GET %s HTTP/1.1\r\nHost: own.test\r\n\r\n"
PUT = b"PUT /v2/team/app/manifests/1 HTTP/1.1\r\nHost: own.test\r\nContent-Length: 100\r\n\r\n"


@pytest.fixture
def hasty(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A simulator whose patience is soon over."""
    for name in ("http.HEAD_TIME", "http.KEEP_ALIVE"):
        monkeypatch.setattr(f"simulator.network.{name}", 0.2)
    monkeypatch.setattr("simulator.network.connections._SWEEP", 0.05)
    copies = Holdings((Copy("team/app", "1", "large"),))
    bench.client.arrange(Arrangement({"large": LARGE}, {"own": copies}))
    return bench


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_all(connection: socket.socket) -> bytes:
    read = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(1 << 20):
            read += piece
    return bytes(read)


def serves(bench: Bench) -> bool:
    with bench.connect("own") as connection:
        connection.sendall(GET % b"/v2/")
        return connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_does_not_end_is_given_up(hasty: Bench) -> None:
    with hasty.connect("own") as connection:
        connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: own.te")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    assert hasty.client.journal().exchanges == ()


def test_a_head_that_comes_byte_by_byte_is_given_up(hasty: Bench) -> None:
    with hasty.connect("own") as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(0.01)
        connection.sendall(b"GET /v2/ HTTP/1.1\r\n")
        answer = b""
        for number in range(2000):
            connection.sendall(b"%d: x\r\n" % number if number % 7 == 0 else b"")
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(1 << 16)
                break
        assert answer.startswith(b"HTTP/1.1 408 ")
    assert hasty.client.journal().errors == ()


@pytest.mark.parametrize("first", [b"", GET % b"/v2/"], ids=["from-the-beginning", "after-an-answer"])
def test_a_connection_that_rests_is_closed(hasty: Bench, first: bytes) -> None:
    with hasty.connect("own") as connection:
        connection.sendall(first)
        assert read_all(connection).count(b"HTTP/1.1 ") == bool(first)


@pytest.mark.parametrize("piece", [b"", b"{"], ids=["nothing", "a-byte"])
def test_a_body_that_does_not_come_is_given_up_and_the_journal_tells(hasty: Bench, piece: bytes) -> None:
    with hasty.connect("own") as connection:
        connection.sendall(PUT + piece)
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")
    until(lambda: hasty.client.mark() == 1)
    [exchange] = hasty.client.journal().exchanges
    assert (exchange.method, exchange.status, exchange.sent) == ("PUT", 400, 0)


def test_a_reader_that_reads_nothing_is_given_up(hasty: Bench) -> None:
    with hasty.connect("own") as connection:
        connection.sendall(GET % LAYER.encode())
        until(lambda: any(exchange.ended for exchange in hasty.client.journal().exchanges))
        [exchange] = hasty.client.journal().exchanges
        assert exchange.sent < exchange.length
        assert len(read_all(connection)) < 8 * MIB


def test_a_head_that_does_not_end_does_not_end_the_answer_before_it(hasty: Bench) -> None:
    hasty.client.apply(Break("own", Fault("slow", seconds=0.8)))
    with hasty.connect("own") as connection:
        connection.sendall(GET % b"/v2/" + b"GET")
        answers = read_all(connection)
    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")] == [b"", b"200", b"408"]


def test_an_answer_may_take_longer_than_a_connection_may_rest(hasty: Bench) -> None:
    hasty.client.apply(Break("own", Fault("slow", seconds=0.8)))
    with hasty.connect("own") as connection:
        connection.sendall(GET % b"/v2/")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_what_comes_byte_by_byte_is_served(bench: Bench) -> None:
    bench.client.arrange(Arrangement())
    data = b"slowly"
    target = f"/v2/team/app/blobs/uploads/?digest={sha256(data)}"
    head = f"POST {target} HTTP/1.1\r\nHost: own.test\r\nContent-Length: {len(data)}\r\n\r\n"
    with bench.connect("own") as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head.encode() + data:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 201 ")


def test_the_documentation_tells_the_limits() -> None:
    text = (Path(__file__).parents[2] / "docs" / "simulator-reference.md").read_text()
    for told in (
        f"| request target | {http.LONGEST_TARGET >> 10} KiB | 414 |",
        f"| header fields | {http.MOST_FIELDS}, of {http.LONGEST_HEAD >> 10} KiB together | 431 |",
        f"| time for a request's head | {http.HEAD_TIME} s | 408 |",
        f"does not read | {http.KEEP_ALIVE} s |",
        f"| manifest | {LARGEST_MANIFEST // MIB} MiB | 413 |",
        f"| blob | {STANDARD.blob // MIB} MiB | 413 |",
        f"| what clients pushed to one server | {STANDARD.pushed >> 30} GiB | 413 |",
        f"tags that clients pushed to one server | {STANDARD.objects} | 413 |",
        f"| bodies that arrive at one time | {STANDARD.arriving // MIB} MiB | 413 |",
        f"| connections to one server | {MOST_CONNECTIONS} |",
    ):
        assert told in text


# A process of its own


@contextlib.contextmanager
def served(directory: Path, *arguments: str) -> Iterator[tuple[Served, Site]]:
    """A simulator in a process of its own, and its first mirror."""
    process = start(directory, "--ports", "8443,8080", "--quiet", *arguments)
    try:
        yield process, process.sites()[1]
    finally:
        process.process.kill()
        process.process.communicate()


def resident(served: Served) -> int:
    """The bytes of memory that a process has to itself."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) << 10


def connect(site: Site) -> socket.socket:
    return socket.create_connection((site.address, site.plain_ports[0]), timeout=60)


def ping(site: Site) -> int:
    return httpx.get(f"http://{site.address}:{site.plain_ports[0]}/v2/", trust_env=False, timeout=60).status_code


@pytest.fixture
def descriptors() -> Iterator[int]:
    """How many connections this process may have beside what it has; as many as possible."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield before[1] - 500
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_ten_thousand_idle_connections_take_little_memory_and_hold_up_nobody(tmp_path: Path, descriptors: int) -> None:
    count = min(10_000, descriptors)
    with served(tmp_path) as (process, site), contextlib.ExitStack() as opened:
        assert ping(site) == 200
        before = resident(process)
        for number in range(count):
            connection = opened.enter_context(connect(site))
            if number % 2:
                connection.sendall(b"GET /v2/ HTTP/1.1\r\nHost: ")
        assert ping(site) == 200
        assert resident(process) - before < 128 * MIB


def test_slow_readers_of_a_large_blob_take_little_memory_and_hold_up_nobody(tmp_path: Path) -> None:
    arguments = ("--image", "team/app:1,size=64MiB", "--warm", "mirror-1:team/app:1")
    with served(tmp_path, *arguments) as (process, site), contextlib.ExitStack() as opened:
        base = f"http://{site.address}:{site.plain_ports[0]}/v2/team/app"
        digest = httpx.get(f"{base}/manifests/1", trust_env=False).json()["layers"][0]["digest"]
        before = resident(process)
        for _ in range(100):
            connection = opened.enter_context(connect(site))
            connection.sendall(GET % f"/v2/team/app/blobs/{digest}".encode())
            assert connection.recv(1)
        assert sha256(httpx.get(f"{base}/blobs/{digest}", trust_env=False, timeout=30).content) == digest
        assert resident(process) - before < 128 * MIB


def test_without_descriptors_the_server_waits_and_serves_again(tmp_path: Path) -> None:
    with served(tmp_path) as (process, site):
        resource.prlimit(process.process.pid, resource.RLIMIT_NOFILE, (100, 100))
        with contextlib.ExitStack() as opened:
            for _ in range(300):
                with contextlib.suppress(ConnectionError, TimeoutError):
                    opened.enter_context(socket.create_connection((site.address, site.plain_ports[0]), timeout=0.2))
        until(lambda: _pings(site))
        assert process.process.poll() is None


def _pings(site: Site) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return ping(site) == 200
    return False
