"""One connection of HTTP/1.1 (RFC 9112): requests come in, and each is answered before the next.

This speaks HTTP itself, on httptools' parser, since no server library lets an application have the transport in its
hands, as faults need it, and bound heads, bodies and connections as a server for strangers must. It also answers
twice as many requests a second as uvicorn did, for most answers leave in the same turn of the event loop in which
their request came.
"""

import asyncio
import math
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol, cast
from urllib.parse import unquote

import httptools

from simulator.messages import Headers, Request, Scheme
from simulator.network.intake import Body, Intake

KEEP_ALIVE = 600
"""Seconds that a connection may rest: between requests, within a request's body, and while its client reads nothing of
what is to leave. Longer than any trial, so that none closes at a moment of its own choice."""

HEAD_TIME = 30
"""Seconds that the head of a request may take from its first byte. One that takes longer is answered with 408."""

LONGEST_TARGET = 1 << 14
"""Bytes. A longer request target is answered with 414 (RFC 9112 section 3 asks for 8000 at least)."""

LONGEST_HEAD, MOST_FIELDS = 1 << 16, 128
"""Bytes of a request's header fields, and their number. More are answered with 431 (RFC 6585 section 5)."""

_MOST_WAITING = 16
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NO_URL = (httptools.HttpParserInvalidURLError, ValueError)


class Application(Protocol):
    """What answers the requests of a site."""

    def appetite(self, request: Request) -> int:
        """How many bytes of a request's body its answer may depend on. No others are kept."""

    def answer(self, request: Request, connection: "Connection") -> Coroutine[None, None, None] | None:
        """Answer a request. Where that is not done at once, returns what is to be awaited: the connection's next
        request waits until then. It raises nothing, and neither does this.
        """

    @property
    def intake(self) -> Intake:
        """What lets bodies in."""

    def failed(self, problem: BaseException) -> None:
        """Take note of a failure of the simulator itself."""


@dataclass(slots=True)
class _Incoming:
    """A request, and the body of it that is wanted. ``refusal`` is the status that answers what is no request."""

    request: Request
    keeps: bool = False
    body: Body | None = None
    refusal: int = 0
    expects: bool = False
    """Whether its client waits for a word before it sends the body (RFC 9110 section 10.1.1)."""

    @property
    def is_read(self) -> bool:
        """Whether all that the client has to say was read."""
        if self.refusal:
            return False
        if self.body:
            return self.body.arrival != "too-large"
        return not (self.request.header("content-length") or self.request.header("transfer-encoding"))


