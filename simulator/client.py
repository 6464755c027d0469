"""A client of the control API."""

import contextlib
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

import httpx

from simulator.arrangement import Arrangement, Change, Content
from simulator.control import wire
from simulator.control.wire import JournalPage, LedgerPage, LoadedImage
from simulator.topology import Topology

DEADLINE = 30.0
"""Seconds for one call, large images included."""

_CHUNK = 1 << 20


class SimulatorError(Exception):
    """What the simulator refused or failed to do, or that it cannot be reached. Its text is one sentence."""


class SimulatorClient:
    """Arranges a simulator and reads its journal. Every method raises SimulatorError.

    ``token`` is the control API's, which has one wherever it listens beyond the loopback interface.
    """

    def __init__(self, base_url: str, deadline: float = DEADLINE, *, token: str = "") -> None:
        self._deadline = deadline
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=base_url, timeout=deadline, trust_env=False, headers=headers)

    def arrange(self, arrangement: Arrangement) -> dict[str, Content]:
        """Replace all that the servers hold and empty the journal; tells the content of each image."""
        data = self._call("PUT", "/arrangement", wire.arrangement_json(arrangement))
        return _read(wire.contents_from, data)

    def apply(self, *changes: Change) -> int:
        """Apply changes, all or none of them, and return the journal's mark thereafter."""
        return _read(wire.mark_from, self._call("POST", "/changes", wire.changes_json(changes)))

    def load(self, path: Path, name: str = "", server: str = "hub") -> tuple[LoadedImage, ...]:
        """Let a server take in the images of an OCI image layout, or of what ``docker save`` wrote.

        ``name`` (``REPO[:TAG]``) is what they shall be called, if not as they are in the archive.
        """
        query = httpx.QueryParams({"server": server, **({"as": name} if name else {})})
        try:
            with _as_tar(path) as file:
                return _read(
                    wire.loaded_from, self._call("POST", f"/images?{query}", iter(lambda: file.read(_CHUNK), b""))
                )
        except OSError as error:
            message = f"{path} cannot be loaded: {error.strerror or error}."
            raise SimulatorError(message) from error

    def journal(self, since: int = 0) -> JournalPage:
        """The exchanges that arrived at the mark ``since`` or later, in order."""
        return _read(wire.journal_from, self._call("GET", f"/journal?since={since}"))

    def ledger(self, since: int = 0) -> LedgerPage:
        """What the manifest requests that arrived at Hub at the mark ``since`` or later cost whom, in order."""
        return _read(wire.ledger_from, self._call("GET", f"/ledger?since={since}"))

    def mark(self) -> int:
        """The present length of the journal."""
        return _read(wire.mark_from, self._call("GET", "/mark"))

    def now(self) -> float:
        """The time of the world's clock, in seconds: that of the journal and of the faults' schedules."""
        return _read(wire.time_from, self._call("GET", "/clock"))

    def advance(self, seconds: float) -> float:
        """Let the world's clock skip so many seconds, and return the time thereafter.

        What happens by itself meanwhile has happened when this returns, each at its time and in its order. That
        takes as long as the requests that mirrors make of Hub, and has no deadline.
        """
        data = self._call("POST", "/clock", wire.advance_json(seconds), httpx.Timeout(self._deadline, read=None))
        return _read(wire.time_from, data)

    def health(self) -> Topology:
        """The topology that the simulator serves."""
        return _read(wire.topology_from, self._call("GET", "/health"))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(
        self,
        method: str,
        target: str,
        content: bytes | Iterator[bytes] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> bytes:
        try:
            response = self._http.request(method, target, content=content, timeout=timeout or self._http.timeout)
        except httpx.HTTPError as error:
            message = f"The simulator at {self._http.base_url} cannot be reached: {error or type(error).__name__}."
            raise SimulatorError(message) from error
        if response.status_code == 200:
            return response.content
        try:
            raise SimulatorError(wire.problem_from(response.content))
        except wire.MalformedError:
            message = f"The simulator answered {method} {target} with {response.status_code}."
            raise SimulatorError(message) from None


_T = TypeVar("_T")


def _read(read: Callable[[bytes], _T], data: bytes) -> _T:
    try:
        return read(data)
    except wire.MalformedError as error:
        message = f"The simulator gave an answer of another version: {error}"
        raise SimulatorError(message) from error


@contextlib.contextmanager
def _as_tar(path: Path) -> Iterator[IO[bytes]]:
    """A tar as it is, or one made of a directory."""
    with tempfile.TemporaryFile() if path.is_dir() else path.open("rb") as file:
        if path.is_dir():
            with tarfile.open(fileobj=file, mode="w") as archive:
                archive.add(path, arcname=".")
            file.seek(0)
        yield file
