"""The files of an archive, by name: of a directory or in a tar. Nothing is unpacked, and no name leads out of it."""

import gzip
import os
import posixpath
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

MOST_MEMBERS = 20_000
"""Members of a tar. An image has two for each layer, and no image has more layers than 127."""

_MOST_LINKS = 8
_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


class ArchiveError(ValueError):
    """An archive that holds no images as it should. Its text says why, as the end of a sentence."""


class Files(Protocol):
    """An archive's files."""

    def read(self, name: str, limit: int) -> bytes | None:
        """The bytes of a file, or ``None`` where there is none. Raises ArchiveError, also where it has more bytes
        than ``limit``.
        """


class Directory:
    """The files of a directory. Links are followed as long as they stay in it."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, name: str, limit: int) -> bytes | None:
        path = (self._root / _plain(name)).resolve()
        if not path.is_relative_to(self._root):
            message = f"{name} leads out of it"
            raise ArchiveError(message)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                message = f"{name} is not a file"
                raise ArchiveError(message)
            return _exactly(file, name, status.st_size, limit)


class Tar:
    """The regular files in a tar."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - whoever opened the file closes it
        self._members: dict[str, tarfile.TarInfo] = {}
        for number, member in enumerate(self._tar):
            if number >= MOST_MEMBERS:
                message = f"it has more than {MOST_MEMBERS} members"
                raise ArchiveError(message)
            self._members[_plain(member.name)] = member

    def read(self, name: str, limit: int) -> bytes | None:
        at = _plain(name)
        for _ in range(_MOST_LINKS):
            member = self._members.get(at)
            if member is None:
                return None
            if member.issym():
                at = _plain(posixpath.join(posixpath.dirname(at), member.linkname))
            elif member.islnk():
                at = _plain(member.linkname)
            else:
                return self._content(member, limit)
        message = f"the link {name} leads nowhere"
        raise ArchiveError(message)

    def _content(self, member: tarfile.TarInfo, limit: int) -> bytes:
        file = None if member.issparse() else self._tar.extractfile(member)
        if file is None:
            message = f"{member.name} is not a file"
            raise ArchiveError(message)
        return _exactly(file, member.name, member.size, limit)


@contextmanager
def opened(path: Path, largest: int) -> Iterator[Files]:
    """The files of an archive on disk. Raises ArchiveError."""
    try:
        if path.is_dir():
            yield Directory(path)
            return
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ArchiveError("it is neither a directory nor a file")
            with in_tar(file, largest) as files:
                yield files
    except OSError as error:
        raise ArchiveError(error.strerror or str(error)) from error


@contextmanager
def in_tar(file: IO[bytes], largest: int) -> Iterator[Files]:
    """The files in a tar, which may be compressed with gzip; then at most ``largest`` bytes are in it.

    Raises ArchiveError.
    """
    try:
        with tempfile.TemporaryFile() as plain:
            if file.read(len(_GZIP)) == _GZIP:
                file.seek(0)
                _inflate(file, plain, largest)
                yield Tar(plain)
            else:
                file.seek(0)
                yield Tar(file)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, OverflowError, UnicodeError) as error:
        message = f"it is no tar archive, or a broken one ({error})"
        raise ArchiveError(message) from error


def _inflate(file: IO[bytes], plain: IO[bytes], largest: int) -> None:
    with gzip.open(file) as unzipped:
        while piece := unzipped.read(_CHUNK):
            largest -= len(piece)
            if largest < 0:
                raise ArchiveError("it is too large when it is decompressed")
            plain.write(piece)
    plain.seek(0)


def _plain(name: str) -> str:
    """A name without detours; raises ArchiveError where it leads out of the archive."""
    path = posixpath.normpath(name)
    if "\0" in path or path.startswith("/") or path.split("/")[0] == "..":
        message = f"the name {name!r} leads out of it"
        raise ArchiveError(message)
    return path


def _exactly(file: IO[bytes], name: str, size: int, limit: int) -> bytes:
    if size > limit:
        message = f"{name} has {size} bytes, and no more than {limit} are taken"
        raise ArchiveError(message)
    data = file.read(size)
    if len(data) != size:
        message = f"{name} is cut off"
        raise ArchiveError(message)
    return data
