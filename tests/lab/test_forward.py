"""What goes through the forward arrives as it was sent: data, ends, resets, and silence."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from fixtures.lab.forward import forward

PATIENCE = 10.0


@contextlib.contextmanager
def forwarding(port: int) -> Iterator[int]:
    """A forward to a port of this machine; gives its own port."""
    at = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    task = loop.create_task(forward(at, "127.0.0.1", port))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])))
    thread.start()
    try:
        yield int(at.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(PATIENCE)
        loop.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection through a forward: who opened it, and who accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listening, forwarding(listening.getsockname()[1]) as port:
        listening.settimeout(PATIENCE)
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as near:
            far, _ = listening.accept()
            far.settimeout(PATIENCE)
            with far:
                yield near, far


def all_of(end: socket.socket) -> bytes:
    return b"".join(iter(lambda: end.recv(1 << 16), b""))


def reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def test_either_side_may_end_first_and_still_hears_the_other(ends: tuple[socket.socket, socket.socket]) -> None:
    for first, second in (ends, ends[::-1]):
        if first is ends[0]:
            first.sendall(b"asked")
            first.shutdown(socket.SHUT_WR)
            assert all_of(second) == b"asked"
        else:
            first.sendall(b"answered")
            first.shutdown(socket.SHUT_WR)
            assert all_of(second) == b"answered"


def test_much_arrives_whole_however_slowly_it_is_read(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    much = bytes(range(256)) * 65536

    def send() -> None:
        far.sendall(much)
        far.shutdown(socket.SHUT_WR)

    sending = threading.Thread(target=send)
    sending.start()
    assert all_of(near) == much
    sending.join(PATIENCE)


@pytest.mark.parametrize("who", [0, 1])
def test_a_reset_arrives_as_a_reset(ends: tuple[socket.socket, socket.socket], who: int) -> None:
    gone, left = ends[who], ends[1 - who]
    gone.sendall(b"begun")
    assert left.recv(5) == b"begun"
    reset(gone)
    with pytest.raises(ConnectionResetError):
        left.recv(1)


def test_silence_stays_silence(ends: tuple[socket.socket, socket.socket]) -> None:
    near, far = ends
    near.settimeout(0.3)
    with pytest.raises(TimeoutError):
        near.recv(1)
    far.sendall(b"late")
    assert near.recv(4) == b"late"


def test_where_nobody_listens_the_connection_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with (
        forwarding(port) as ours,
        pytest.raises(ConnectionResetError),  # it may come while the connection is being opened
        socket.create_connection(("127.0.0.1", ours), PATIENCE) as near,
    ):
        near.recv(1)
