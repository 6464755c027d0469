"""What a client meets on the wire where a server is rude: raw sockets see the bytes, httpx says what it thinks."""

import asyncio
import contextlib
import re
import ssl
import time

import httpx
import pytest

from simulator.arrangement import Break, Fault, FaultKind, Heal
from simulator.messages import Delivery, Response
from simulator.network import rude
from tests.simulator.conftest import Bench
from tests.simulator.test_server import LAYER, MANIFEST, arrange, ask_raw, ended, layer, read_all, wire

BOTH = pytest.mark.parametrize("tls", [False, True])


def answer(bench: Bench, path: str = LAYER, method: str = "GET", *, tls: bool = False) -> tuple[bytes, bytes]:
    """The head and the body of what comes until the connection is closed in good order."""
    with wire(bench, tls) as connection:
        ask_raw(connection, path, method)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
        return head, body


def lengths(head: bytes) -> list[int]:
    return [int(value) for value in re.findall(rb"content-length: (\d+)", head)]


@BOTH
def test_close_before_the_answer(bench: Bench, tls: bool) -> None:
    arrange(bench, Fault("close", "layer"))
    assert answer(bench, tls=tls) == (b"", b"")
    [exchange] = ended(bench)
    assert (exchange.fault, exchange.fault_name, exchange.status, exchange.sent) == ("close", "close-1", 0, 0)


@BOTH
def test_garbage_is_the_same_at_every_play_and_is_no_http(bench: Bench, http: httpx.Client, tls: bool) -> None:
    seen = []
    for seed in ("a", "a", "b"):
        arrange(bench, Fault("garbage", "layer", seed=seed, size=300))
        with wire(bench, tls) as connection:
            ask_raw(connection, LAYER)
            seen.append(read_all(connection))
        [exchange] = ended(bench)
        assert (exchange.fault, exchange.status, exchange.sent) == ("garbage", 0, 0)
    assert [len(one) for one in seen] == [300] * 3
    assert seen[0] == seen[1] != seen[2]
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(bench.url("one", LAYER, tls=tls))


@BOTH
def test_headers_that_trickle(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("slow-headers", seconds=0.2))
    began = time.monotonic()
    assert http.get(bench.url("one", LAYER, tls=tls)).content == layer()
    assert time.monotonic() - began >= 0.2
    assert http.head(bench.url("one", LAYER, tls=tls)).headers["content-length"] == str(len(layer()))
    assert [exchange.sent for exchange in ended(bench, 2)] == [len(layer()), 0]


def test_headers_come_a_few_bytes_at_a_time(bench: Bench) -> None:
    arrange(bench, Fault("slow-headers", "layer", seconds=0.5))
    with bench.connect("one") as connection:
        ask_raw(connection, LAYER)
        first = connection.recv(1 << 16)
    assert b"HTTP/1.1 200"[: len(first)] == first[: len(b"HTTP/1.1 200")]
    assert b"\r\n\r\n" not in first


def test_headers_without_end(bench: Bench, http: httpx.Client) -> None:
    arrange(bench, Fault("endless-headers", "layer", size=500_000))
    with bench.connect("one") as connection:
        ask_raw(connection, LAYER)
        read = read_all(connection)
    assert read.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in read
    assert len(read) == 500_000
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(bench.url("one", LAYER))
    assert [(exchange.fault, exchange.status, exchange.sent) for exchange in ended(bench, 2)] == [
        ("endless-headers", 200, 0)
    ] * 2


@BOTH
def test_headers_without_end_end_with_the_client(bench: Bench, tls: bool) -> None:
    arrange(bench, Fault("endless-headers", "layer", size=1 << 30))
    with wire(bench, tls) as connection:
        ask_raw(connection, LAYER)
        connection.recv(1)
    [exchange] = ended(bench)
    assert (exchange.fault, exchange.sent) == ("endless-headers", 0)


