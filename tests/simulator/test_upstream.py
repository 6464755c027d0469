"""How mirrors ask others: what they are given by whom, and what they are told when there is no answer."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from simulator.arrangement import Arrangement, Break, Copy, Fault, Heal, Holdings, ImageSpec
from simulator.journal import Exchange
from simulator.messages import Request, Response, Scheme
from simulator.network.certificates import client_context
from simulator.network.server import Simulator
from simulator.network.upstream import Upstream
from simulator.programs import Ask, Flight, Given, Program, Sink, Wait
from simulator.registry.content import build
from simulator.topology import AUTH_HOST, REGISTRY_HOST
from tests.simulator.conftest import MIRROR_ADDRESS, OWN_ADDRESS, free_port, topology, write_certificates

SPEC = ImageSpec("upstream", layers=(300_000,))
MANIFEST = "/v2/library/app/manifests/1"
LAYER = f"/v2/library/app/blobs/{build(SPEC).content.objects[-1].digest}"
PATIENCE = 20.0

T = TypeVar("T")


@dataclass
class Bucket:
    """A sink that keeps what came."""

    data: bytearray = field(default_factory=bytearray)
    end: str = ""

    def write(self, piece: bytes) -> None:
        self.data += piece

    def finish(self) -> None:
        self.end = "finished"

    def fail(self) -> None:
        self.end = "failed"


@dataclass
class Stage:
    """A simulator and an upstream of its mirror, on one loop."""

    simulator: Simulator
    upstream: Upstream

    async def ask(
        self, url: str, *, token: str = "", sink: Sink | None = None, timeout: float = PATIENCE, body: bytes = b""
    ) -> Given:
        return await self.upstream.drive(asking(ask(url, token, sink, timeout, body)))

    async def token(self) -> str:
        query = "service=registry.docker.io&scope=repository:library/app:pull"
        given = await self.ask(f"https://{AUTH_HOST}/token?{query}")
        assert given.response, given.problem
        token: str = json.loads(bytes(given.response.body))["token"]
        return token

    def journal(self) -> tuple[Exchange, ...]:
        return self.simulator.world.journal.since()


def ask(url: str, token: str = "", sink: Sink | None = None, timeout: float = PATIENCE, body: bytes = b"") -> Ask:
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    path, _, query = f"{slash}{target}".partition("?")
    headers = (("authorization", f"Bearer {token}"),) if token else ()
    as_scheme: Scheme = "https" if scheme == "https" else "http"
    method = "POST" if body else "GET"
    return Ask("one", Request(method, host, path, query, headers, MIRROR_ADDRESS, body, as_scheme), timeout, sink)


def asking(ask: Ask) -> Program[Given]:
    return (yield ask)


@contextlib.asynccontextmanager
async def staged(directory: Path, *faults: Fault) -> AsyncIterator[Stage]:
    servers = topology()
    write_certificates(directory, servers)
    simulator = Simulator(servers, directory)
    copies = (Copy("library/app", "1", "image"),)
    holdings = {"hub": Holdings(copies, faults), "own": Holdings(copies)}
    await simulator.arrange(Arrangement({"image": SPEC}, holdings))
    await simulator.start()
    upstream = Upstream(simulator.world, simulator.clock, lambda: client_context(directory), lambda: None)
    try:
        yield Stage(simulator, upstream)
    finally:
        await upstream.close()
        await simulator.stop()


def play(directory: Path, story: Callable[[Stage], Awaitable[T]], *faults: Fault) -> T:
    async def run() -> T:
        async with staged(directory, *faults) as stage:
            return await story(stage)

    return asyncio.run(run())


def body(given: Given) -> bytes:
    assert given.response, given.problem
    return bytes(given.response.body)


def test_a_pull_from_hub_by_its_names(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        token, layer = await stage.token(), Bucket()
        manifest = await stage.ask(f"https://{REGISTRY_HOST}{MANIFEST}", token=token)
        redirect = await stage.ask(f"https://{REGISTRY_HOST}{LAYER}", token=token)
        assert redirect.response
        head = await stage.ask(redirect.response.header("location"), sink=layer)
        await stage.upstream.idle()
        image = build(SPEC)
        assert body(manifest) == image.bytes_of[image.content.root]
        assert redirect.response.status == 307
        assert head.response == Response(200, head.response.headers if head.response else ())
        assert (bytes(layer.data), layer.end) == (image.bytes_of[image.content.objects[-1].digest], "finished")
        assert [(e.server, e.client, e.status) for e in stage.journal()] == [
            ("hub", MIRROR_ADDRESS, status) for status in (200, 200, 307, 200)
        ]

    play(tmp_path, story)


def test_another_registry_by_its_address(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        port = next(site for site in stage.simulator.world.topology.sites if site.name == "own").plain_ports[0]
        image = build(SPEC)
        for host in (f"{OWN_ADDRESS}:{port}", "own.test"):
            assert body(await stage.ask(f"http://{host}{MANIFEST}")) == image.bytes_of[image.content.root]
        assert {(e.server, e.client) for e in stage.journal()} == {("own", MIRROR_ADDRESS)}

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("refuse"), f"{REGISTRY_HOST} refused the connection."),
        (Fault("dns"), f"The name {REGISTRY_HOST} cannot be resolved."),
        (
            Fault("untrusted"),
            f"The certificate of {REGISTRY_HOST} is not trusted: unable to get local issuer certificate.",
        ),
        (Fault("reset"), f"{REGISTRY_HOST} broke the connection off."),
        (Fault("reset", after=5), f"{REGISTRY_HOST} broke the connection off."),
        (Fault("truncate"), f"{REGISTRY_HOST} broke off, or did not speak HTTP: "),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_hubs_faults(tmp_path: Path, fault: Fault, problem: str) -> None:
    async def story(stage: Stage) -> None:
        url = f"https://{REGISTRY_HOST}{MANIFEST}"
        token = await stage.token()
        for _ in range(2):
            await stage.simulator.apply((Break("hub", fault),))
            given = await stage.ask(url, token=token)
            assert given.response is None
            assert given.problem.startswith(problem)
            assert not given.late
            await stage.simulator.apply((Heal("hub"),))
            assert (await stage.ask(url, token=token)).response

    play(tmp_path, story)


def test_who_never_answers_is_given_up(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        given = await stage.ask(f"https://{REGISTRY_HOST}/v2/", timeout=0.1)
        assert (given.response, given.late) == (None, True)
        assert given.problem == f"{REGISTRY_HOST} did not answer within 0.1 s."

    play(tmp_path, story, Fault("hang"))


@pytest.mark.parametrize("fault", [Fault("reset", "layer", after=1000), Fault("truncate", "layer", after=1000)])
def test_a_body_that_is_not_complete_fails_its_sink(tmp_path: Path, fault: Fault) -> None:
    async def story(stage: Stage) -> None:
        token, layer = await stage.token(), Bucket()
        redirect = await stage.ask(f"https://{REGISTRY_HOST}{LAYER}", token=token)
        assert redirect.response
        await stage.simulator.apply((Break("hub", fault),))
        given = await stage.ask(redirect.response.header("location"), sink=layer)
        await stage.upstream.idle()
        assert given.response
        assert given.response.status == 200
        assert layer.end == "failed"
        assert len(layer.data) <= 1000

    play(tmp_path, story)


async def rude(data: bytes, *, stay: bool) -> asyncio.Server:
    """A server that says this to everybody, and then nothing more."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(data)
            await writer.drain()
            if stay:
                await reader.read()
            writer.close()

    return await asyncio.start_server(answer, OWN_ADDRESS, free_port(OWN_ADDRESS))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "broke off, or did not speak HTTP: Server disconnected without sending a response."),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "broke off, or did not speak HTTP: "),
        (b"HTTP/1.1 200 OK\r\n", "broke off, or did not speak HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "broke off, or did not speak HTTP: bad Content-Length"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000, "broke off, or did not speak HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "broke off, or did not speak HTTP: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(9_000_000), "has more than 8388608 bytes"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "broke off, or did not speak HTTP: "),
    ],
)
def test_rude_answers(tmp_path: Path, data: bytes, problem: str) -> None:
    async def story(stage: Stage) -> None:
        server = await rude(data, stay=False)
        host = f"{OWN_ADDRESS}:{server.sockets[0].getsockname()[1]}"
        given = await stage.ask(f"http://{host}/v2/")
        server.close()
        assert given.response is None
        assert host in given.problem
        assert problem in given.problem
        assert given.problem.endswith(".")

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://own.test/v2/", "own.test refused the connection."),
        ("http://nowhere.invalid/v2/", "The name nowhere.invalid cannot be resolved."),
        ("http://127.0.71.6:1/", "127.0.71.6:1 refused the connection."),
        ("http://own.test:99999/", "own.test:99999 cannot be"),
        ("http://own.test/a b", "own.test cannot be asked"),
        ("http://own.test/\u20ac", "own.test cannot be asked"),
        ("http:///", "cannot be resolved"),
        ("http://[/", "[ cannot be asked"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, url: str, problem: str) -> None:
    async def story(stage: Stage) -> None:
        given = await stage.ask(url)
        assert given.response is None
        assert problem in given.problem

    play(tmp_path, story)


