"""With whom a process has TCP connections, and how many bytes came by them, as the Linux kernel tells.

The kernel lists the connections of a network namespace, and reports each that ends, with what it counted of it
(sock_diag(7); ``linux/inet_diag.h``, ``linux/tcp.h``). So none is missed, however short. Whose a connection is shows
only while it is there: it is looked for among the process' open files, again and again.
"""

import contextlib
import ctypes
import ipaddress
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suites.verify.network import Address

INTERVAL = 0.002
"""Seconds between two looks for whose a connection is."""

_CREDENTIALS = struct.Struct("3i")
_SOCK_DIAG, _BY_FAMILY, _ENDED = 4, 20, (1 << 0) | (1 << 2)
"""The netlink protocol, its request, and the groups that are told of each TCP connection that ends (IPv4, IPv6)."""
_DONE, _ERROR, _REQUEST_DUMP = 3, 2, 0x301
_HEADER, _MESSAGE, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=4B2s2s16s16s4x8s5I"), struct.Struct("=HH")
_INFO, _RECEIVED_AT = 2, 128
"""The attribute that is a ``struct tcp_info``, and where its ``tcpi_bytes_received`` is."""
_LISTENING, _WAITING = 10, 6
_NEW_NETWORK = 0x40000000
_PATIENCE = 5.0
_LAST_REPORTS = 3.0
"""Seconds to wait for reports of what is no longer there: the kernel takes its time on a busy machine."""
_ONLINE = Path("/sys/devices/system/cpu/online")
_COOKIE = 57
"""``SO_COOKIE`` of asm-generic/socket.h: what the kernel calls a socket in its reports."""


