"""Bytes that may be many: the few stay in memory, the many go to a file that nothing is left of.

The file has no name from the beginning: its room on the disk is free again when the last who uses the bytes has
let go of them, or the process has ended, however it did. Where no such file can be had, memory takes them.
"""

import contextlib
import mmap
import tempfile
from io import BytesIO
from typing import IO

Data = bytes | memoryview
"""Content. Neither kind of it ever changes; a slice of the latter is no copy."""

LARGE = 1 << 20
"""Bytes, from which on content goes to a file."""

_PIECE = 1 << 20


class Gathered:
    """Bytes that come piece by piece."""

    __slots__ = ("_file", "size")

    def __init__(self) -> None:
        self._file: IO[bytes] = BytesIO()
        self.size = 0

    def __del__(self) -> None:
        self._file.close()

    def add(self, data: Data) -> None:
        if self.size < LARGE <= self.size + len(data):
            self._move_to_file()
        if not _write(self._file, data):
            self._move_to_memory()
            self._file.write(data)
        self.size += len(data)

    def data(self) -> Data:
        """All that has come. It stays as it is, whatever comes later."""
        if isinstance(self._file, BytesIO):
            return self._file.getvalue()
        return memoryview(mmap.mmap(self._file.fileno(), self.size, prot=mmap.PROT_READ))

    def _move_to_file(self) -> None:
        with contextlib.suppress(OSError):
            self._move(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - it lives as long as its content

    def _move_to_memory(self) -> None:
        self._move(BytesIO())

    def _move(self, place: IO[bytes]) -> None:
        """Have what has come elsewhere, if there is room for it."""
        self._file.seek(0)
        if _write(place, self._file.read(self.size)):
            self._file, place = place, self._file
        place.close()


def _write(file: IO[bytes], data: Data) -> bool:
    """Write all of it; tells whether there was room."""
    with contextlib.suppress(OSError):
        return file.write(data) == len(data)
    return False


def keep(data: Data) -> Data:
    """The same bytes, where they belong."""
    if len(data) < LARGE or isinstance(data, memoryview):
        return data
    gathered = Gathered()
    whole = memoryview(data)
    for start in range(0, len(whole), _PIECE):
        gathered.add(whole[start : start + _PIECE])
    return gathered.data()
