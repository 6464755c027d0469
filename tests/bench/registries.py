"""The simulator beside real registries: requests and bytes a second, times, memory, and processor time.

Run by ``tox run -e bench``; with options, by ``tox run -e bench -- registries --seconds 5``. All servers run side by
side, hold the same content, and are loaded in turns, so that whatever else the machine does strikes all of them
alike. Look at ratios within one run.
"""

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urljoin

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from fixtures.errors import LabError
from fixtures.machine.children import clear_work
from fixtures.machine.state import lock, make_directory, state_directory
from simulator.arrangement import Arrangement, Content, Copy, Holdings, ImageSpec
from simulator.client import SimulatorClient
from simulator.topology import AUTH_HOST, REGISTRY_HOST, Site
from tests.bench import packages, servers
from tests.bench.load import Generator, Load
from tests.bench.servers import Server

ADDRESS = "127.0.94.1"
REPOSITORY, TAG = "library/bench", "1"
LAYERS = {"1 KiB": 1 << 10, "1 MiB": 1 << 20, "64 MiB": 1 << 26}
CONNECTIONS = (1, 32)
OURS, HUB = "simulator", "simulator (Hub, with a token)"


@dataclass(frozen=True)
class Request:
    """One kind of request: a row of the table."""

    name: str
    method: str
    path: str


@dataclass(frozen=True)
class Target:
    """A server under the name that it has in the table."""

    name: str
    server: Server
    url: str
    host: str = ""

    def headers(self) -> dict[str, str]:
        """What a request has to carry. Hub's tokens do not live long enough to be got once."""
        return {"Host": self.host, "Authorization": f"Bearer {_token(self.url)}"} if self.host else {}


@dataclass(frozen=True)
class Figures:
    """What one server did of one kind of request: medians of all rounds. Times are in seconds."""

    request: str
    connections: int
    server: str
    requests_per_second: float
    bytes_per_second: float
    p50: float
    p99: float
    processor: float


@dataclass(frozen=True)
class Footprint:
    """What a server takes: seconds until it answers, bytes of memory before the load and after it."""

    server: str
    ready: float
    resident_before: int
    resident_after: int


def requests(content: Content) -> Iterator[Request]:
    """The kinds of requests for an image whose layers have the sizes of ``LAYERS``."""
    manifest = f"/v2/{REPOSITORY}/manifests/{TAG}"
    yield Request("manifest, HEAD", "HEAD", manifest)
    yield Request("manifest, GET", "GET", manifest)
    layers = [part.digest for part in content.objects if part.role.startswith("layer")]
    for name, digest in zip(LAYERS, layers, strict=True):
        yield Request(f"blob of {name}", "GET", f"/v2/{REPOSITORY}/blobs/{digest}")


def push(content: Content, source: str, target: str) -> None:
    """Let a registry have the image that another holds."""
    with httpx.Client(timeout=60, trust_env=False) as client:
        for part in reversed(content.objects):
            kind = "manifests" if part.role == "manifest" else "blobs"
            data = client.get(f"{source}/v2/{REPOSITORY}/{kind}/{part.digest}").content
            if kind == "manifests":
                where, headers = f"{target}/v2/{REPOSITORY}/manifests/{TAG}", {"Content-Type": part.media_type}
                done = client.put(where, content=data, headers=headers)
            else:
                begun = client.post(f"{target}/v2/{REPOSITORY}/blobs/uploads/")
                where = urljoin(target, begun.headers["location"])
                done = client.put(httpx.URL(where).copy_merge_params({"digest": part.digest}), content=data)
            if done.status_code != 201:
                message = f"{target} did not take a {part.role}: {done.status_code}."
                raise LabError(message)


@contextmanager
def bench(work: Path) -> Iterator[tuple[list[Target], list[Request], Generator]]:
    """All servers, with the same content, and what loads them."""
    root = packages.unpack(work)
    with ExitStack() as stack:
        ours = stack.enter_context(servers.simulator(work, ADDRESS))
        others = [stack.enter_context(start(work, root, ADDRESS)) for start in (servers.distribution, servers.crane)]
        with SimulatorClient(ours.url) as control:
            hub, mirror = (_plain(site) for site in control.health().sites)
            held = Holdings((Copy(REPOSITORY, TAG, "bench"),))
            spec = ImageSpec("bench", layers=tuple(LAYERS.values()))
            contents = control.arrange(Arrangement({"bench": spec}, {"hub": held, "mirror-1": held}))
        for other in others:
            push(contents["bench"], mirror, other.url)
        targets = [Target(OURS, ours, mirror), *(Target(other.name, other, other.url) for other in others)]
        targets.append(Target(HUB, ours, hub, REGISTRY_HOST))
        yield targets, list(requests(contents["bench"])), Generator(root, packages.libraries(root), work)