@BOTH
def test_a_body_without_end(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("endless-body", "layer", size=400_000))
    head, body = answer(bench, tls=tls)
    assert b"transfer-encoding: chunked" in head
    assert lengths(head) == []
    length, _, rest = body.partition(b"\r\n")
    assert int(length, 16) == len(layer())
    assert rest.startswith(layer())
    assert not body.endswith(b"0\r\n\r\n")
    [exchange] = ended(bench)
    assert (exchange.status, exchange.length, exchange.sent) == (200, 0, 400_000)
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(bench.url("one", LAYER, tls=tls))


@BOTH
def test_a_length_that_is_too_small(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("wrong-length", "layer", by=-1000))
    head, body = answer(bench, tls=tls)
    assert (lengths(head), body) == ([len(layer()) - 1000], layer())
    [exchange] = ended(bench)
    assert (exchange.fault, exchange.length, exchange.sent) == ("wrong-length", len(layer()) - 1000, len(layer()))
    assert len(http.get(bench.url("one", LAYER, tls=tls)).content) == len(layer()) - 1000


@BOTH
def test_a_length_that_is_too_large_is_waited_for(bench: Bench, http: httpx.Client, tls: bool) -> None:
    arrange(bench, Fault("wrong-length", "layer", by=5))
    with wire(bench, tls) as connection:
        ask_raw(connection, LAYER)
        read = bytearray()
        while len(read.partition(b"\r\n\r\n")[2]) < len(layer()):
            read += connection.recv(1 << 16)
        [exchange] = ended(bench)
    assert lengths(bytes(read)) == [len(layer()) + 5]
    assert (exchange.length, exchange.sent) == (len(layer()) + 5, len(layer()))
    with pytest.raises(httpx.ReadTimeout):
        http.get(bench.url("one", LAYER, tls=tls), timeout=0.2)


def test_a_wrong_length_is_told_to_head_as_well(bench: Bench, http: httpx.Client) -> None:
    arrange(bench, Fault("wrong-length", "layer", method="HEAD", by=7))
    for _ in range(2):
        assert http.head(bench.url("one", LAYER)).headers["content-length"] == str(len(layer()) + 7)
    assert http.get(bench.url("one", LAYER)).content == layer()


@BOTH
@pytest.mark.parametrize("by", [1, -1, 0])
def test_two_lengths(bench: Bench, http: httpx.Client, tls: bool, by: int) -> None:
    arrange(bench, Fault("two-lengths", "layer", by=by))
    head, body = answer(bench, tls=tls)
    assert (lengths(head), body) == ([len(layer()), len(layer()) + by], layer())
    if by:
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(bench.url("one", LAYER, tls=tls))
    assert ended(bench, 2 if by else 1)[0].length == len(layer())


def test_the_next_request_is_answered_as_ever(bench: Bench, http: httpx.Client) -> None:
    kinds: tuple[FaultKind, ...] = ("close", "garbage", "endless-headers", "endless-body", "two-lengths")
    for kind in kinds:
        arrange(bench, Fault(kind, "layer", times=1, size=1000))
        with pytest.raises(httpx.RemoteProtocolError):
            http.get(bench.url("one", LAYER))
        assert http.get(bench.url("one", LAYER)).content == layer()


def test_a_push_that_is_answered_with_garbage_has_no_effect(bench: Bench, http: httpx.Client) -> None:
    bench.client.apply(Break("own", Fault("garbage", "upload", times=1)))
    uploads = bench.url("own", "/v2/team/app/blobs/uploads/")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(uploads)
    assert http.post(uploads).status_code == 202


# Where TLS begins.


def hello(bench: Bench) -> bytes:
    """The bytes by which a client begins a handshake."""
    out = ssl.MemoryBIO()
    session = bench.trust.wrap_bio(ssl.MemoryBIO(), out, server_hostname="one.test")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return out.read()


