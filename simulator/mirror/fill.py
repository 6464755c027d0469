"""A blob on its way from the upstream into the cache and to clients."""

import hashlib
from collections.abc import Callable

from simulator.programs import Flight

PIECE = 1 << 18
"""Bytes that are available at a time, at most."""

ALGORITHMS = ("sha256", "sha512")
"""The algorithms of digests that can be checked."""


class Fill:
    """Takes a blob in and hands it on: a :class:`simulator.programs.Sink` and a
    :class:`simulator.messages.Arriving`.

    Its last piece is held back until the whole has this digest. Then it is committed, with the whole. What is of
    another digest, or longer than ``limit`` bytes, fails. ``flight`` is under way until it has ended.
    """

    def __init__(self, digest: str, limit: int, commit: Callable[[bytes], None]) -> None:
        self.flight = Flight()
        self.failed = False
        self.data = b""
        self._digest = digest
        self._limit = limit
        self._commit = commit
        algorithm = digest.partition(":")[0]
        self._hash = hashlib.new(algorithm) if algorithm in ALGORITHMS else None
        self._arrived = bytearray()
        self._safe = 0
        self._readers: dict[object, Callable[[], None]] = {}

    @property
    def ended(self) -> bool:
        return self.flight.ended

    def write(self, piece: bytes) -> None:
        if self.ended or not piece:
            return
        if len(self._arrived) + len(piece) > self._limit or self._hash is None:
            self.fail()
            return
        self._hash.update(piece)
        self._safe = len(self._arrived)
        self._arrived += piece
        self._tell()

    def finish(self) -> None:
        if self.ended:
            return
        algorithm = self._digest.partition(":")[0]
        if self._hash is None or f"{algorithm}:{self._hash.hexdigest()}" != self._digest:
            self.fail()
            return
        self.data = bytes(self._arrived)
        self._safe = len(self.data)
        self._arrived = bytearray()
        self._commit(self.data)
        self._end()

    def fail(self) -> None:
        if not self.ended:
            self.failed = True
            self._end()

    def available(self, offset: int) -> bytes:
        end = min(offset + PIECE, self._safe)
        return self.data[offset:end] if self.data else bytes(self._arrived[offset:end])

    def subscribe(self, call: Callable[[], None]) -> Callable[[], None]:
        reader = object()
        self._readers[reader] = call

        def leave() -> None:
            self._readers.pop(reader, None)

        return leave

    def _end(self) -> None:
        self.flight.end()
        self._tell()

    def _tell(self) -> None:
        for call in list(self._readers.values()):
            call()
