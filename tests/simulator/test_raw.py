"""Bytes of every kind at the door: whatever is no HTTP is refused or closed, and the next client is served."""

import contextlib
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.arrangement import Arrangement
from tests.simulator.conftest import Bench

HOST = b"Host: own.test\r\n"
GOOD = b"GET /v2/ HTTP/1.1\r\n" + HOST + b"\r\n"
HIDDEN = b"GET /v2/hidden HTTP/1.1\r\n" + HOST + b"\r\n"
BEGIN = b"POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\n" + HOST

FUZZED = settings(
    deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
LINES = st.sampled_from(
    [
        *(b"GET /v2/ HTTP/1.1", b"PUT /v2/a/manifests/1 HTTP/1.1", b"POST /v2/a/blobs/uploads/?digest=x HTTP/1.1"),
        *(
            b"HEAD /v2/a/tags/list?n=1 HTTP/1.0",
            b"OPTIONS * HTTP/1.1",
            b"CONNECT own.test:443 HTTP/1.1",
            b"PRI * HTTP/2.0",
        ),
        *(
            b"GET http://own.test HTTP/1.1",
            b"GET http://own.test/v2/ HTTP/1.1",
            b"GET //a/b HTTP/1.1",
            b"GET ?n=1 HTTP/1.1",
        ),
        *(b"GET /%ff%00%zz HTTP/1.1", b"GET /\xc3\xa9 HTTP/1.1", b"GET /v2/ HTTP/9.9", b"GET  /v2/ HTTP/1.1", b"GET"),
        *(
            b"get /v2/ http/1.1",
            b"",
            b"\x16\x03\x01\x02\x00\x01\x00",
            b"GET /#a?b#c HTTP/1.1",
            b"GET http://[::1 HTTP/1.1",
        ),
    ]
)
FIELDS = st.sampled_from(
    [
        *(
            b"Host: own.test",
            b"Host: one.test",
            b"Host:",
            b"Host: \xff\x80",
            b"Connection: close",
            b"Connection: Upgrade",
        ),
        *(
            b"Content-Length: 0",
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: +5",
            b"Content-Length: 5, 5",
        ),
        *(
            b"Content-Length: 99999999999999999999",
            b"Content-Length: 0x5",
            b"Transfer-Encoding: chunked",
            b"A: b\r\n folded",
        ),
        *(
            b"Transfer-Encoding: identity, chunked",
            b"Transfer-Encoding: gzip",
            b"Transfer-Encoding : chunked",
            b"No colon",
        ),
        *(
            b"Expect: 100-continue",
            b"Expect: x",
            b"Upgrade: h2c",
            b": empty",
            b"X: \x00",
            b"X: a\rb",
            b"X: \xe9",
            b"X y: z",
        ),
        *(
            b"Authorization: Bearer \xff",
            b"Range: bytes=0-",
            b"Content-Range: 0-4",
            b"X: " + b"x" * 70_000,
            b"X: y\r\n" * 200,
        ),
    ]
)
BODIES = st.sampled_from(
    [
        *(
            b"",
            b"hello",
            b"0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5;x=y\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
            b"-1\r\n",
        ),
        *(
            b"zz\r\n",
            b"fffffffffffffffff\r\n",
            b"5\r\nhelloworld\r\n",
            b"5\nhello\n0\n\n",
            GOOD,
            HIDDEN,
            b"\r\n\r\n\r\n",
        ),
    ]
)
REQUESTS = st.tuples(
    LINES, st.lists(FIELDS, max_size=4), BODIES, st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"])
).map(lambda parts: parts[3].join([parts[0], *parts[1], b"", b""]) + parts[2])


@pytest.fixture
def own(bench: Bench) -> Bench:
    bench.client.arrange(Arrangement())
    return bench


def answered(bench: Bench, *pieces: bytes) -> bytes:
    """All that is answered to some bytes, until the connection ends."""
    read = bytearray()
    with bench.connect("own") as connection:
        with contextlib.suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
            connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1 << 16):
                read += piece
    return bytes(read)