def test_a_program_goes_on_though_nobody_waits_for_it(tmp_path: Path) -> None:
    ended = []

    def program() -> Program[None]:
        yield ask(f"https://{REGISTRY_HOST}/v2/")
        yield ask(f"https://{REGISTRY_HOST}/v2/")
        ended.append("by itself")

    async def story(stage: Stage) -> None:
        waiting = asyncio.ensure_future(stage.upstream.drive(program()))
        await asyncio.sleep(0)
        waiting.cancel()
        await stage.upstream.idle()
        assert waiting.cancelled()
        assert ended == ["by itself"]

    play(tmp_path, story)


def test_programs_wait_for_each_other(tmp_path: Path) -> None:
    order: list[str] = []

    def waiting(flight: Flight) -> Program[None]:
        yield Wait("one", flight)
        order.append("waited")

    def working(flight: Flight) -> Program[None]:
        yield ask(f"https://{REGISTRY_HOST}/v2/")
        order.append("worked")
        flight.end()

    async def story(stage: Stage) -> None:
        flight = Flight()
        for program in (waiting(flight), waiting(flight), working(flight)):
            stage.upstream.start([program])
        await stage.upstream.idle()
        await stage.upstream.drive(waiting(flight))

    play(tmp_path, story)
    assert order == ["worked", "waited", "waited", "waited"]


