"""What the kernel tells of this process' own connections."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from suites.verify import connections
from suites.verify.connections import CannotWatchError, Seen, Watch, server_of
from suites.verify.network import Address

BYTES = 5000


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def fetch(server: socket.socket, client: socket.socket) -> None:
    """Have some bytes come by a connection."""
    accepted, _ = server.accept()
    with accepted:
        accepted.sendall(bytes(BYTES))
        left = BYTES
        while left:
            left -= len(client.recv(left))


def own(watch: Watch, server: socket.socket) -> list[Seen]:
    return [seen for seen in watch.seen if seen.remote == Address(*server.getsockname()[:2])]


@pytest.fixture
def watch() -> Watch:
    watching = Watch(os.getpid())
    try:
        with Watch(os.getpid()):
            pass
    except CannotWatchError as reason:
        pytest.skip(f"this kernel does not tell of connections: {reason}")
    return watching


def test_a_connection_is_seen_however_short_it_was(server: socket.socket, watch: Watch) -> None:
    with watch, socket.create_connection(server.getsockname()) as client:
        fetch(server, client)
    assert [seen.kept for seen in own(watch, server)] == [False]
    assert BYTES <= own(watch, server)[0].received <= BYTES + 1
    assert watch.complete


def test_what_was_not_counted_to_its_end_is_not_called_complete(
    server: socket.socket, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    monkeypatch.setattr(connections, "_LAST_REPORTS", 0.0)
    monkeypatch.setattr(watch, "_take", lambda _: looked.set())
    with watch, socket.create_connection(server.getsockname()) as client:
        fetch(server, client)
        looked.clear()
        looked.wait()
        looked.clear()
        looked.wait()
    assert not watch.complete


def test_what_ends_on_a_processor_that_is_not_ours_is_waited_for_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "online").write_text("0-1,3\n")
    went, usual = list[set[int]](), os.sched_getaffinity(0)
    monkeypatch.setattr(connections, "_ONLINE", tmp_path / "online")
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, processors: went.append(set(processors)))
    assert len(set(connections._marks())) == 3
    assert went == [{0}, {1}, {3}, usual]


def test_where_not_each_processor_can_be_waited_for_nothing_is_called_complete(
    watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "online").write_text("0,100000")
    monkeypatch.setattr(connections, "_ONLINE", tmp_path / "online")
    with watch:
        pass
    assert not watch.complete


def test_two_connections_between_the_same_two_ends_are_two(server: socket.socket, watch: Watch) -> None:
    with watch:
        local = ("127.0.0.1", 0)
        for _ in range(2):
            with socket.create_connection(server.getsockname(), source_address=local) as client:
                fetch(server, client)
                local = client.getsockname()
    assert [seen.received // BYTES for seen in own(watch, server)] == [1, 1]


def test_of_a_connection_that_was_there_the_bytes_since_then_count(server: socket.socket, watch: Watch) -> None:
    with socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"before")
            assert client.recv(6) == b"before"
            with watch:
                accepted.sendall(b"meanwhile")
                assert client.recv(9) == b"meanwhile"
    assert own(watch, server) == [Seen(Address(*server.getsockname()[:2]), len("meanwhile"), kept=True, own=True)]


def test_a_process_that_is_gone_cannot_be_watched() -> None:
    with pytest.raises(CannotWatchError), Watch(2**22 + 1):
        pass


def test_a_socket_that_nobody_serves_is_no_engine(tmp_path: Path) -> None:
    assert server_of(tmp_path / "docker.sock") is None
