"""How request bodies come in: piece by piece, and never more than there is room for."""

import re

from simulator.bounds import Room
from simulator.filed import Data, Gathered
from simulator.messages import Arrival, Request

_LENGTH = re.compile(r"[0-9]{1,18}")


class Body:
    """A request body, as far as it has come, of at most ``limit`` bytes. Its room is taken until it is let go."""

    __slots__ = ("_gathered", "_limit", "_room", "arrival")

    def __init__(self, room: Room, limit: int) -> None:
        self._room = room
        self._limit = limit
        self._gathered = Gathered()
        self.arrival: Arrival = "whole"

    @property
    def data(self) -> Data:
        """What has come of it, or nothing where it is too large."""
        return b"" if self.arrival == "too-large" else self._gathered.data()

    def take(self, piece: bytes) -> bool:
        """Take more of it in; tells whether it may go on."""
        if self._gathered.size + len(piece) > self._limit or not self._room.take(len(piece)):
            self.arrival = "too-large"
            return False
        self._gathered.add(piece)
        return True

    def let_go(self) -> None:
        self._room.free(self._gathered.size)
        self._gathered = Gathered()


class Intake:
    """Lets request bodies in. However many come at a time, and however slowly, ``room`` holds them all."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def begin(self, request: Request, limit: int) -> Body:
        """A body of at most ``limit`` bytes. One that says that it is longer is not even begun."""
        body = Body(self._room, limit)
        length = request.header("content-length")
        if _LENGTH.fullmatch(length) and int(length) > limit:
            body.arrival = "too-large"
        return body