def test_closing_breaks_off_what_is_under_way(tmp_path: Path) -> None:
    async def story(stage: Stage) -> None:
        url, flight, layer = f"https://{REGISTRY_HOST}/v2/", Flight(), Bucket()
        server = await rude(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", stay=True)
        host = f"{OWN_ADDRESS}:{server.sockets[0].getsockname()[1]}"
        assert (await stage.ask(f"http://{host}/", sink=layer)).response

        def program() -> Program[str]:
            yield Wait("one", flight)
            first = yield ask(url)
            return first.problem

        asked = asyncio.ensure_future(stage.ask(url))
        waited = asyncio.ensure_future(stage.upstream.drive(program()))
        while not stage.journal():
            await asyncio.sleep(0.001)
        await stage.upstream.close()
        server.close()
        anew = f"Before {REGISTRY_HOST} had answered, everything was arranged anew."
        assert (await asked).problem == await waited == anew
        assert (bytes(layer.data), layer.end) == (b"short", "failed")
        assert len(stage.journal()) == 1

    play(tmp_path, story, Fault("hang"))


def test_what_a_sink_cannot_take_is_told_in_the_journal(tmp_path: Path) -> None:
    @dataclass
    class Full(Bucket):
        def write(self, piece: bytes) -> None:
            raise ValueError("by design")

    async def story(stage: Stage) -> None:
        sink = Full()
        await stage.ask("http://own.test/v2/", sink=sink)
        await stage.upstream.idle()
        assert sink.end == "failed"
        assert "by design" in stage.simulator.world.journal.errors[0]

    play(tmp_path, story)


def test_closing_leaves_no_connection_open_whose_handshake_was_under_way(tmp_path: Path) -> None:
    hello, gone = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        hello.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        gone.set()
        writer.close()

    async def story(stage: Stage) -> None:
        server = await asyncio.start_server(listen, OWN_ADDRESS, free_port(OWN_ADDRESS))
        host = f"{OWN_ADDRESS}:{server.sockets[0].getsockname()[1]}"
        asked = asyncio.ensure_future(stage.ask(f"https://{host}/v2/"))
        await hello.wait()
        await stage.upstream.close()
        await asyncio.wait_for(gone.wait(), 60)
        server.close()
        assert (await asked).response is None

    play(tmp_path, story)
