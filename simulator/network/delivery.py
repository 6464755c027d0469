"""How responses leave: what answers the requests of a site, and its ways of being rude."""

import asyncio
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine, Iterator

from simulator.filed import Data
from simulator.journal import Reply
from simulator.messages import WHOLE, Arriving, Delivery, Request, Response
from simulator.network import rude
from simulator.network.http import Connection, head
from simulator.network.intake import Intake
from simulator.network.pause import pause
from simulator.world import World

_PIECE = 1 << 18
_JOINED = 1 << 14
_SLOW_INTERVAL = 0.05
_FLUSH_INTERVAL = 0.002
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)

_log = logging.getLogger(__name__)


Answerer = Callable[[Request, str], Reply | Awaitable[Reply]]
"""Answers a request that arrived at a site."""


class Application:
    """What delivers the answers of one site. ``answer`` answers what was asked there, at once or when it is awaited;
    ``clock`` gives the world's time, in seconds.

    What goes wrong here is the simulator's fault, and the journal tells of it.
    """

    def __init__(self, world: World, site: str, answer: Answerer, clock: Callable[[], float], intake: Intake) -> None:
        self.intake = intake
        self._world = world
        self._site = site
        self._answer = answer
        self._clock = clock

    def appetite(self, request: Request) -> int:
        """As World.appetite."""
        return self._world.appetite(request, self._site)

    def answer(self, request: Request, connection: Connection) -> Coroutine[None, None, None] | None:
        """Answer a request: at once where the whole answer is small, else when what this returns is awaited."""
        try:
            reply = self._answer(request, self._site)
            if not isinstance(reply, Reply):
                return self._take_time(reply, connection)
            if not _is_small(reply.response):
                return self._take_time(_at_once(reply), connection)
            reply.entry.end(self._clock(), _send_small(reply.response, connection))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self.failed(problem)
            connection.transport.abort()
        return None

    def failed(self, problem: BaseException) -> None:
        self._world.journal.errors.append(f"An answer of {self._site} could not be delivered: {problem!r}")
        _log.error("An answer of %s could not be delivered", self._site, exc_info=problem)

    async def _take_time(self, answer: Awaitable[Reply], connection: Connection) -> None:
        try:
            reply = await answer
            delivery = reply.response.delivery
            if delivery.kind != "hang":
                sent = await _deliver(reply.response, connection)
                reply.entry.end(self._clock(), sent)
            if delivery.kind in {"hang", "reset", "truncate", *rude.KINDS}:
                await connection.until_gone()
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self.failed(problem)
            connection.transport.abort()


async def _at_once(reply: Reply) -> Reply:
    return reply


def _is_small(response: Response) -> bool:
    """Whether a response can leave as a whole, without a look at how much room there is."""
    return response.delivery is WHOLE and response.fill is None and len(response.body) <= _PIECE


def _send_small(response: Response, connection: Connection) -> int:
    """Send a small response; returns how many bytes of its body left."""
    transport = connection.transport
    if transport.is_closing():
        return 0
    beginning = head(response.status, response.headers, keeps=connection.keeps)
    if len(response.body) <= _JOINED:
        transport.write(beginning + response.body)
    else:
        transport.writelines((beginning, response.body))
    return len(response.body)


async def _deliver(response: Response, connection: Connection) -> int:
    """Put a response on the wire; returns how many bytes of its body left."""
    delivery = response.delivery
    if delivery.kind in rude.KINDS:
        return await rude.deliver(response, connection.transport)
    if delivery.kind == "slow":
        return await _deliver_slowly(response, delivery.seconds, connection)
    if response.fill:
        return await _deliver_fill(response, response.fill, connection)
    if delivery.kind == "whole":
        _send_head(response, connection)
        return await _send_body(response.body, connection)
    sent = 0
    if delivery.after >= 0:
        _send_head(response, connection)
        sent = await _send_body(response.body[: delivery.after], connection)
    await _break_off(delivery, connection.transport)
    return sent


async def _break_off(delivery: Delivery, transport: asyncio.Transport) -> None:
    if delivery.kind == "truncate":
        transport.close()
        return
    while transport.get_write_buffer_size() and not transport.is_closing():
        await asyncio.sleep(_FLUSH_INTERVAL)
    if delivery.after >= 0:
        await asyncio.sleep(_FLUSH_INTERVAL)
    _reset(transport)


def _reset(transport: asyncio.Transport) -> None:
    """Break a connection off, unless the client has done so: then there is no socket any more."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
        transport.abort()


async def _deliver_fill(response: Response, fill: Arriving, connection: Connection) -> int:
    """Hand a body on as it arrives. One that will never be complete ends in a reset, and never looks complete; one
    whose length nobody knows ends with the connection (RFC 9112 section 6.3).
    """
    if not response.header("content-length"):
        connection.keeps = False
    _send_head(response, connection)
    sent = 0
    leave = fill.subscribe(connection.nudge)
    try:
        while await connection.writable():
            if piece := fill.available(sent):
                connection.transport.write(piece)
                sent += len(piece)
            elif fill.failed:
                _reset(connection.transport)
            elif fill.ended:
                break
            else:
                await connection.news()
    finally:
        leave()
    return sent


async def _deliver_slowly(response: Response, seconds: float, connection: Connection) -> int:
    if not response.body:
        await pause(seconds)
        _send_head(response, connection)
        return 0
    _send_head(response, connection)
    sent = 0
    steps = min(len(response.body), math.ceil(seconds / _SLOW_INTERVAL))
    size = math.ceil(len(response.body) / steps)
    pieces = list(_pieces(response.body, size))
    for piece in pieces:
        await pause(seconds / len(pieces))
        if connection.gone:
            break
        sent += await _send_body(piece, connection)
    return sent


def _send_head(response: Response, connection: Connection) -> None:
    connection.transport.write(head(response.status, response.headers, keeps=connection.keeps))


async def _send_body(body: Data, connection: Connection) -> int:
    sent = 0
    for piece in _pieces(body, _PIECE):
        if not await connection.writable():
            break
        connection.transport.write(piece)
        sent += len(piece)
    await connection.writable()
    return sent


def _pieces(body: Data, size: int) -> Iterator[Data]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
