"""How request bodies come in: whole, into memory, and never more than there is room for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from uvicorn._types import ASGIReceiveCallable

from simulator.bounds import Room
from simulator.messages import Arrival, Request

_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(slots=True)
class Body:
    """A request body, as far as it has come."""

    data: bytes = b""
    arrival: Arrival = "whole"
    taken: int = 0


class Intake:
    """Reads request bodies. However many come at a time, and however slowly, ``room`` holds them all."""

    def __init__(self, room: Room) -> None:
        self._room = room

    @contextmanager
    def body(self) -> Iterator[Body]:
        """A body to read into; its room is free again afterwards."""
        body = Body()
        try:
            yield body
        finally:
            self._room.free(body.taken)

    async def read(self, body: Body, request: Request, limit: int, receive: ASGIReceiveCallable) -> None:
        """Read at most ``limit`` bytes. A body that says that it is longer is not even begun."""
        length = request.header("content-length")
        if _LENGTH.fullmatch(length) and int(length) > limit:
            body.arrival = "too-large"
            return
        pieces: list[bytes] = []
        while True:
            message = await receive()
            if message["type"] != "http.request":
                body.arrival = "broken-off"
                break
            piece = message["body"]
            if body.taken + len(piece) > limit or not self._room.take(len(piece)):
                body.arrival = "too-large"
                return
            body.taken += len(piece)
            pieces.append(piece)
            if not message["more_body"]:
                break
        body.data = b"".join(pieces)