def after_hello(bench: Bench, pieces: int = 1) -> tuple[bytes, bool]:
    """What comes after a ClientHello, and whether the connection was closed then."""
    begun, read = hello(bench), b""
    with bench.connect_bare("one") as connection:
        for number in range(pieces):
            connection.sendall(begun[number * len(begun) // pieces : (number + 1) * len(begun) // pieces])
        connection.settimeout(0.3)
        try:
            while piece := connection.recv(1 << 16):
                read += piece
        except TimeoutError:
            return read, False
        return read, True


@pytest.mark.parametrize("pieces", [1, 3])
def test_half_a_handshake(bench: Bench, pieces: int) -> None:
    seen = []
    for fault in (
        Fault("half-handshake"),
        Fault("half-handshake", then="close"),
        Fault("half-handshake", then="close", seed="other"),
    ):
        arrange(bench, fault)
        begun, is_closed = after_hello(bench, pieces)
        assert is_closed == (fault.then == "close")
        assert begun[:3] == b"\x16\x03\x03"
        assert int.from_bytes(begun[3:5]) > len(begun) - 5 > 0
        seen.append(begun)
    assert seen[0] == seen[1] != seen[2]
    with pytest.raises(ssl.SSLError):
        bench.connect("one", tls=True)


def test_an_alert(bench: Bench, http: httpx.Client) -> None:
    arrange(bench, Fault("tls-alert", alert=70))
    assert after_hello(bench) == (b"\x15\x03\x03\x00\x02\x02\x46", True)
    with pytest.raises(httpx.ConnectError, match=r"(?i)protocol.version"):
        http.get(bench.url("one", MANIFEST, tls=True))


def test_only_tls_is_spoiled_and_only_until_it_is_healed(bench: Bench, http: httpx.Client) -> None:
    arrange(bench)
    url = bench.url("one", MANIFEST, tls=True)
    kinds: tuple[FaultKind, ...] = ("half-handshake", "tls-alert")
    for kind in kinds:
        bench.client.apply(Break("one", Fault(kind, then="close")))
        with pytest.raises(httpx.ConnectError):
            http.get(url)
        assert http.get(bench.url("one", MANIFEST)).status_code == 200
        assert http.get(bench.url("hub", "/v2/", tls=True)).status_code == 401
        bench.client.apply(Heal("one"))
        assert http.get(url).status_code == 200


def test_who_waits_in_half_a_handshake_is_let_go_when_it_is_healed(bench: Bench) -> None:
    arrange(bench, Fault("half-handshake"))
    with bench.connect_bare("one") as connection:
        connection.sendall(hello(bench))
        assert connection.recv(1 << 16)
        bench.client.apply(Heal("one"))
        assert connection.recv(1) == b""


def test_what_is_no_hello_ends_at_once(bench: Bench) -> None:
    arrange(bench, Fault("half-handshake"))
    with bench.connect_bare("one") as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""


def test_a_plain_request_at_a_port_of_tls_is_not_answered_in_http(bench: Bench) -> None:
    arrange(bench)
    with bench.connect_bare("one") as connection:
        ask_raw(connection, "/v2/")
        read = b""
        with contextlib.suppress(ConnectionResetError):
            read = read_all(connection)
    assert not read.startswith(b"HTTP/")


def test_what_is_sent_is_bounded_in_memory() -> None:
    class Full:
        """A transport whose client does not read, and goes away after a while."""

        polled = written = 0
        closed = False

        def write(self, data: bytes) -> None:
            self.written += len(data)

        def get_write_buffer_size(self) -> int:
            self.polled += 1
            return self.written

        def is_closing(self) -> bool:
            return self.polled > 20

        def close(self) -> None:
            self.closed = True

    full = Full()
    response = Response(200, (), b"", Delivery("endless-headers", size=1 << 30))
    asyncio.run(rude.deliver(response, full))  # type: ignore[arg-type]
    assert full.closed
    assert full.written < 1 << 19
