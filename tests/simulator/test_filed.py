"""Bytes that may be many."""

import errno
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.filed import LARGE, Gathered, keep


@given(st.lists(st.integers(0, LARGE // 2), max_size=6))
def test_what_was_gathered_comes_back(sizes: list[int]) -> None:
    pieces = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    gathered = Gathered()
    for piece in pieces:
        gathered.add(piece)
    assert gathered.size == sum(sizes)
    assert gathered.data() == b"".join(pieces)


def test_only_much_goes_to_a_file() -> None:
    assert isinstance(keep(b"x" * (LARGE - 1)), bytes)
    large = keep(b"x" * LARGE)
    assert isinstance(large, memoryview)
    assert large.readonly
    assert large == b"x" * LARGE
    assert keep(large) is large


def test_no_file_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    large = keep(os.urandom(LARGE))
    assert list(tmp_path.iterdir()) == []
    assert len(large) == LARGE


def test_where_no_file_can_be_had_memory_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> io.FileIO:
        raise OSError(errno.EROFS, "by design")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert keep(b"x" * LARGE) == b"x" * LARGE


@pytest.mark.parametrize("writes", [1, 2])
def test_where_a_file_cannot_grow_memory_takes_it(writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        written = 0

        def write(self, data: object) -> int:
            self.written += 1
            if self.written > writes:
                raise OSError(errno.ENOSPC, "by design")
            return super().write(data)  # type: ignore[arg-type]

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full(os.memfd_create("full"), "rb+"))
    gathered = Gathered()
    for number in range(4):
        gathered.add(bytes([number]) * LARGE)
    assert gathered.data() == b"".join(bytes([number]) * LARGE for number in range(4))
