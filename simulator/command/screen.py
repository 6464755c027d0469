"""What ``python -m simulator serve`` says when it is ready: what there is, and how to use it."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from simulator.arrangement import Arrangement, Holdings
from simulator.control.token import Token
from simulator.mirror.policy import PRESETS, policy_of
from simulator.network.endpoint import Endpoint
from simulator.topology import HTTPS_PORT, REGISTRY_HOST, Site, Topology

HTTP_PORT = 80
READY = "Ctrl-C ends it."
"""The last line."""


def text(
    topology: Topology,
    arrangement: Arrangement,
    loaded: Mapping[str, list[str]],
    authority: Path,
    control: Iterable[str],
) -> str:
    """The screen. No line but a long name's or path's is wider than 80 columns.

    ``loaded`` are images beside those of the arrangement, and the servers that hold each;
    ``control`` is what :func:`control_lines` gives.
    """
    hub, mirrors = topology.sites[0], topology.sites[1:]
    blocks = [
        _block("Servers", _servers(topology.sites)),
        _block("Images", _images(arrangement, loaded)),
        _block("CA file", [str(authority)]),
        *([_block("Mirrors", _mirrors(mirrors, arrangement))] if mirrors else []),
        *([_block("daemon.json", _daemon(mirrors))] if mirrors else []),
        *([_block("/etc/hosts (Docker then takes this Hub for the real one)", _hosts(hub))] if _is_usual(hub) else []),
        _block("Ask Hub", _curl(hub, authority)),
        _block("Control API", control),
    ]
    return "\n".join([*blocks, f"{READY}\n"])


def url(site: Site, scheme: str) -> str:
    """Where a site is, by its address."""
    port, usual = (site.https_port, HTTPS_PORT) if scheme == "https" else (site.plain_ports[0], HTTP_PORT)
    return f"{scheme}://{site.address}" if port == usual else f"{scheme}://{site.address}:{port}"


def _block(title: str, lines: Iterable[str]) -> str:
    return "".join([f"{title}\n", *(f"  {line}\n" for line in lines)])


def _servers(sites: tuple[Site, ...]) -> Iterator[str]:
    for site in sites:
        yield f"{site.name:10} {url(site, 'https'):26} {url(site, 'http')}"
        yield from (f"{'':10} {host}" for host in site.hosts)


def _mirrors(mirrors: tuple[Site, ...], arrangement: Arrangement) -> Iterator[str]:
    for mirror in mirrors:
        policy = arrangement.servers.get(mirror.name, Holdings()).policy
        if policy is None:
            yield f"{mirror.name:10} snapshot"
            continue
        upstream = policy_of(policy).upstream
        like = (name for name, preset in PRESETS.items() if replace(preset, upstream=upstream) == policy_of(policy))
        yield f"{mirror.name:10} {next(like, 'own policy')}, of {upstream.url}"


def _images(arrangement: Arrangement, loaded: Mapping[str, list[str]]) -> Iterator[str]:
    made = {
        image: [
            name
            for name, holdings in sorted(arrangement.servers.items())
            if any(copy.image == image for copy in holdings.copies)
        ]
        for image in arrangement.images
    }
    return (f"{image:40} {', '.join(holders)}" for image, holders in (made | dict(loaded)).items())


def _daemon(mirrors: tuple[Site, ...]) -> Iterator[str]:
    yield '"registry-mirrors": ['
    last = mirrors[-1]
    yield from (f'  "{url(site, "http")}"{"" if site is last else ","}' for site in mirrors)
    yield "]"


def _is_usual(hub: Site) -> bool:
    return hub.https_port == HTTPS_PORT


def _hosts(hub: Site) -> Iterator[str]:
    return (f"{hub.address} {host}" for host in hub.hosts)


def _curl(hub: Site, authority: Path) -> Iterator[str]:
    port = hub.https_port
    yield f"curl --cacert {shlex.quote(str(authority))} \\"
    yield f"  --resolve {REGISTRY_HOST}:{port}:{hub.address} \\"
    yield f"  https://{REGISTRY_HOST}:{port}/v2/"


def control_lines(control: Endpoint, token: Token) -> Iterator[str]:
    """Where the control API is, and its token if nobody knows it yet."""
    everywhere = control.address == "0.0.0.0"
    yield f"http://{'127.0.0.1' if everywhere else control.address}:{control.port}"
    if token.is_new:
        yield f"token: {token.text}"
    elif token.text:
        yield "with the token that it was given"
