"""A simulator in a thread of this process, for tests: Hub and mirrors on free ports of 127.0.0.1, without Docker."""

import asyncio
import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

import httpx
import uvloop

from simulator import asking
from simulator.arrangement import Arrangement, Break, Content, Copy, Fault, Heal, Holdings, Warm
from simulator.client import SimulatorClient
from simulator.command import imagespec
from simulator.journal import Exchange
from simulator.network.authority import certify
from simulator.network.connections import ListenError
from simulator.network.endpoint import Endpoint
from simulator.network.running import running
from simulator.network.server import Simulator
from simulator.topology import HUB_HOSTS, Site, Topology

_ADDRESS = "127.0.0.1"
_TRIES = 5
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a simulator: ``url`` and ``https_url`` are where it is, without a slash at the end."""

    name: str
    url: str
    https_url: str
    hosts: tuple[str, ...]
    simulator: "LocalSimulator"

    @property
    def authority(self) -> Path:
        """The CA file."""
        return self.simulator.authority

    def hold(self, *images: str) -> dict[str, Content]:
        """Let the server hold these, too, each written as for ``serve --image``; the journal begins anew.

        Tells what each image is made of, by ``REPO:TAG``.
        """
        return self.simulator.hold(self.name, *images)

    def warm(self, image: str) -> None:
        """Let this mirror take Hub's present copy of ``REPO[:TAG]``."""
        reference = imagespec.reference(image)
        self.simulator.apply(Warm(self.name, reference.repository, reference.tag))

    def fail(self, fault: Fault) -> None:
        """Let the server misbehave."""
        self.simulator.apply(Break(self.name, fault))

    def heal(self) -> None:
        """Take all faults from the server."""
        self.simulator.apply(Heal(self.name))

    def journal(self) -> tuple[Exchange, ...]:
        """The server's own exchanges, in order."""
        return tuple(exchange for exchange in self.simulator.journal().exchanges if exchange.server == self.name)


class LocalSimulator(SimulatorClient):
    """Hub and mirrors, as long as the context lasts, and a client of their control API.

    ``authority`` is the CA file; ``http`` finds all servers by their names (``https://registry-1.docker.io/v2/``)
    and fetches Hub's tokens by itself. Raises AuthorityError or ListenError where it cannot start.
    """

    def __init__(self, mirrors: int = 2) -> None:
        self._held = Arrangement()
        with contextlib.ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simulator-")))
            topology, control = stack.enter_context(_started(mirrors, directory))
            self.authority = directory / "ca.pem"
            servers = [_server(site, self) for site in topology.sites]
            self.hub, self.mirrors = servers[0], tuple(servers[1:])
            self.http: httpx.Client = stack.enter_context(asking.client(asking.reached(topology), self.authority))
            super().__init__(control)
            stack.callback(super().close)
            self._stack = stack.pop_all()

    def arrange(self, arrangement: Arrangement) -> dict[str, Content]:
        contents = super().arrange(arrangement)
        self._held = arrangement
        return contents

    def hold(self, server: str, *images: str) -> dict[str, Content]:
        """Let a server hold these images, too, each written as for ``serve --image``; all else is as it was arranged
        last, and the journal begins anew.

        Tells what each image is made of, by ``REPO:TAG``. Raises SimulatorError, and SpecError for what is no image.
        """
        named = [imagespec.named_image(text) for text in images]
        specs = {str(image.reference): image.spec for image in named}
        before = self._held.servers.get(server, Holdings())
        copies = tuple(Copy(image.reference.repository, image.reference.tag, str(image.reference)) for image in named)
        held = {**self._held.servers, server: replace(before, copies=(*before.copies, *copies))}
        contents = self.arrange(replace(self._held, images={**self._held.images, **specs}, servers=held))
        return {name: contents[name] for name in specs}

    def close(self) -> None:
        """Stop all servers, and remove what was made."""
        self._stack.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _server(site: Site, simulator: LocalSimulator) -> Server:
    plain, tls = (f"{site.address}:{port}" for port in (site.plain_ports[0], site.tls_ports[0]))
    return Server(site.name, f"http://{plain}", f"https://{tls}", site.hosts, simulator)


@contextlib.contextmanager
def _started(mirrors: int, directory: Path) -> Iterator[tuple[Topology, str]]:
    """Serve in a thread: the topology, and the control API's address."""
    for tries_left in reversed(range(_TRIES)):
        ports = iter(_free_ports(2 * mirrors + 3))
        names = [f"mirror-{number}" for number in range(1, mirrors + 1)]
        hub = Site("hub", "hub", HUB_HOSTS, _ADDRESS, (next(ports),), (next(ports),), any_host=True)
        others = (
            Site(name, "mirror", (f"{name}.test",), _ADDRESS, (next(ports),), (next(ports),), any_host=True)
            for name in names
        )
        topology = Topology((hub, *others))
        certify(topology.sites, directory, ("localhost",))
        thread = _Thread(topology, directory, Endpoint(_ADDRESS, next(ports)))
        try:
            control = thread.started()
        except ListenError:
            if not tries_left:
                raise
            continue
        try:
            yield topology, control
        finally:
            thread.stop()
        return


class _Thread:
    """A thread that serves a topology."""

    def __init__(self, topology: Topology, directory: Path, control: Endpoint) -> None:
        self._ready: Future[asyncio.Event] = Future()
        self._loop = uvloop.new_event_loop()
        self._control = control
        self._thread = threading.Thread(target=self._work, args=(topology, directory), name="simulator", daemon=True)
        self._thread.start()

    def started(self) -> str:
        """Wait until all servers listen, and tell where the control API is. Raises what kept them from it."""
        try:
            self._ready.result(_PATIENCE)
        except BaseException:
            self._thread.join(_PATIENCE)
            raise
        return f"http://{self._control.address}:{self._control.port}"

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ready.result().set)
        self._thread.join(_PATIENCE)

    def _work(self, topology: Topology, directory: Path) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve(topology, directory))
        except BaseException as problem:
            if self._ready.done():
                raise
            self._ready.set_exception(problem)

    async def _serve(self, topology: Topology, directory: Path) -> None:
        stop = asyncio.Event()
        async with running(Simulator(topology, directory), self._control):
            self._ready.set_result(stop)
            await stop.wait()


def _free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((_ADDRESS, 0))
        return [probe.getsockname()[1] for probe in probes]
