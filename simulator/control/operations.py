"""What can be asked of the control API: one entry of :data:`OPERATIONS` for each method of each path."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from starlette.requests import Request

from simulator.archives import naming
from simulator.archives.reading import read_tar
from simulator.control import wire
from simulator.network.server import Simulator

LARGEST_BODY = 1 << 26
"""Bytes of a request's JSON."""

_LONGEST_MARK = 18


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a query, which may be left out."""

    name: str
    schema: dict[str, object]
    means: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for.

    ``does`` gives the JSON of a 200; what it raises is a 422. ``takes`` is what the request's body is: JSON, or
    (the name of a media type) bytes.
    """

    method: str
    path: str
    summary: str
    does: Callable[[Simulator, Request], Awaitable[bytes]]
    gives: TypeAdapter[Any]
    takes: TypeAdapter[Any] | str | None = None
    parameters: tuple[Parameter, ...] = ()


async def arrange(simulator: Simulator, request: Request) -> bytes:
    return wire.contents_json(await simulator.arrange(wire.arrangement_from(await _body(request))))


async def change(simulator: Simulator, request: Request) -> bytes:
    return wire.mark_json(await simulator.apply(wire.changes_from(await _body(request))))


async def load(simulator: Simulator, request: Request) -> bytes:
    name, server = request.query_params.get("as", ""), request.query_params.get("server", "hub")
    largest = 2 * simulator.world.bounds.pushed
    with tempfile.TemporaryFile() as file:
        async for piece in request.stream():
            if file.tell() + len(piece) > largest:
                message = f"The archive has more than {largest} bytes."
                raise wire.MalformedError(message)
            file.write(piece)
        file.seek(0)
        archive = await asyncio.to_thread(read_tar, file, simulator.world.bounds)
    places = naming.placed(archive, naming.renaming(name) if name else None, "the archive")
    await simulator.load(server, archive, places)
    return wire.loaded_json(tuple(wire.LoadedImage(place.repository, place.tag, place.root) for place in places))


async def journal(simulator: Simulator, request: Request) -> bytes:
    return wire.journal_json(simulator.journal(_since(request)))


async def ledger(simulator: Simulator, request: Request) -> bytes:
    return wire.ledger_json(simulator.ledger(_since(request)))


async def mark(simulator: Simulator, _: Request) -> bytes:
    return wire.mark_json(simulator.journal().mark)


async def clock(simulator: Simulator, _: Request) -> bytes:
    return wire.time_json(simulator.clock())


async def advance(simulator: Simulator, request: Request) -> bytes:
    return wire.time_json(await simulator.advance(wire.advance_from(await _body(request))))


async def health(simulator: Simulator, _: Request) -> bytes:
    return wire.topology_json(simulator.world.topology)


SINCE = Parameter("since", {"type": "integer", "minimum": 0, "maximum": 10**_LONGEST_MARK - 1, "default": 0}, "a mark")
SERVER = Parameter("server", {"type": "string", "default": "hub"}, "the server that takes the images in")
AS = Parameter("as", {"type": "string"}, "what the images shall be called, as REPO[:TAG], if not as the archive says")

OPERATIONS = (
    Operation(
        "PUT",
        "/arrangement",
        "Replace what all servers hold, Hub's accounts and limits, and all faults; begin a new journal.",
        arrange,
        wire.CONTENTS,
        wire.ARRANGEMENT,
    ),
    Operation("POST", "/changes", "Apply changes, all or none of them.", change, wire.MARK, wire.CHANGES),
    Operation(
        "POST",
        "/images",
        "Take in the images of a tar: an OCI image layout, or what docker save writes.",
        load,
        wire.LOADED,
        "application/x-tar",
        (SERVER, AS),
    ),
    Operation("GET", "/journal", "Every exchange in order.", journal, wire.JOURNAL, parameters=(SINCE,)),
    Operation("GET", "/ledger", "What Hub's manifest requests cost whom.", ledger, wire.LEDGER, parameters=(SINCE,)),
    Operation("GET", "/mark", "The journal's present length.", mark, wire.MARK),
    Operation("GET", "/clock", "The time of the world's clock.", clock, wire.TIME),
    Operation(
        "POST", "/clock", "Skip seconds, and do in order what happens meanwhile.", advance, wire.TIME, wire.ADVANCE
    ),
    Operation("GET", "/health", "The servers: names, addresses, ports.", health, wire.TOPOLOGY),
)


async def _body(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > LARGEST_BODY:
            message = f"The request has more than {LARGEST_BODY} bytes."
            raise wire.MalformedError(message)
        pieces.append(piece)
    return b"".join(pieces)


def _since(request: Request) -> int:
    """The mark that a query begins at; raises MalformedError."""
    since = request.query_params.get("since", "0")
    if not since.isdecimal() or len(since) > _LONGEST_MARK:
        message = f"since={since!r} is not a mark."
        raise wire.MalformedError(message)
    return int(since)
