"""How responses leave: the ASGI application of a site, and its ways of being rude."""

import asyncio
import logging
import math
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import cast

from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from simulator.journal import Reply
from simulator.messages import Arriving, Delivery, Request, Response
from simulator.network import rude
from simulator.network.intake import Intake
from simulator.world import World

_PIECE = 1 << 18
_SLOW_INTERVAL = 0.05
_FLUSH_INTERVAL = 0.002
_ABORT_ON_CLOSE = struct.pack("ii", 1, 0)

_log = logging.getLogger(__name__)


Answerer = Callable[[Request, str], Reply | Awaitable[Reply]]
"""Answers a request that arrived at a site."""


class Application:
    """The ASGI application of one site. ``answer`` answers what was asked there, at once or when it is awaited;
    ``clock`` gives the world's time, in seconds.

    Expects the connection's transport as ``scope["state"]["transport"]``.
    """

    def __init__(self, world: World, site: str, answer: Answerer, clock: Callable[[], float], intake: Intake) -> None:
        self._world = world
        self._site = site
        self._answer = answer
        self._clock = clock
        self._intake = intake

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request. What goes wrong here is the simulator's fault, and the journal tells of it."""
        try:
            await self._exchange(cast("HTTPScope", scope), receive, send)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self._world.journal.errors.append(f"An answer of {self._site} could not be delivered: {problem!r}")
            _log.exception("An answer of %s could not be delivered", self._site)
            _transport(cast("HTTPScope", scope)).abort()

    async def _exchange(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request = _request(scope)
        limit = self._world.appetite(request, self._site)
        with self._intake.body() as body:
            if limit:
                await self._intake.read(body, request, limit, receive)
            whole = replace(request, body=body.data, arrival=body.arrival)
            answered = self._answer(whole, self._site)
            reply = await answered if isinstance(answered, Awaitable) else answered
        if reply.response.delivery.kind == "hang":
            await _until_gone(receive)
            return
        sent = await _deliver(reply.response, _transport(scope), send)
        reply.entry.end(self._clock(), sent)
        if reply.response.delivery.kind in {"reset", "truncate", *rude.KINDS}:
            await _until_gone(receive)


def _request(scope: HTTPScope) -> Request:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    client = scope["client"]
    return Request(
        method=scope["method"],
        host=next((value for name, value in headers if name == "host"), ""),
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        client=client[0] if client else "",
        scheme="https" if scope["scheme"] == "https" else "http",
    )


async def _until_gone(receive: ASGIReceiveCallable) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _deliver(response: Response, transport: asyncio.Transport, send: ASGISendCallable) -> int:
    """Put a response on the wire; returns how many bytes of its body left."""
    delivery = response.delivery
    if delivery.kind in rude.KINDS:
        return await rude.deliver(response, transport)
    if delivery.kind == "slow":
        return await _deliver_slowly(response, delivery.seconds, transport, send)
    if response.fill:
        await _send_head(response, send)
        return await _send_fill(response.fill, transport, send)
    if delivery.kind == "whole":
        await _send_head(response, send)
        return await _send_body(response.body, transport, send)
    sent = 0
    if delivery.after >= 0:
        await _send_head(response, send)
        sent = await _send_body(response.body[: delivery.after], transport, send, more=True)
    await _break_off(delivery, transport)
    return sent


async def _break_off(delivery: Delivery, transport: asyncio.Transport) -> None:
    if delivery.kind == "truncate":
        transport.close()
        return
    while transport.get_write_buffer_size() and not transport.is_closing():
        await asyncio.sleep(_FLUSH_INTERVAL)
    if delivery.after >= 0:
        await asyncio.sleep(_FLUSH_INTERVAL)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)
    transport.abort()


async def _deliver_slowly(
    response: Response, seconds: float, transport: asyncio.Transport, send: ASGISendCallable
) -> int:
    if not response.body:
        await asyncio.sleep(seconds)
        await _send_head(response, send)
        return await _send_body(b"", transport, send)
    await _send_head(response, send)
    sent = 0
    steps = min(len(response.body), math.ceil(seconds / _SLOW_INTERVAL))
    size = math.ceil(len(response.body) / steps)
    pieces = list(_pieces(response.body, size))
    for number, piece in enumerate(pieces, start=1):
        await asyncio.sleep(seconds / len(pieces))
        if transport.is_closing():
            break
        sent += await _send_body(piece, transport, send, more=number < len(pieces))
    return sent


async def _send_fill(fill: Arriving, transport: asyncio.Transport, send: ASGISendCallable) -> int:
    sent, news = 0, asyncio.Event()
    leave = fill.subscribe(news.set)
    try:
        while not transport.is_closing():
            news.clear()
            if piece := fill.available(sent):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                sent += len(piece)
            elif fill.failed:
                transport.abort()
            elif fill.ended:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                break
            else:
                await news.wait()
    finally:
        leave()
    return sent


async def _send_head(response: Response, send: ASGISendCallable) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})


async def _send_body(body: bytes, transport: asyncio.Transport, send: ASGISendCallable, *, more: bool = False) -> int:
    sent = 0
    for piece in _pieces(body, _PIECE):
        if transport.is_closing():
            return sent
        last = sent + len(piece) == len(body)
        await send({"type": "http.response.body", "body": piece, "more_body": more or not last})
        sent += len(piece)
    return sent


def _pieces(body: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, max(len(body), 1), size):
        yield body[start : start + size]


def _transport(scope: HTTPScope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["state"]["transport"])
