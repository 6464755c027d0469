"""Answers below HTTP, and TLS handshakes that lead nowhere: bytes on a transport, whatever the rules say.

What is sent follows from the delivery alone, so that it can be played again. Each ends with its connection.
"""

import asyncio
import hashlib
import math
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import cast

from simulator.arrangement import Fault
from simulator.messages import DeliveryKind, Headers, Response
from simulator.network.pause import pause

KINDS: frozenset[DeliveryKind] = frozenset(
    {"close", "garbage", "slow-headers", "endless-headers", "endless-body", "wrong-length", "two-lengths"}
)

HANDSHAKE = 0x16
"""The record type by which a TLS handshake begins (RFC 8446 section 5.1)."""

_PIECE = 1 << 16
_MOST_WAITING = 1 << 18
_INTERVAL = 0.05
_FLUSH_INTERVAL = 0.002
_RECORD_HEADER = 5
_SERVER_HELLO_LENGTH = 118


async def deliver(response: Response, transport: asyncio.Transport) -> int:
    """Put a response on the wire in one of the rude ways; returns how many bytes of its body left.

    The connection is closed thereafter, but where the body is shorter than was said: that stays open, and silent.
    """
    delivery = response.delivery
    sent, is_over = 0, True
    match delivery.kind:
        case "garbage":
            await _write(transport, garbage(delivery.seed, delivery.size))
        case "slow-headers":
            await _trickle(transport, head(response.status, response.headers), delivery.seconds)
            sent = await _write(transport, response.body)
        case "endless-headers":
            await _pour(transport, _endless_head(response, delivery.size))
        case "endless-body":
            sent = await _endless_body(transport, response)
        case "two-lengths":
            other = max(int(response.header("content-length")) + delivery.by, 0)
            await _write(transport, head(response.status, (*response.headers, ("Content-Length", str(other)))))
            sent = await _write(transport, response.body)
        case "wrong-length":
            await _write(transport, head(response.status, response.headers))
            sent = await _write(transport, response.body)
            is_over = not 0 < len(response.body) < int(response.header("content-length"))
    if is_over:
        transport.close()
    return sent


def head(status: int, headers: Headers) -> bytes:
    """The status line and the header fields of a response after which the connection ends."""
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {_reason(status)}\r\n{fields}connection: close\r\n\r\n".encode("latin-1")


def garbage(seed: str, size: int) -> bytes:
    """So many bytes that are no HTTP: no line of it begins with a protocol's name."""
    return b"\x00" + hashlib.shake_256(f"garbage {seed}".encode()).digest(size - 1)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _endless_head(response: Response, size: int) -> Iterator[bytes]:
    """A head that never ends, in pieces, until it has so many bytes."""
    begun = head(response.status, response.headers)[:-2]
    yield begun[:size]
    size -= len(begun)
    lines = b"".join(b"x-filler-%04d: %s\r\n" % (number, b"0" * 64) for number in range(_PIECE // 84))
    while size > 0:
        yield lines[:size]
        size -= len(lines)


async def _endless_body(transport: asyncio.Transport, response: Response) -> int:
    """A chunked body without a last chunk: the response's own, and what nobody asked for."""
    await _write(transport, head(response.status, response.headers))
    sent = 0
    filler = bytes(_PIECE)
    size = response.delivery.size
    for piece in (response.body, *(filler for _ in range(math.ceil(size / _PIECE)))):
        chunk = piece[: size - sent]
        if transport.is_closing() or not chunk:
            break
        transport.write(b"%x\r\n" % len(chunk))
        sent += await _write(transport, chunk)
        transport.write(b"\r\n")
    return sent


async def _trickle(transport: asyncio.Transport, data: bytes, seconds: float) -> None:
    """Write bytes over a time."""
    steps = min(len(data), math.ceil(seconds / _INTERVAL))
    size = math.ceil(len(data) / steps)
    for start in range(0, len(data), size):
        await pause(seconds * size / len(data))
        if transport.is_closing():
            break
        transport.write(data[start : start + size])


async def _write(transport: asyncio.Transport, data: bytes | memoryview) -> int:
    """Write as the client reads; returns how many bytes were taken before it went away."""
    return await _pour(transport, (data[start : start + _PIECE] for start in range(0, len(data), _PIECE)))


async def _pour(transport: asyncio.Transport, pieces: Iterator[bytes | memoryview]) -> int:
    sent = 0
    for piece in pieces:
        while transport.get_write_buffer_size() > _MOST_WAITING and not transport.is_closing():
            await asyncio.sleep(_FLUSH_INTERVAL)
        if transport.is_closing():
            break
        transport.write(piece)
        sent += len(piece)
        await asyncio.sleep(0)
    return sent


class Handshakes:
    """Connections whose TLS handshake is spoiled by a fault of the kinds ``half-handshake`` and ``tls-alert``."""

    def __init__(self) -> None:
        self._open: set[asyncio.Transport] = set()

    def speaker(self, fault: Fault) -> Callable[[], asyncio.Protocol]:
        """What makes the protocol of such connections."""
        return lambda: _Handshake(fault, self._open)

    def break_off(self) -> None:
        """End them all."""
        for transport in list(self._open):
            transport.abort()


class _Handshake(asyncio.Protocol):
    """Reads the client's hello and spoils what should follow. To what is no hello it answers with an end."""

    def __init__(self, fault: Fault, connections: set[asyncio.Transport]) -> None:
        self._fault = fault
        self._connections = connections
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self._transport)

    def connection_lost(self, _: Exception | None) -> None:
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if self._read[0] != HANDSHAKE:
            self._transport.close()
            return
        length = int.from_bytes(self._read[3:_RECORD_HEADER])
        if len(self._read) < _RECORD_HEADER + length or len(self._read) < _RECORD_HEADER:
            return
        self._transport.pause_reading()
        if self._fault.kind == "tls-alert":
            self._transport.write(alert(self._fault.alert))
            self._transport.close()
            return
        self._transport.write(half_a_hello(self._fault.seed))
        if self._fault.then == "close":
            self._transport.close()


def alert(number: int) -> bytes:
    """A fatal alert (RFC 8446 section 6)."""
    return b"\x15\x03\x03\x00\x02\x02" + bytes([number])


def half_a_hello(seed: str) -> bytes:
    """The beginning of a record with a ServerHello (RFC 8446 section 4.1.3): it says how long it is, and stops after
    its random bytes.
    """
    random = hashlib.sha256(f"hello {seed}".encode()).digest()
    hello = b"\x02" + _SERVER_HELLO_LENGTH.to_bytes(3) + b"\x03\x03" + random
    return bytes([HANDSHAKE]) + b"\x03\x03" + (_SERVER_HELLO_LENGTH + 4).to_bytes(2) + hello