class Connection(asyncio.Protocol):
    """One client's connection to a site. ``joined`` and ``left`` are told when it begins and ends."""

    transport: asyncio.Transport

    __slots__ = (
        "_answering",
        "_application",
        "_deaf",
        "_ended",
        "_fields",
        "_full",
        "_heading",
        "_joined",
        "_left",
        "_length",
        "_loop",
        "_over",
        "_parser",
        "_queue",
        "_reading",
        "_scheme",
        "_size",
        "_target",
        "_waiter",
        "client",
        "due",
        "gone",
        "keeps",
        "transport",
    )

    def __init__(
        self,
        application: Application,
        joined: Callable[["Connection"], None],
        left: Callable[["Connection"], None],
    ) -> None:
        self._application = application
        self._joined, self._left = joined, left
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._queue: deque[_Incoming] = deque()
        self._reading: _Incoming | None = None
        self._answering: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._full = self._deaf = self._heading = False
        self._ended = self._over = False
        self.gone = False
        self.keeps = True
        """Whether it stays open after the present answer."""
        self.due = self._loop.time() + KEEP_ALIVE
        """When to give it up, in the event loop's time, unless something happens before."""

    @property
    def rests(self) -> bool:
        """Whether no request is under way."""
        return self._answering is None and self._reading is None and not self._queue

    async def writable(self) -> bool:
        """Wait until more may be written; tells whether there is still somebody to read it."""
        while self._full and not self.gone:
            await self.news()
        return not self.transport.is_closing()

    async def until_gone(self) -> None:
        """Wait until the connection has ended, or its client says no more: then end it."""
        while not (self.gone or self._ended):
            await self.news()
        self.transport.close()

    async def news(self) -> None:
        """Wait until there is room for more to be written, the connection has ended, or it is nudged."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def nudge(self) -> None:
        """Have whoever waits for news look again."""
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def retire(self) -> None:
        """Close now, or after the answers that are under way."""
        self.keeps = False
        if self.rests:
            self.transport.close()

    def give_up(self) -> None:
        """Close what has rested for too long. A request that takes too long to come has its answer; a client that
        does not read has none.
        """
        if not self._deaf and (self._heading or self._reading):
            self._refuse(408)
        elif self._deaf or self._answering or self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def break_off(self) -> asyncio.Task[None] | None:
        """End now, whatever is under way; returns the task that was."""
        self.transport.abort()
        if self._answering:
            self._answering.cancel()
        return self._answering

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.client: str = peer[0] if peer else ""
        self._scheme: Scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        self._joined(self)

    def data_received(self, data: bytes) -> None:
        if self._heading:
            # the parser keeps a field to itself until it has all of it
            self._length += len(data)
            if self._length > LONGEST_HEAD:
                self._refuse(431)
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except httptools.HttpParserCallbackError as problem:
            self._application.failed(problem.__context__ or problem)
            self.transport.abort()
        except httptools.HttpParserError:
            self._refuse(400)
        if len(self._queue) > _MOST_WAITING:
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The client says no more, but may still read (RFC 9112 section 9.6): it gets what it asked for, and then the
        connection is closed. Where asyncio speaks TLS it closes now, whatever this returns.
        """
        if self._over:
            return False
        self._ended, self._heading = True, False
        self.nudge()
        self._break_off_body()
        return not self.rests

    def pause_writing(self) -> None:
        self._full = True
        self._stir()

    def resume_writing(self) -> None:
        self._full = False
        self._stir()
        self.nudge()
        self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone, self._deaf, self._full = True, True, False
        self._left(self)
        self.nudge()
        self._break_off_body()

    # What the parser tells.

    def on_message_begin(self) -> None:
        self._heading = True
        self._target = b""
        self._fields: list[tuple[str, str]] = []
        self._length = self._size = 0
        self.due = self._loop.time() + HEAD_TIME

    def on_url(self, piece: bytes) -> None:
        self._target += piece
        if len(self._target) > LONGEST_TARGET:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._size += len(name) + len(value)
        if self._size > LONGEST_HEAD or len(self._fields) == MOST_FIELDS:
            self._refuse(431)
        else:
            self._fields.append((_field_name(name), sys.intern(value.decode("latin-1"))))

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        self._heading = False
        self._stir()
        parser = self._parser
        try:
            path, query = _split(self._target)
        except _NO_URL:
            self._refuse(400)
            return
        headers = tuple(self._fields)
        hosts = [value for name, value in headers if name == "host"]
        if len(hosts) > 1 or (not hosts and parser.get_http_version() == "1.1"):
            self._refuse(400)  # RFC 9112 section 3.2
            return
        host = hosts[0] if hosts else ""
        method = sys.intern(parser.get_method().decode("ascii"))
        request = Request(method, host, path, query, headers, self.client, scheme=self._scheme)
        keeps = parser.should_keep_alive() and parser.get_http_version() == "1.1" and not parser.should_upgrade()
        limit = self._application.appetite(request)
        body = self._application.intake.begin(request, limit) if limit else None
        if request.header("expect"):
            self._expected(_Incoming(request, keeps, body, expects=True))
        elif body is None or body.arrival == "too-large":
            self._enter(_Incoming(request, keeps, body))
        else:
            self._reading = _Incoming(request, keeps, body)
            self._stir()

    def on_body(self, piece: bytes) -> None:
        if self._reading and self._reading.body:
            self._stir()
            if not self._reading.body.take(piece):
                self._read()

    def on_message_complete(self) -> None:
        if self._reading:
            self._read()

    # How requests are answered in their order.

    def _expected(self, incoming: _Incoming) -> None:
        """Take a request that waits for a word before it sends its body (RFC 9110 section 10.1.1). Where the body
        is not wanted, nobody knows whether it comes: the connection cannot be used again.
        """
        if incoming.body is None or incoming.body.arrival == "too-large":
            incoming.keeps = False
            self._enter(incoming)
            return
        self._reading = incoming
        self._stir()
        self._invite()

    def _invite(self) -> None:
        """Give the word that a body may come, when all answers before have left."""
        if self._reading and self._reading.expects and not (self._answering or self._queue):
            self._reading.expects = False
            self.transport.write(_CONTINUE)

    def _break_off_body(self) -> None:
        """No more comes of the present body."""
        if self._reading and self._reading.body:
            self._reading.body.arrival = "broken-off"
            self._read()

    def _read(self) -> None:
        """No more is read of the present body."""
        incoming, self._reading = self._reading, None
        if incoming:
            self._stir()
            self._enter(incoming)

    def _refuse(self, status: int) -> None:
        """Answer what is no request with a status, and hear no more."""
        if not self._deaf:
            self._deaf, self._heading = True, False
            self._stir()
            self._enter(_Incoming(Request("", "", ""), refusal=status))

    def _enter(self, incoming: _Incoming) -> None:
        """Answer a request, now or when it is its turn."""
        if self._answering or self._queue or self._full:
            self._queue.append(incoming)
        else:
            self._answer(incoming)

    def _go_on(self) -> None:
        """Answer what waits, as far as may be."""
        while self._queue and not (self._answering or self._full):
            self._answer(self._queue.popleft())
        if not (self._queue or self.gone or self._ended):
            self.transport.resume_reading()
        self._invite()

    def _answer(self, incoming: _Incoming) -> None:
        if incoming.refusal:
            self.transport.write(_refusal(incoming.refusal))
            self._close(incoming)
            return
        request, body = incoming.request, incoming.body
        self.keeps = self.keeps and incoming.keeps and not (self._ended and not self._queue)
        if body:
            request = replace(request, body=body.data, arrival=body.arrival)
        rest = self._application.answer(request, self)
        if rest:
            self._answering = self._loop.create_task(self._finish(rest, incoming))
            self._stir()
        else:
            self._answered(incoming)

    async def _finish(self, rest: Coroutine[None, None, None], incoming: _Incoming) -> None:
        try:
            await rest
        finally:
            self._answering = None
            self._answered(incoming)
        self._go_on()

    def _answered(self, incoming: _Incoming) -> None:
        if incoming.body:
            incoming.body.let_go()
        self._stir()
        if not self.keeps or (self._ended and not self._queue):
            self._close(incoming)

    def _stir(self) -> None:
        """Something happened: if it is now the client's turn to do something, it has time for that again."""
        waits = self._reading or self._full or not self._answering
        if not self._heading:
            self.due = self._loop.time() + KEEP_ALIVE if waits else math.inf

    def _close(self, last: _Incoming) -> None:
        """Close after the answer to a request, of which more may come that nobody reads: if that met a closed
        connection, it would undo the answer (RFC 9112 section 9.6). So the client has a while to close first.
        """
        self._deaf = self._over = True
        self._queue.clear()
        if last.is_read or self._ended or not self.transport.can_write_eof():
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write_eof()
            self.due = self._loop.time() + HEAD_TIME


def head(status: int, headers: Headers, *, keeps: bool) -> bytes:
    """The status line and the header fields of a response."""
    return _head(status, headers) if keeps else _head(status, (*headers, ("Connection", "close")))


@lru_cache(maxsize=1024)
def _head(status: int, headers: Headers) -> bytes:
    fields = "".join(f"{name.lower()}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} {_reason(status)}\r\n{fields}\r\n".encode("latin-1")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _refusal(status: int) -> bytes:
    sentence = f"{_reason(status)}.\n".encode("ascii")
    length = ("Content-Length", str(len(sentence)))
    return head(status, (("Content-Type", "text/plain; charset=utf-8"), length), keeps=False) + sentence


@lru_cache(maxsize=512)
def _split(target: bytes) -> tuple[str, str]:
    """The path and the query of a request's target. Raises ``_NO_URL``."""
    url = httptools.parse_url(target)
    return unquote((url.path or b"/").decode("ascii")), (url.query or b"").decode("latin-1")


@lru_cache(maxsize=512)
def _field_name(name: bytes) -> str:
    return name.decode("latin-1").lower()
