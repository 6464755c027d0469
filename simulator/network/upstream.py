"""How mirrors ask others: what programs want of the world outside is done over HTTP, from the mirror's own address.

The names of a topology lead to its servers, wherever they listen; other names and addresses lead where they do.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from contextlib import aclosing, closing, suppress
from ipaddress import ip_address
from typing import Any, TypeVar

import httpcore
from httpcore import SOCKET_OPTION, AsyncNetworkBackend, AsyncNetworkStream

from simulator.clock import Clock
from simulator.messages import Response
from simulator.network import failures
from simulator.programs import Ask, Effect, Given, Program, Sink, Wait
from simulator.topology import Site, Topology
from simulator.world import World

LARGEST_ANSWER = 1 << 23
"""Bytes of an answer that is taken into memory as a whole: any but a blob."""

_MOST_CONNECTIONS = 64
_KEEP_ALIVE = 60.0
_OURS = ("host", "content-length")

T = TypeVar("T")


class Upstream:
    """Drives the programs of a world's servers.

    ``trust`` tells whom mirrors trust; ``progressed`` is called whenever a program has gone on.
    """

    def __init__(
        self, world: World, clock: Clock, trust: Callable[[], ssl.SSLContext], progressed: Callable[[], None]
    ) -> None:
        self._world = world
        self._clock = clock
        self._trust = trust
        self._progressed = progressed
        self._names = _Names(world, clock)
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}
        self._programs: set[asyncio.Task[Any]] = set()
        self._bodies: set[asyncio.Task[None]] = set()
        self._waits: set[asyncio.Future[Any]] = set()
        self._closed = False

    def begin(self, program: Program[T]) -> "T | asyncio.Task[T]":
        """Drive a program: gives its result where it wants nothing of others, else the task that will bring it. The
        program goes on to its end also where nobody awaits that.
        """
        try:
            effect = next(program)
        except StopIteration as end:
            result: T = end.value
            return result
        return self._work(self._programs, self._driven(program, effect))

    async def drive(self, program: Program[T]) -> T:
        """Drive a program to its end, also if whoever waits for that goes away."""
        begun = self.begin(program)
        return await asyncio.shield(begun) if isinstance(begun, asyncio.Task) else begun

    def start(self, programs: Iterable[Program[None]]) -> None:
        """Drive programs for which nobody waits, one after the other."""

        async def drive() -> None:
            for program in programs:
                try:
                    await self.drive(program)
                except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
                    self._world.journal.errors.append(f"What a mirror does by itself failed: {problem!r}")

        self._work(self._programs, drive())

    async def idle(self) -> None:
        """Wait until all programs that are under way have come to their end, and all bodies that they fetch."""
        for tasks in (self._programs, self._bodies):
            if tasks:
                await asyncio.wait(tuple(tasks))

    async def close(self) -> None:
        """Break everything off. Programs under way are told so, and come to their end without asking anybody else."""
        self._closed = True
        for wait in tuple(self._waits):
            wait.cancel()
        for body in tuple(self._bodies):
            body.cancel()
        await self.idle()
        for pool in self._pools.values():
            await pool.aclose()

    def _work(self, tasks: set[asyncio.Task[Any]], work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return task

    async def _driven(self, program: Program[T], effect: Effect) -> T:
        with closing(program):
            while True:
                given = await (self._asked(effect) if isinstance(effect, Ask) else self._waited(effect))
                try:
                    effect = program.send(given)
                except StopIteration as end:
                    result: T = end.value
                    return result
                finally:
                    self._progressed()

    async def _waited(self, effect: Wait) -> Given:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        effect.flight.when_ended(lambda: None if ended.done() else ended.set_result(None))
        await self._until(ended)
        return Given(self._clock())

    async def _asked(self, ask: Ask) -> Given:
        asking = asyncio.ensure_future(self._answer(ask))
        if await self._until(asking):
            return asking.result()
        return Given(self._clock(), problem=f"Before {ask.request.host} had answered, everything was arranged anew.")

    async def _until(self, wait: asyncio.Future[Any]) -> bool:
        """Wait for something, at most until all is broken off; tells whether it came to its end."""
        if self._closed:
            wait.cancel()
        self._waits.add(wait)
        try:
            await asyncio.wait((wait,))
        finally:
            self._waits.discard(wait)
            if not wait.done():
                wait.cancel()
        return not wait.cancelled()

    async def _answer(self, ask: Ask) -> Given:
        try:
            async with asyncio.timeout(ask.timeout):
                answer = await self._pool(ask).handle_async_request(_request(ask))
        except failures.EXPECTED as error:
            return self._problem(error, ask)
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers)
        if ask.sink and answer.status == 200:
            self._work(self._bodies, self._pour(answer, ask.sink))
            return Given(self._clock(), Response(200, headers))
        try:
            body = await _read(answer)
        except _BrokenOffError as broken:
            return self._problem(broken.why, ask)
        finally:
            await answer.aclose()
        if body is None:
            return Given(
                self._clock(), problem=f"The answer of {ask.request.host} has more than {LARGEST_ANSWER} bytes."
            )
        return Given(self._clock(), Response(answer.status, headers, body))

    def _problem(self, error: BaseException, ask: Ask) -> Given:
        said = failures.sentence(error, ask.request.host, ask.timeout)
        return Given(self._clock(), problem=said, late=failures.is_late(error))

    async def _pour(self, answer: httpcore.Response, sink: Sink) -> None:
        """Let a body flow into its sink."""
        complete = False
        try:
            async with aclosing(_pieces(answer)) as pieces:
                async for piece in pieces:
                    sink.write(piece)
            complete = True
        except _BrokenOffError:
            pass
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self._world.journal.errors.append(f"A mirror could not take in what it fetched: {problem!r}")
        finally:
            (sink.finish if complete else sink.fail)()
            await answer.aclose()
            self._progressed()

    def _pool(self, ask: Ask) -> httpcore.AsyncConnectionPool:
        """The connections of one server to whomever it asks."""
        pool = self._pools.get(ask.by)
        if pool is None:
            pool = self._pools[ask.by] = httpcore.AsyncConnectionPool(
                ssl_context=self._trust(),
                max_connections=_MOST_CONNECTIONS,
                keepalive_expiry=_KEEP_ALIVE,
                local_address=ask.request.client or None,
                network_backend=self._names,
            )
        return pool


class _Names(AsyncNetworkBackend):
    """Connects to the servers of a topology by name, and to others as the machine does.

    A mirror's own address is used where it can be: for the topology's servers, and on the loopback interface.
    """

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        topology = self._world.topology
        site = topology.site_of(host.lower())
        if site:
            if self._world.unresolvable(site.name, self._clock()):
                raise failures.NoSuchNameError(host)
            host, port = site.address, _port(site, port)
        elif local_address and not _is_near(host, local_address, topology):
            local_address = None
        return _Stream(await self._network.connect_tcp(host, port, timeout, local_address, socket_options))


class _Stream(AsyncNetworkStream):
    """A connection that is closed, too, where a handshake on it is broken off from without."""

    def __init__(self, stream: AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _port(site: Site, port: int) -> int:
    """Where a site listens that is asked at this port; the usual ones mean whichever it has."""
    if port == 443 and site.tls_ports:
        return site.https_port
    if port == 80 and site.plain_ports and port not in site.plain_ports:
        return site.plain_ports[0]
    return port


def _is_near(host: str, local_address: str, topology: Topology) -> bool:
    """Whether an address can be reached from a server's own."""
    if any(site.address == host for site in topology.sites):
        return True
    with suppress(ValueError):
        return ip_address(host).is_loopback and ip_address(local_address).is_loopback
    return False