def statuses(read: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", read)]


def serves(bench: Bench) -> bool:
    """Whether the next client gets its answer, and nothing went wrong within."""
    return statuses(answered(bench, GOOD)) == [200] and bench.client.journal().errors == ()


def cut(data: bytes, at: list[int]) -> Iterator[bytes]:
    places = sorted({place % (len(data) + 1) for place in at})
    for start, end in zip([0, *places], [*places, len(data)], strict=True):
        yield data[start:end]


@FUZZED
@given(st.lists(REQUESTS | st.binary(max_size=60), min_size=1, max_size=3), st.lists(st.integers(0, 9999), max_size=3))
def test_whatever_comes_is_answered_or_refused(bench: Bench, requests: list[bytes], at: list[int]) -> None:
    bench.client.arrange(Arrangement())
    read = answered(bench, *cut(b"".join(requests), at))
    assert read == b"" or read.startswith(b"HTTP/1.1 ")
    assert all(100 <= status < 500 for status in statuses(read))
    assert serves(bench)


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 0\r\nContent-Length: 4\r\n",
        b"Content-Length: 0, 4\r\n",
        b"Content-Length: +0\r\n",
        b"Content-Length: 0x0\r\n",
        b"Content-Length : 0\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding:\x0bchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"X: y\n\rTransfer-Encoding: chunked\r\n",
        b"Host: other.test\r\n",
    ],
    ids=lambda value: ascii(value[:-2]),
)
def test_a_request_whose_end_or_host_is_in_doubt_is_refused_with_all_that_follows(own: Bench, fields: bytes) -> None:
    """RFC 9112 sections 3.2, 6.1 and 6.3: such are the shapes of request smuggling."""
    assert statuses(answered(own, BEGIN + fields + b"\r\n0\r\n\r\n" + HIDDEN)) == [400]
    assert not any("hidden" in exchange.target for exchange in own.client.journal().exchanges)
    assert serves(own)


def test_a_request_without_a_host_is_refused(own: Bench) -> None:
    """RFC 9112 section 3.2. HTTP/1.0 has none."""
    assert statuses(answered(own, b"GET /v2/ HTTP/1.1\r\n\r\n")) == [400]
    assert statuses(answered(own, b"GET /v2/ HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize(
    ("target", "status"),
    [(b"http://own.test", 404), (b"http://own.test/v2/", 200), (b"*", 404), (b"/" + b"a" * 20_000, 414)],
    ids=lambda value: ascii(value)[:24],
)
def test_targets_of_every_form(own: Bench, target: bytes, status: int) -> None:
    """RFC 9112 section 3.2."""
    method = b"OPTIONS " if target == b"*" else b"GET "
    [answer] = statuses(answered(own, method + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"))
    assert answer == status or (target == b"*" and answer in (400, 405))
    assert serves(own)


@pytest.mark.parametrize("fields", [b"X: y\r\n" * 1000, b"X: " + b"y" * 100_000 + b"\r\n"], ids=["many", "long"])
def test_a_head_that_is_too_large_is_refused(own: Bench, fields: bytes) -> None:
    assert statuses(answered(own, b"GET /v2/ HTTP/1.1\r\n" + HOST + fields + b"\r\n")) == [431]
    assert serves(own)


def test_a_trailer_that_never_ends_is_refused(own: Bench) -> None:
    head = b"PUT /v2/a/manifests/1 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    assert set(statuses(answered(own, head, *[b"X: y\r\n"] * 1000))) <= {400, 431}
    assert serves(own)


def test_many_requests_at_once_are_answered_each(own: Bench) -> None:
    with own.connect("own") as connection:
        connection.sendall(GOOD * 500)
        read = b""
        while read.count(b"HTTP/1.1 200 ") < 500:
            piece = connection.recv(1 << 16)
            assert piece
            read += piece
    assert serves(own)
