"""``python -m simulator serve``: a Docker Hub and mirrors on loopback addresses, for people.

Exit codes: 0 when it was ended (130 before it had begun), 1 when nobody reads its output any more, 2 for wrong
usage, 3 where it cannot run here; the last two with one sentence on standard error.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from pathlib import Path

import uvloop

from simulator.arrangement import Arrangement, Copy, Holdings
from simulator.checks import ArrangementError
from simulator.command import imagespec, policies, screen, view
from simulator.command.imagespec import NamedImage, Reference, SpecError
from simulator.command.policies import Policies
from simulator.control import wire
from simulator.mirror.policy import PRESETS, PresetName
from simulator.network.authority import AuthorityError, certify
from simulator.network.connections import ListenError
from simulator.network.endpoint import Endpoint, endpoint, is_port
from simulator.network.places import HIGH_PORTS, USUAL_PORTS, Place, free_places
from simulator.network.running import running, stop_at_signals
from simulator.network.server import Simulator
from simulator.topology import HUB_HOSTS, Site, Topology

UNREAD = 1
BAD_INPUT = 2
CANNOT_RUN = 3
INTERRUPTED = 130

HUB = "hub"
DEFAULT_IMAGE = "library/hello:latest"
DEFAULT_POLICY: PresetName = "pull-through"
DEFAULT_NETWORK = "127.0.0.0/24"
MOST_MIRRORS = 100

_LOOPBACK = IPv4Network("127.0.0.0/8")


@dataclass(frozen=True)
class Warmth:
    """A mirror, and the tag that it holds from the beginning."""

    mirror: str
    reference: Reference


@dataclass(frozen=True)
class Plan:
    """What the command line asks for: ``base``, and beside it images, copies in mirrors, and mirrors' policies.
    ``ports`` are tried in turn; without ``directory``, one is made and removed.
    """

    mirrors: tuple[str, ...]
    base: Arrangement
    images: tuple[NamedImage, ...]
    warm: tuple[Warmth, ...]
    policies: Policies
    network: IPv4Network
    ports: tuple[tuple[int, int], ...]
    control: Endpoint
    directory: Path | None
    quiet: bool

    def topology(self, places: list[Place]) -> Topology:
        hub, *others = places
        mirrors = zip(self.mirrors, others, strict=True)
        return Topology(
            (
                Site(HUB, "hub", HUB_HOSTS, hub.address, (hub.tls_port,), (hub.plain_port,)),
                *(
                    Site(name, "mirror", (f"{name}.test",), place.address, (place.tls_port,), (place.plain_port,))
                    for name, place in mirrors
                ),
            )
        )

    def arrangement(self) -> Arrangement:
        servers = {**self.base.servers}
        for name in self.mirrors:
            held = self.base.servers.get(name, Holdings(policy=DEFAULT_POLICY))
            copies = (_copy(warmth.reference) for warmth in self.warm if warmth.mirror == name)
            servers[name] = replace(held, copies=(*held.copies, *copies), policy=self.policies.of(name, held.policy))
        held = servers.get(HUB, Holdings())
        servers[HUB] = replace(held, copies=(*held.copies, *(_copy(image.reference) for image in self.images)))
        images = {str(image.reference): image.spec for image in self.images}
        return replace(self.base, images=self.base.images | images, servers=servers)


def _copy(reference: Reference) -> Copy:
    return Copy(reference.repository, reference.tag, str(reference))


def plan(arguments: list[str]) -> Plan:
    """Read the command line. Raises SpecError, or exits with code 2 and the usage."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator serve",
        description="Start a fake Docker Hub and fake mirrors on loopback addresses, until Ctrl-C.",
        epilog="SPEC is REPO[:TAG][,layers=N][,size=SIZE][,platforms=A+B][,format=docker|oci][,seed=TEXT]; "
        "size is that of each layer. For instance: library/alpine:3.20,layers=3,size=2MiB,platforms=amd64+arm64",
    )
    parser.add_argument("--mirrors", default="2", metavar="N", help="how many mirrors (2)")
    parser.add_argument("--image", action="append", metavar="SPEC", help=f"an image that Hub holds ({DEFAULT_IMAGE})")
    parser.add_argument("--warm", action="append", default=[], metavar="MIRROR:REPO:TAG", help="let a mirror hold it")
    parser.add_argument(
        "--policy",
        action="append",
        default=[],
        metavar="[MIRROR=]POLICY",
        help=f"{', '.join(PRESETS)}, or a JSON file ({DEFAULT_POLICY})",
    )
    parser.add_argument(
        "--upstream", action="append", default=[], metavar="[MIRROR=]URL", help="the registry that mirrors ask (Hub)"
    )
    parser.add_argument("--arrangement", type=Path, metavar="FILE", help="what all servers hold and how, as JSON")
    parser.add_argument("--address", default=DEFAULT_NETWORK, metavar="NETWORK", help=f"({DEFAULT_NETWORK})")
    parser.add_argument("--ports", metavar="TLS,HTTP", help="(443,80 where that may be, else 8443,8080)")
    parser.add_argument("--control", type=endpoint(8900), default="127.0.0.1", metavar="ADDR[:PORT]")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="keep the certificates there")
    parser.add_argument("--quiet", action="store_true", help="do not show the exchanges")
    asked = parser.parse_args(arguments)
    mirrors = tuple(f"mirror-{number}" for number in range(1, _mirrors(asked.mirrors) + 1))
    base = _arrangement(asked.arrangement) if asked.arrangement else Arrangement()
    images = tuple(
        imagespec.named_image(text) for text in asked.image or ([] if asked.arrangement else [DEFAULT_IMAGE])
    )
    places = [image.reference for image in images]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice:
        message = f"There are two images {twice}."
        raise SpecError(message)
    return Plan(
        mirrors=mirrors,
        base=base,
        images=images,
        warm=tuple(_warmth(text, mirrors, places) for text in asked.warm),
        policies=policies.read(asked.policy, asked.upstream, mirrors),
        network=_network(asked.address),
        ports=_ports(asked.ports) if asked.ports else (USUAL_PORTS, HIGH_PORTS),
        control=asked.control,
        directory=asked.directory,
        quiet=asked.quiet,
    )


