"""Connections: requests in their order, limits that hold against the ill-mannered, and bodies that still arrive."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
import uvloop

from simulator.bounds import Room
from simulator.journal import Reply
from simulator.messages import Delivery, Headers, Request, Response
from simulator.network import connections, http
from simulator.network.connections import SiteServer
from simulator.network.delivery import Answerer, Application
from simulator.network.intake import Intake
from simulator.registry import answers
from simulator.world import World
from tests.simulator.conftest import free_port
from tests.simulator.worlds import TOPOLOGY

ADDRESS = "127.0.71.9"
GET = b"GET /v2/ HTTP/1.1\r\nHost: one.test\r\n\r\n"
PUT = b"PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: two.test\r\nContent-Length: 9\r\n\r\n"


@dataclass
class Served:
    """A site whose answers a test gives, and the world that keeps its journal."""

    world: World
    port: int
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self, sent: bytes = b"") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(ADDRESS, self.port)
        self.writers.append(writer)
        writer.write(sent)
        return reader

    async def ask(self, sent: bytes) -> bytes:
        """What comes until the server closes the connection."""
        return await (await self.connect(sent)).read()


@asynccontextmanager
async def site(answer: Callable[[World], Answerer] | None = None, name: str = "one") -> AsyncIterator[Served]:
    """A site on the network; without ``answer`` it answers as its world does."""
    world = World(TOPOLOGY)

    def plainly(request: Request, at: str) -> Reply:
        return world.handle(request, time.monotonic(), at)

    given = answer(world) if answer else plainly
    server = SiteServer(Application(world, name, given, time.monotonic, Intake(Room(1 << 20))))
    served = Served(world, free_port(ADDRESS))
    await server.listen(ADDRESS, served.port)
    try:
        yield served
    finally:
        for writer in served.writers:
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await server.stop()
    assert world.journal.errors == []


def always(response: Response) -> Callable[[World], Answerer]:
    """A site that gives one answer, whatever is asked."""

    def answerer(world: World) -> Answerer:
        def answer(request: Request, at: str) -> Reply:
            return replace(world.handle(request, time.monotonic(), at), response=response)

        return answer

    return answerer


def run(test: Awaitable[None]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60):
            await test

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())


class Filling:
    """A body that a test lets arrive."""

    def __init__(self) -> None:
        self.data = b""
        self.ended = self.failed = False
        self.readers: list[Callable[[], None]] = []

    def available(self, offset: int) -> bytes:
        return self.data[offset:]

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        self.readers.append(call)
        return lambda: self.readers.remove(call)

    def goes_on(self, piece: bytes = b"", *, ended: bool = False, failed: bool = False) -> None:
        self.data += piece
        self.ended, self.failed = ended or failed, failed
        for call in tuple(self.readers):
            call()


def filled(length: int | None) -> tuple[Filling, Callable[[World], Answerer]]:
    fill = Filling()
    headers: Headers = () if length is None else (("Content-Length", str(length)),)
    return fill, always(Response(200, headers, fill=fill))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
        (b"CONNECT one.test HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * http.LONGEST_TARGET + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (http.MOST_FIELDS + 1) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * (2 << 20), 431),
    ],
)
def test_what_is_no_request_is_refused(sent: bytes, status: int) -> None:
    async def test() -> None:
        async with site() as served:
            good, refused, rest = [*(await served.ask(GET + sent)).split(b"HTTP/1.1 ")[1:], b""]
            assert good.startswith(b"200")
            assert (refused.partition(b" ")[0], rest) == (str(status).encode(), b"")
            assert len(served.world.journal) == 1

    run(test())


def slow_first(world: World) -> Answerer:
    """A site that tells what was asked for, some of it only later."""

    async def later(reply: Reply) -> Reply:
        await asyncio.sleep(0.01)
        return reply

    def answer(request: Request, at: str) -> Reply | Awaitable[Reply]:
        reply = replace(world.handle(request, 0.0, at), response=answers.text(200, f"<{request.path}>"))
        return later(reply) if request.path in ("/0", "/7") else reply

    return answer


def test_requests_are_answered_in_their_order() -> None:
    async def test() -> None:
        async with site(slow_first) as served:
            sent = b"".join(b"GET /%d HTTP/1.1\r\nHost: one.test\r\n\r\n" % number for number in range(40))
            got = await served.ask(sent + b"GET /end HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n")
            shown = [part.partition(b">")[0] for part in got.split(b"<")[1:]]
            assert shown == [b"/%d" % number for number in range(40)] + [b"/end"]

    run(test())


@pytest.mark.parametrize("last", [0, 3, 7, 12])
def test_a_client_that_says_no_more_still_gets_its_answers(last: int) -> None:
    async def test() -> None:
        async with site(slow_first) as served:
            reader = await served.connect()
            for number in range(last + 1):
                served.writers[0].write(b"GET /%d HTTP/1.1\r\nHost: one.test\r\n\r\n" % number)
            served.writers[0].write_eof()
            got = await reader.read()
            assert [part.partition(b">")[0] for part in got.split(b"<")[1:]] == [b"/%d" % n for n in range(last + 1)]
            assert got.count(b"connection: close\r\n") <= 1

    run(test())


def test_a_client_that_says_no_more_gets_the_whole_of_a_body_that_still_arrives() -> None:
    async def test() -> None:
        fill, answer = filled(6)
        async with site(answer) as served:
            reader = await served.connect(GET)
            served.writers[0].write_eof()
            await reader.readuntil(b"\r\n\r\n")
            fill.goes_on(b"abc")
            assert await reader.readexactly(3) == b"abc"
            fill.goes_on(b"def", ended=True)
            assert await reader.read() == b"def"

    run(test())


def test_a_client_that_says_no_more_in_the_midst_of_a_body_is_told_what_became_of_it() -> None:
    async def test() -> None:
        async with site(name="two") as served:
            reader = await served.connect(PUT + b"{")
            served.writers[0].write_eof()
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")

    run(test())


def test_a_client_that_is_never_answered_and_says_no_more_is_let_go() -> None:
    async def test() -> None:
        async with site(always(Response(0, delivery=Delivery("hang")))) as served:
            reader = await served.connect(GET)
            served.writers[0].write_eof()
            assert await reader.read() == b""

    run(test())


def test_a_body_is_asked_for_when_all_before_it_is_answered() -> None:
    async def test() -> None:
        async with site(slow_first, "two") as served:
            first = b"GET /0 HTTP/1.1\r\nHost: two.test\r\n\r\n"
            reader = await served.connect(first + PUT.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            await reader.readuntil(b"</0>")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            served.writers[0].write(b"{        ")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    run(test())


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_wants_no_more_is_let_go(version: str) -> None:
    async def test() -> None:
        async with site() as served:
            close = b"" if version == "1.0" else b"Connection: close\r\n"
            got = await served.ask(f"GET /v2/ HTTP/{version}\r\nHost: one.test\r\n".encode() + close + b"\r\n")
            assert b"connection: close\r\n" in got

    run(test())


def test_a_body_that_nobody_wants_is_not_asked_for() -> None:
    async def test() -> None:
        async with site() as served:
            ask = (
                b"PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: one.test\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
            )
            got = await served.ask(ask)
            assert got.startswith(b"HTTP/1.1 405")
            assert b"connection: close\r\n" in got

    run(test())


def test_a_head_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HEAD_TIME", 0)
    monkeypatch.setattr(connections, "_SWEEP", 0.01)

    async def test() -> None:
        async with site() as served:
            idle = await served.connect()
            assert (await served.ask(b"GET /v2/ HT")).startswith(b"HTTP/1.1 408")
            served.writers[0].write(GET)
            assert (await idle.readline()).startswith(b"HTTP/1.1 200")

    run(test())


def test_a_connection_that_rests_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEEP_ALIVE", 0)
    monkeypatch.setattr(connections, "_SWEEP", 0.01)

    async def test() -> None:
        async with site() as served:
            assert await served.ask(b"") == b""
            assert (await served.ask(GET)).startswith(b"HTTP/1.1 200")

    run(test())


def test_a_client_that_reads_no_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEEP_ALIVE", 0.1)
    monkeypatch.setattr(connections, "_SWEEP", 0.01)

    async def test() -> None:
        async with site(always(answers.text(200, "x" * 10_000))) as served:
            reader = await served.connect()
            writer = served.writers[0]
            cast("asyncio.Transport", writer.transport).pause_reading()
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(GET * 1000)
                    await writer.drain()
            assert not reader.at_eof()

    run(test())


def test_one_connection_too_many_ends_one_that_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)

    def sometimes(world: World) -> Answerer:
        def answer(request: Request, at: str) -> Reply:
            reply = world.handle(request, 0.0, at)
            hangs = Response(0, delivery=Delivery("hang"))
            return replace(reply, response=hangs) if request.path == "/hang" else reply

        return answer

    async def test() -> None:
        async with site(sometimes) as served:
            busy = await served.connect(GET.replace(b"/v2/", b"/hang"))
            resting = await served.connect(GET)
            assert (await resting.readline()).startswith(b"HTTP/1.1 200")
            third = await served.connect(GET)
            assert (await third.readline()).startswith(b"HTTP/1.1 200")
            with contextlib.suppress(ConnectionResetError):
                await resting.read()
            assert not busy.at_eof()

    run(test())


def test_where_no_connection_rests_one_too_many_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 1)

    async def test() -> None:
        async with site(always(Response(0, delivery=Delivery("hang")))) as served:
            first = await served.connect(GET)
            while not len(served.world.journal):
                await asyncio.sleep(0)
            with contextlib.suppress(ConnectionResetError):
                assert await served.ask(GET) == b""
            assert not first.at_eof()
            assert len(served.world.journal) == 1

    run(test())


@pytest.mark.parametrize("length", [6, None])
def test_a_body_is_handed_on_as_it_arrives(length: int | None) -> None:
    async def test() -> None:
        fill, answer = filled(length)
        async with site(answer) as served:
            reader = await served.connect(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            assert (b"content-length: 6" in head) is (length is not None)
            fill.goes_on(b"abc")
            assert await reader.readexactly(3) == b"abc"
            fill.goes_on(b"def", ended=True)
            assert await (reader.readexactly(3) if length else reader.read()) == b"def"
            [exchange] = served.world.journal.since()
            assert exchange.sent == 6
            assert fill.readers == []

    run(test())


@pytest.mark.parametrize("length", [6, None])
def test_a_body_that_fails_never_looks_complete(length: int | None) -> None:
    async def test() -> None:
        fill, answer = filled(length)
        async with site(answer) as served:
            reader = await served.connect(GET)
            await reader.readuntil(b"\r\n\r\n")
            fill.goes_on(b"abc")
            assert await reader.readexactly(3) == b"abc"
            fill.goes_on(failed=True)
            with pytest.raises(ConnectionResetError):
                await reader.read()

    run(test())


def test_a_client_that_went_away_is_sent_no_more() -> None:
    async def test() -> None:
        fill, answer = filled(6)
        async with site(answer) as served:
            reader = await served.connect(GET)
            await reader.readuntil(b"\r\n\r\n")
            served.writers[0].transport.abort()
            while fill.readers:
                fill.goes_on(b"a")
                await asyncio.sleep(0)

    run(test())


def test_a_client_that_went_away_cannot_be_reset_any_more() -> None:
    async def test() -> None:
        body = bytes(1 << 24)
        reset = Response(200, (("Content-Length", str(len(body))),), body, Delivery("reset", after=len(body) - 1))
        async with site(always(reset)) as served:
            reader = await served.connect(GET)
            await reader.readuntil(b"\r\n\r\n")
            served.writers[0].transport.abort()
            while served.world.journal.at(0).ended is None:
                await asyncio.sleep(0.001)

    run(test())
