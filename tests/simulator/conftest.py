"""A simulator on loopback addresses, on a thread of its own, for tests that need real sockets."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest
import trustme
import uvloop

from simulator.arrangement import Arrangement
from simulator.bounds import STANDARD, Bounds
from simulator.client import SimulatorClient
from simulator.control import api as control
from simulator.network.certificates import AUTHORITY
from simulator.network.connections import HttpServer
from simulator.network.server import Simulator
from simulator.topology import HUB_HOSTS, Site, Topology

T = TypeVar("T")

HUB_ADDRESS, MIRROR_ADDRESS, OTHER_ADDRESS, CONTROL_ADDRESS = "127.0.71.2", "127.0.71.3", "127.0.71.4", "127.0.71.5"
OWN_ADDRESS = "127.0.71.6"


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def topology() -> Topology:
    def ports(address: str) -> tuple[int]:
        return (free_port(address),)

    return Topology(
        (
            Site("hub", "hub", HUB_HOSTS, HUB_ADDRESS, ports(HUB_ADDRESS), ()),
            Site("one", "mirror", ("one.test",), MIRROR_ADDRESS, ports(MIRROR_ADDRESS), ports(MIRROR_ADDRESS)),
            Site("two", "mirror", ("two.test",), OTHER_ADDRESS, (), ports(OTHER_ADDRESS)),
            Site("own", "registry", ("own.test",), OWN_ADDRESS, (), ports(OWN_ADDRESS)),
        )
    )


def write_certificates(directory: Path, servers: Topology) -> trustme.CA:
    trusted, stranger = trustme.CA(), trustme.CA()
    every_host = [host for site in servers.sites for host in (*site.hosts, site.address)]
    for site in servers.sites:
        leaf = trusted.issue_cert(*site.hosts, site.address)
        leaf.private_key_and_cert_chain_pem.write_to_path(str(directory / f"{site.name}.pem"))
    trusted.cert_pem.write_to_path(str(directory / AUTHORITY))
    stranger.issue_cert(*every_host).private_key_and_cert_chain_pem.write_to_path(str(directory / "untrusted.pem"))
    return trusted


class Tls:
    """TLS over a socket, for tests that must see how the connection beneath it ends: Python's own TLS sockets
    tell of a reset and of a close without notice as of any other end."""

    def __init__(self, connection: socket.socket, trust: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = trust.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._until_done(self._session.do_handshake)

    def sendall(self, data: bytes) -> None:
        self._until_done(lambda: self._session.write(data))

    def recv(self, size: int) -> bytes:
        """The next bytes; none when the other side said that there are no more (close_notify)."""
        return self._until_done(lambda: self._session.read(size)) or b""

    def _until_done(self, action: Callable[[], T]) -> T | None:
        while True:
            try:
                done = action()
            except ssl.SSLWantReadError:
                self._flush()
                self._incoming.write(self._connection.recv(1 << 16) or self._ended())
            except ssl.SSLZeroReturnError:
                return None
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._connection.sendall(self._outgoing.read())

    @staticmethod
    def _ended() -> bytes:
        raise EOFError("the connection ended without close_notify")


@dataclass
class Bench:
    """A running simulator and what a test needs to speak with it."""

    topology: Topology
    simulator: Simulator
    client: SimulatorClient
    control_url: str
    trust: ssl.SSLContext

    def site(self, name: str) -> Site:
        return next(site for site in self.topology.sites if site.name == name)

    def url(self, name: str, path: str, *, tls: bool = False) -> str:
        site = self.site(name)
        return f"https://{site.address}:{site.tls_ports[0]}{path}" if tls else f"{self.plain(name)}{path}"

    def plain(self, name: str) -> str:
        site = self.site(name)
        return f"http://{site.address}:{site.plain_ports[0]}"

    def connect_bare(self, name: str) -> socket.socket:
        """A connection to a port of TLS, with no TLS yet."""
        site = self.site(name)
        return socket.create_connection((site.address, site.tls_ports[0]), timeout=60)

    def connect(self, name: str, *, tls: bool = False) -> socket.socket:
        site = self.site(name)
        port = (site.tls_ports if tls else site.plain_ports)[0]
        plain = socket.create_connection((site.address, port), timeout=60)
        if not tls:
            return plain
        try:
            return self.trust.wrap_socket(plain, server_hostname=site.hosts[0])
        except BaseException:
            plain.close()
            raise


@contextlib.contextmanager
def running(directory: Path, bounds: Bounds = STANDARD) -> Iterator[Bench]:
    servers = topology()
    authority = write_certificates(directory, servers)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    port = free_port(CONTROL_ADDRESS)
    started, stop = threading.Event(), asyncio.Event()
    held: list[Simulator] = []
    loop = uvloop.new_event_loop()

    async def serve() -> None:
        simulator = Simulator(servers, directory, bounds=bounds)
        api = HttpServer(control.application(simulator))
        await simulator.start()
        await api.listen(CONTROL_ADDRESS, port)
        held.append(simulator)
        started.set()
        await stop.wait()
        await api.stop()
        await simulator.stop()

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert started.wait(10), "the simulator did not start"
    url = f"http://{CONTROL_ADDRESS}:{port}"
    try:
        with SimulatorClient(url) as client:
            yield Bench(servers, held[0], client, url, trust)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), "the simulator did not stop"


@pytest.fixture(scope="session")
def session_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with running(tmp_path_factory.mktemp("certificates")) as bench:
        yield bench


@pytest.fixture
def bench(session_bench: Bench) -> Bench:
    """The one simulator of the test run, holding nothing."""
    session_bench.client.arrange(Arrangement())
    return session_bench


@pytest.fixture
def http(bench: Bench) -> Iterator[httpx.Client]:
    with httpx.Client(verify=bench.trust, trust_env=False, timeout=60) as client:
        yield client