def _request(ask: Ask) -> httpcore.Request:
    request = ask.request
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers if name not in _OURS
    ]
    if request.body:
        headers.append((b"content-length", str(len(request.body)).encode()))
    url = httpcore.URL(f"{request.scheme}://{request.host}")
    target = f"{request.path}?{request.query}" if request.query else request.path
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.scheme, host=url.host, port=url.port, target=target.encode("ascii")),
        headers=[(b"host", request.host.encode("ascii")), *headers],
        content=bytes(request.body),
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), ask.timeout)},
    )


async def _read(answer: httpcore.Response) -> bytes | None:
    """The whole body, or ``None`` where it is too long."""
    taken = bytearray()
    async with aclosing(_pieces(answer)) as pieces:
        async for piece in pieces:
            taken += piece
            if len(taken) > LARGEST_ANSWER:
                return None
    return bytes(taken)


class _BrokenOffError(Exception):
    """A body that will not be complete."""

    def __init__(self, why: BaseException) -> None:
        super().__init__(why)
        self.why = why


async def _pieces(answer: httpcore.Response) -> AsyncGenerator[bytes, None]:
    """A body as it comes; raises _BrokenOffError."""
    try:
        async for piece in answer.aiter_stream():
            yield piece
    except failures.EXPECTED as error:
        raise _BrokenOffError(error) from error
