"""What may stand between a daemon and a mirror, on the daemon's own machine: a server with any certificate, a proxy."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from suites.verify.network import Address
from tests.verify.standing import Standing

_Handler = Callable[[socket.socket], None]
_PIECE = 1 << 16


@dataclass
class Front:
    """A server on the machine. ``handle`` does what is to be done with each connection, and may be changed."""

    standing: Standing
    address: Address
    handle: _Handler = lambda connection: connection.close()

    def opened(self, towards: Address) -> socket.socket:
        """A connection from the machine to somebody else."""
        return self.standing.do(lambda: socket.create_connection((towards.host, towards.port), 10.0))

    def shows(self, context: ssl.SSLContext, behind: Address) -> None:
        """Speak TLS with these certificates, and hand on to a server in plain HTTP."""

        def handle(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as secured:
                relay(secured, self.opened(behind))

        self.handle = handle

    def lets_through(self) -> None:
        """Be a proxy that lets everybody through."""

        def handle(connection: socket.socket) -> None:
            host, _, port = _asked(connection).split()[1].rpartition(":")
            (found, *_) = asyncio.run(self._find(Address(host, int(port))))
            behind = self.opened(found)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            relay(connection, behind)

        self.handle = handle

    def _find(self, wanted: Address) -> Coroutine[None, None, tuple[Address, ...]]:
        return self.standing.network.find(wanted)

    def lets_nobody_through(self) -> None:
        """Be a proxy that refuses."""

        def handle(connection: socket.socket) -> None:
            _asked(connection)
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        self.handle = handle


@contextmanager
def front(standing: Standing, port: int) -> Iterator[Front]:
    """A server at a port of the machine's own address."""
    host = standing.do(lambda: _own_address(standing.network.server))
    listening = standing.do(lambda: socket.create_server((host, port)))
    there = Front(standing, Address(host, port))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=_served, args=(there, connection), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _served(there: Front, connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError, ValueError):
        there.handle(connection)


def relay(one: socket.socket, other: socket.socket) -> None:
    """Hand on what each says, until both are done."""

    def copy(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while data := source.recv(_PIECE):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    with other:
        back = threading.Thread(target=copy, args=(other, one), daemon=True)
        back.start()
        copy(one, other)
        back.join()


def _asked(connection: socket.socket) -> str:
    """The head of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(_PIECE)
        if not piece:
            break
        data += piece
    return data.decode("latin-1")


def _own_address(name_server: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect((name_server, 53))
        return str(asking.getsockname()[0])