def peer_of(path: Path) -> int:
    """The process that listens at a Unix socket; 0 where nobody can tell."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(_PATIENCE)
            client.connect(str(path))
            data = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except (OSError, AttributeError):
        return 0
    return int(_CREDENTIALS.unpack(data)[0])


def server_of(path: Path, proc: Path = Path("/proc")) -> int | None:
    """The process that serves a Unix socket, if it can be told. Where it is not the one that made the socket, as with
    systemd, it is the only dockerd there is.
    """
    process = peer_of(path)
    if not process:
        return None
    if _name(proc / str(process)) == "dockerd":
        return process
    daemons = [int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal() and _name(entry) == "dockerd"]
    return daemons[0] if len(daemons) == 1 else None


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def enter_network(process: int) -> None:
    """Have this thread in a process' network. Does nothing where it is there.

    Raises:
        OSError: there is no such process, or one must be root for that.
    """
    place, here = Path(f"/proc/{process}/ns/net"), Path("/proc/thread-self/ns/net")
    if place.readlink() == here.readlink():
        return
    with place.open() as network:
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(network.fileno(), _NEW_NETWORK):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


@dataclass(frozen=True, slots=True)
class Seen:
    """A connection in a process' network: how many bytes came by it while it was watched, whether it was there before,
    and whether it was the process' own: else nobody knows whose it was.
    """

    remote: Address
    received: int
    kept: bool
    own: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """What the kernel tells of a connection. No two have the same ``cookie``, even with the same two ends."""

    cookie: bytes
    remote: Address
    inode: int
    received: int


class CannotWatchError(Exception):
    """The connections of a process cannot be watched; the text says why."""


class Watch:
    """Watches a process' connections, in a thread, for as long as the context lasts. Afterwards ``seen`` tells of them,
    and ``complete`` whether none can be missing.

    Raises:
        CannotWatchError: one must be root on the process' own machine, and that must be Linux.
    """

    def __init__(self, process: int) -> None:
        self.seen: tuple[Seen, ...] = ()
        self.complete = True
        self._process = process
        self._files = Path(f"/proc/{process}/fd")
        self._owned: set[bytes] = set()
        self._reported: set[bytes] = set()
        self._last: dict[bytes, _Told] = {}
        self._before: dict[bytes, int] = {}
        self._ready, self._stop = threading.Event(), threading.Event()
        self._problem = ""
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        self._ready.wait(_PATIENCE)
        if self._problem:
            raise CannotWatchError(self._problem)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.seen = tuple(self._all())
        self.complete = self.complete and not self._problem

    def _all(self) -> Iterator[Seen]:
        for cookie, told in self._last.items():
            own, kept = cookie in self._owned, cookie in self._before
            if own or not kept:
                yield Seen(told.remote, told.received - self._before.get(cookie, 0), kept, own)

    def _work(self) -> None:
        try:
            enter_network(self._process)
            list(self._files.iterdir())
            with _netlink(_ENDED) as ended, _netlink(0) as asking:
                ended.setblocking(False)
                self._before = {told.cookie: told.received for told in self._look(asking)}
                self._ready.set()
                while not self._stop.wait(INTERVAL):
                    self._look(asking)
                    self._take(ended)
                self.complete &= self._all_told(asking, ended)
        except (OSError, AttributeError, struct.error) as error:
            self._problem = str(error)
        finally:
            self._ready.set()

    def _all_told(self, asking: socket.socket, ended: socket.socket) -> bool:
        """Whether each connection was counted to its end, or is there still. Else some of its bytes are missing."""
        limit = time.monotonic() + _LAST_REPORTS
        marks = set(_marks())
        while True:
            there = {told.cookie for told in self._look(asking)}
            self._take(ended)
            if there | self._reported >= self._last.keys() | marks:
                return True
            if time.monotonic() > limit:
                return False
            time.sleep(INTERVAL)

    def _look(self, asking: socket.socket) -> list[_Told]:
        """Look at all connections that there are, and whose they are."""
        found = [told for family in (socket.AF_INET, socket.AF_INET6) for told in _dump(asking, family)]
        own = set(_sockets(self._files))
        for told in found:
            self._last[told.cookie] = told
            if told.inode in own:
                self._owned.add(told.cookie)
        return found

    def _take(self, ended: socket.socket) -> None:
        """Take what was reported of connections that have ended. Of one that its own side broke off nothing is left to
        report: what was last seen of it holds.
        """
        while True:
            try:
                data = ended.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:  # more was reported than could be kept
                self.complete = False
                return
            for told in _read(data):
                if told.remote.port:
                    self._last[told.cookie] = told
                self._reported.add(told.cookie)


def _marks() -> Iterator[bytes]:
    """Have a socket end on each processor: what ended there before it is reported before it. A connection of the daemon
    may end on any of them, whichever this process runs on.

    Raises:
        OSError: this process may not run on each.
    """
    usual = os.sched_getaffinity(0)
    try:
        for processor in _online():
            os.sched_setaffinity(0, {processor})
            with socket.socket() as mark:
                yield mark.getsockopt(socket.SOL_SOCKET, _COOKIE, 8)
    finally:
        os.sched_setaffinity(0, usual)


def _online() -> Iterator[int]:
    """The processors, of a list such as ``0-3,5`` (Linux, Documentation/admin-guide/cputopology.rst)."""
    for some in _ONLINE.read_text(encoding="ascii").split(","):
        first, _, last = some.strip().partition("-")
        yield from range(int(first), int(last or first) + 1)


def _netlink(groups: int) -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG)
    opened.bind((0, groups))
    opened.settimeout(_PATIENCE)
    return opened


def _dump(asking: socket.socket, family: int) -> Iterator[_Told]:
    states = 0xFFF & ~(1 << _LISTENING) & ~(1 << _WAITING)
    wanted = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 1 << (_INFO - 1), states)
    asking.send(_HEADER.pack(_HEADER.size + len(wanted), _BY_FAMILY, _REQUEST_DUMP, 1, 0) + wanted)
    while True:
        data = asking.recv(1 << 18)
        yield from _read(data)
        if any(kind in (_DONE, _ERROR) for kind, _ in _messages(data)):
            return


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[(max(length, _HEADER.size) + 3) & ~3 :]


def _read(data: bytes) -> Iterator[_Told]:
    for kind, message in _messages(data):
        if kind != _BY_FAMILY or len(message) < _MESSAGE.size:
            continue
        family, _, _, _, _, port, _, host, cookie, *_, inode = _MESSAGE.unpack_from(message)
        yield _Told(cookie, _address(family, host, port), inode, _received(message[_MESSAGE.size :]))


def _address(family: int, data: bytes, port: bytes) -> Address:
    address = ipaddress.ip_address(data[:4] if family == socket.AF_INET else data)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return Address(str(address), int.from_bytes(port, "big"))


def _received(attributes: bytes) -> int:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == _INFO and length >= _ATTRIBUTE.size + _RECEIVED_AT + 8:
            return int.from_bytes(attributes[_ATTRIBUTE.size + _RECEIVED_AT :][:8], sys.byteorder)
        attributes = attributes[(max(length, _ATTRIBUTE.size) + 3) & ~3 :]
    return 0


def _sockets(files: Path) -> Iterator[int]:
    """The inodes of a process' sockets."""
    with contextlib.suppress(OSError):
        for entry in list(files.iterdir()):
            with contextlib.suppress(OSError):
                target = str(entry.readlink())
                if target.startswith("socket:["):
                    yield int(target.removeprefix("socket:[").removesuffix("]"))
