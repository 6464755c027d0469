"""With whom a process has connections: looked at again and again, as Linux shows them in /proc."""

import contextlib
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from suites.verify.network import Address

INTERVAL = 0.002
"""Seconds between two looks: a TLS handshake and a request take longer, even on one machine."""

_CREDENTIALS = struct.Struct("3i")
_LISTENING, _GONE = "0A", "06"


def server_of(path: Path, proc: Path = Path("/proc")) -> int | None:
    """The process that serves a Unix socket, if it can be told. Where it is not the one that made the socket, as with
    systemd, it is the only dockerd there is.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(path))
            data = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    process = int(_CREDENTIALS.unpack(data)[0])
    if _name(proc / str(process)) == "dockerd":
        return process
    daemons = [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal() and _name(entry) == "dockerd"]
    return daemons[0] if len(daemons) == 1 else None


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def connections(process: int, proc: Path = Path("/proc")) -> frozenset[Address]:
    """Whom a process has TCP connections with, or tries to. None of a process that has ended.

    Raises:
        PermissionError: one must be root, or the process' own user, to see that.
    """
    home = proc / str(process)
    sockets = set(_sockets(home))
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (home / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if fields[9] in sockets and fields[3] not in (_LISTENING, _GONE):
                found.add(_address(fields[2]))
    return frozenset(found)


def _sockets(home: Path) -> Iterator[str]:
    """The inodes of a process' sockets."""
    try:
        entries = list((home / "fd").iterdir())
    except FileNotFoundError:
        return
    for entry in entries:
        with contextlib.suppress(OSError):
            target = str(entry.readlink())
            if target.startswith("socket:["):
                yield target.removeprefix("socket:[").removesuffix("]")


def _address(text: str) -> Address:
    """``0100007F:01BB`` is 127.0.0.1:443: words of the machine's own byte order, and a port."""
    words, _, port = text.partition(":")
    data = b"".join(struct.pack("=I", int(words[start : start + 8], 16)) for start in range(0, len(words), 8))
    address = ipaddress.ip_address(data)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Address(str(address), int(port, 16))


class Watch:
    """Looks at a process' connections, in a thread, for as long as the context lasts.

    ``seen`` says when each began to be seen, in seconds of the monotonic clock; ``gap`` is the longest time between two
    looks. ``before`` are the connections of before, which may go on being used.
    """

    def __init__(self, processes: Iterable[int]) -> None:
        self.seen: dict[Address, float] = {}
        self.gap = 0.0
        self.looks = 0
        self._processes = tuple(processes)
        self.before = self._look()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._note(self._look())

    def _look(self) -> frozenset[Address]:
        return frozenset(address for process in self._processes for address in connections(process))

    def _note(self, addresses: frozenset[Address]) -> None:
        self.looks += 1
        for address in addresses:
            self.seen.setdefault(address, time.monotonic())

    def _work(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            self._note(self._look())
            now = time.monotonic()
            self.gap, last = max(self.gap, now - last), now
            self._stop.wait(INTERVAL)