def measure(
    targets: list[Target], kinds: list[Request], generator: Generator, seconds: float, rounds: int
) -> Iterator[Figures]:
    """Load every server with every kind of request. Hub is asked for manifests: its blobs are a redirect."""
    rows = [(kind, connections) for kind in kinds for connections in CONNECTIONS]
    for kind, connections in track(rows, "Measuring", console=Console(stderr=True), transient=True):
        asked = [
            target for target in targets if not target.host or (kind.method, "manifest, GET") == ("GET", kind.name)
        ]
        loads: dict[str, list[tuple[Load, float]]] = {target.name: [] for target in asked}
        for _ in range(rounds):
            for target in asked:
                before = target.server.processor
                load = generator.run(kind.method, target.url + kind.path, target.headers(), connections, seconds)
                loads[target.name].append((load, target.server.processor - before))
        for name, taken in loads.items():
            yield Figures(
                kind.name,
                connections,
                name,
                median(load.requests / load.seconds for load, _ in taken),
                median(load.bytes / load.seconds for load, _ in taken),
                median(load.p50 for load, _ in taken),
                median(load.p99 for load, _ in taken),
                median(used / load.requests for load, used in taken),
            )


def table(figures: list[Figures]) -> Table:
    """The figures, with each server's requests a second as a multiple of ours."""
    shown = Table("request", "conn.", "server", "requests/s", "MB/s", "p50 ms", "p99 ms", "CPU us", "ours is")
    for column in shown.columns[3:]:
        column.justify = "right"
    ours = {(row.request, row.connections): row.requests_per_second for row in figures if row.server == OURS}
    last: tuple[str, int] | None = None
    for row in figures:
        key = (row.request, row.connections)
        if last not in (None, key):
            shown.add_section()
        named = () if last == key else (row.request, str(row.connections))
        last = key
        shown.add_row(
            *(named or ("", "")),
            row.server,
            f"{row.requests_per_second:,.0f}" if row.requests_per_second >= 100 else f"{row.requests_per_second:,.1f}",
            f"{row.bytes_per_second / 1e6:,.0f}",
            f"{row.p50 * 1e3:,.2f}",
            f"{row.p99 * 1e3:,.2f}",
            f"{row.processor * 1e6:,.0f}",
            "" if row.server == OURS else f"x {ours[key] / row.requests_per_second:.2f}",
        )
    return shown


def footprints(before: Mapping[str, int], targets: list[Target]) -> list[Footprint]:
    alone = [target.server for target in targets if not target.host]
    return [Footprint(server.name, server.ready, before[server.name], server.resident) for server in alone]


def main() -> int:
    """Measure and print; exits as the lab does where that cannot be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=2, help="how long one load lasts (2)")
    parser.add_argument("--rounds", type=int, default=3, help="loads of each kind on each server (3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = state_directory() / "bench"
    try:
        with lock("bench"):
            clear_work(work)
            make_directory(work)
            try:
                with bench(work) as (targets, kinds, generator):
                    before = {target.server.name: target.server.resident for target in targets}
                    figures = list(measure(targets, kinds, generator, chosen.seconds, chosen.rounds))
                    taken = footprints(before, targets)
            finally:
                clear_work(work)
    except LabError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    if chosen.json:
        value = {"figures": [asdict(row) for row in figures], "footprints": [asdict(row) for row in taken]}
        chosen.json.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    console = Console(width=120)
    console.print(table(figures))
    memory = Table("server", "ready s", "MiB before", "MiB after")
    for row in taken:
        memory.add_row(
            row.server, f"{row.ready:.2f}", f"{row.resident_before / 2**20:.0f}", f"{row.resident_after / 2**20:.0f}"
        )
    console.print(memory)
    return 0


def _plain(site: Site) -> str:
    return f"http://{site.address}:{site.plain_ports[0]}"


def _token(hub: str) -> str:
    query = {"service": "registry.docker.io", "scope": f"repository:{REPOSITORY}:pull"}
    answer = httpx.get(f"{hub}/token", params=query, headers={"Host": AUTH_HOST}, trust_env=False)
    return str(answer.json()["token"])


if __name__ == "__main__":
    sys.exit(main())