def _arrangement(path: Path) -> Arrangement:
    try:
        return wire.arrangement_from(path.read_bytes())
    except OSError as error:
        message = f"The arrangement {path} cannot be read: {error.strerror or error}."
        raise SpecError(message) from error
    except wire.MalformedError as error:
        message = f"The arrangement {path} cannot be used. {error}"
        raise SpecError(message) from error


def _mirrors(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and int(text) <= MOST_MIRRORS):
        message = f"--mirrors {text} is not a number from 0 to {MOST_MIRRORS}."
        raise SpecError(message)
    return int(text)


def _warmth(text: str, mirrors: tuple[str, ...], held: list[Reference]) -> Warmth:
    mirror, _, rest = text.partition(":")
    if mirror not in mirrors:
        message = f"{mirror!r} (in --warm {text}) is no mirror; there are: {', '.join(mirrors) or 'none'}."
        raise SpecError(message)
    reference = imagespec.reference(rest)
    if reference not in held:
        message = f"Hub has no image {reference} for {mirror} to hold; give it with --image {reference}."
        raise SpecError(message)
    return Warmth(mirror, reference)


def _network(text: str) -> IPv4Network:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        message = f"--address {text} is not a network; write it like 127.0.77.0/24."
        raise SpecError(message) from error
    if not network.subnet_of(_LOOPBACK):
        message = f"--address {text} is not of the loopback interface; its addresses begin with 127."
        raise SpecError(message)
    return network


def _ports(text: str) -> tuple[tuple[int, int], ...]:
    tls, _, plain = text.partition(",")
    if not (is_port(tls) and is_port(plain)) or len({0, int(tls), int(plain)}) < 3:
        message = f"--ports {text} is not a pair of ports, for TLS and for plain HTTP; write it like 8443,8080."
        raise SpecError(message)
    return ((int(tls), int(plain)),)


async def serve(asked: Plan) -> None:
    """Serve until a signal comes. Raises AuthorityError, ArrangementError and ListenError."""
    stop = stop_at_signals(*_ending())
    with _directory(asked.directory) as directory:
        topology = asked.topology(free_places(asked.network, 1 + len(asked.mirrors), asked.ports))
        authority = certify(topology.sites, directory)
        simulator = Simulator(topology, directory)
        arrangement = asked.arrangement()
        await simulator.arrange(arrangement)
        async with running(simulator, asked.control):
            if stop.is_set():
                raise KeyboardInterrupt
            sys.stdout.write(screen.text(topology, arrangement, authority, asked.control))
            sys.stdout.flush()
            await (stop.wait() if asked.quiet else _show(simulator, stop))


def _ending() -> Iterator[signal.Signals]:
    """The signals that end it. That the terminal is gone does not, if whoever started it (nohup) said so."""
    yield from (signal.SIGTERM, signal.SIGINT)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        yield signal.SIGHUP


def _directory(kept: Path | None) -> contextlib.AbstractContextManager[Path]:
    return contextlib.nullcontext(kept.absolute()) if kept else _temporary()


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="simulator-") as made:
        yield Path(made)


async def _show(simulator: Simulator, stop: asyncio.Event) -> None:
    """Show the exchanges until it shall stop. Raises what the view raises."""
    showing = asyncio.create_task(view.show(lambda: simulator.world.journal, simulator.epoch, view.printer()))
    showing.add_done_callback(lambda _: stop.set())
    await stop.wait()
    showing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await showing


def main(arguments: list[str]) -> int:
    try:
        asked = plan(arguments)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(asked))
    except (SpecError, ArrangementError) as error:
        return _failed(BAD_INPUT, str(error))
    except (AuthorityError, ListenError) as error:
        return _failed(CANNOT_RUN, str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNREAD
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _failed(code: int, sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return code
