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
            self._spill()
        written = 0
        with contextlib.suppress(OSError):
            written = self._file.write(data)
        if written < len(data):
            self._file = BytesIO(self._come())
            self._file.seek(self.size)
            self._file.write(data)
        self.size += len(data)

    def data(self) -> Data:
        """All that has come. It stays as it is, whatever comes later."""
        if isinstance(self._file, BytesIO):
            return self._file.getvalue()
        return memoryview(mmap.mmap(self._file.fileno(), self.size, prot=mmap.PROT_READ))

    def _come(self) -> bytes:
        self._file.seek(0)
        return self._file.read(self.size)

    def _spill(self) -> None:
        with contextlib.suppress(OSError):
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as its content
            come = self._come()
            if file.write(come) == len(come):
                self._file = file


def keep(data: Data) -> Data:
    """The same bytes, where they belong."""
    if len(data) < LARGE or isinstance(data, memoryview):
        return data
    gathered = Gathered()
    whole = memoryview(data)
    for start in range(0, len(whole), _PIECE):
        gathered.add(whole[start : start + _PIECE])
    return gathered.data()
