"""``python -m simulator serve``: a Docker Hub and mirrors on loopback addresses, for people.

Exit codes: 0 when it was ended (130 before it had begun), 1 when nobody reads its output any more, 2 for wrong
usage or a broken archive, 3 where it cannot run here; the last two with one sentence on standard error.
"""

import argparse
import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import uvloop

from simulator.archives import naming
from simulator.archives import reading as archives
from simulator.archives.files import ArchiveError
from simulator.archives.naming import Load, Placed
from simulator.archives.reading import Archive
from simulator.arrangement import Arrangement, Copy, Holdings, Warm
from simulator.bounds import STANDARD
from simulator.checks import ArrangementError
from simulator.command import imagespec, policies, screen, view
from simulator.command.imagespec import NamedImage, Reference, SpecError
from simulator.command.policies import Policies
from simulator.control import token, wire
from simulator.mirror.policy import PRESETS, PresetName
from simulator.network.authority import AuthorityError, certify
from simulator.network.connections import ListenError
from simulator.network.endpoint import Endpoint, endpoint, is_port
from simulator.network.places import HIGH_PORTS, USUAL_PORTS, Place, free_places, shared_places
from simulator.network.running import running, stop_at_signals
from simulator.network.server import Simulator
from simulator.topology import HUB_HOSTS, Kind, Site, Topology

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
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


@dataclass(frozen=True)
class Warmth:
    """A mirror, and the tag that it holds from the beginning."""

    mirror: str
    reference: Reference


@dataclass(frozen=True)
class Plan:
    """What the command line asks for: ``base``, and beside it images, copies in mirrors, and mirrors' policies.
    ``ports`` are tried in turn; without ``directory``, one is made and removed. ``journal`` is how many exchanges
    are kept.

    ``at`` is a network, where each server gets an address of its own, or one address for all of them, which then
    differ by their ports and go by any name; ``hosts`` are the names that people will use.
    """

    mirrors: tuple[str, ...]
    base: Arrangement
    images: tuple[NamedImage, ...]
    warm: tuple[Warmth, ...]
    policies: Policies
    loads: tuple[Load, ...]
    at: IPv4Network | IPv4Address
    hosts: tuple[str, ...]
    ports: tuple[tuple[int, int], ...]
    control: Endpoint
    control_token: Path | None
    directory: Path | None
    journal: int
    quiet: bool

    def places(self) -> list[Place]:
        """Where the servers can listen. Raises ListenError."""
        count = 1 + len(self.mirrors)
        if isinstance(self.at, IPv4Address):
            return shared_places(str(self.at), count, self.ports)
        return free_places(self.at, count, self.ports)

    def topology(self, places: list[Place]) -> Topology:
        any_host = isinstance(self.at, IPv4Address)
        kinds: list[tuple[str, Kind, tuple[str, ...]]] = [
            (HUB, "hub", HUB_HOSTS),
            *((name, "mirror", (f"{name}.test",)) for name in self.mirrors),
        ]
        return Topology(
            tuple(
                Site(name, kind, hosts, place.address, (place.tls_port,), (place.plain_port,), any_host)
                for (name, kind, hosts), place in zip(kinds, places, strict=True)
            )
        )

    def names(self) -> tuple[str, ...]:
        """Names and addresses, beside their own, by which the servers may be reached."""
        if not isinstance(self.at, IPv4Address):
            return ()
        here = socket.gethostname()
        return ("localhost", "127.0.0.1", *([here] if _HOST.fullmatch(here) else []), *self.hosts)

    def shown(self, topology: Topology) -> Topology:
        """The topology as people reach it: nobody connects to the address that stands for all of a machine's."""
        if not isinstance(self.at, IPv4Address) or not self.at.is_unspecified:
            return topology
        hub, *mirrors = topology.sites
        local = "127.0.0.1"
        reached = next(iter(self.hosts), local)
        return Topology((replace(hub, address=local), *(replace(site, address=reached) for site in mirrors)))

    def arrangement(self) -> Arrangement:
        """What is made; the mirrors are warmed when all that Hub holds is there."""
        servers = {**self.base.servers}
        for name in self.mirrors:
            held = self.base.servers.get(name, Holdings(policy=DEFAULT_POLICY))
            servers[name] = replace(held, policy=self.policies.of(name, held.policy))
        held = servers.get(HUB, Holdings())
        servers[HUB] = replace(held, copies=(*held.copies, *(_copy(image.reference) for image in self.images)))
        images = {str(image.reference): image.spec for image in self.images}
        return replace(self.base, images=self.base.images | images, servers=servers)

    def warming(self) -> tuple[Warm, ...]:
        """What lets the mirrors hold what they shall."""
        return tuple(Warm(warmth.mirror, warmth.reference.repository, warmth.reference.tag) for warmth in self.warm)


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
    parser.add_argument(
        "--load",
        action="append",
        default=[],
        metavar="PATH[,as=REPO[:TAG]]",
        help="images that Hub holds, from an OCI image layout or what docker save wrote",
    )
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
    parser.add_argument(
        "--address",
        default=DEFAULT_NETWORK,
        metavar="NETWORK",
        help=f"a loopback network, with an address for each server ({DEFAULT_NETWORK}), or one address for all",
    )
    parser.add_argument(
        "--host", action="append", default=[], metavar="NAME", help="a name that is in the certificates, too"
    )
    parser.add_argument("--ports", metavar="TLS,HTTP", help="(443,80 where that may be, else 8443,8080)")
    parser.add_argument("--control", type=endpoint(8900), default="127.0.0.1", metavar="ADDR[:PORT]")
    parser.add_argument(
        "--control-token",
        type=Path,
        metavar="FILE",
        help=f"the control API's token (else {token.VARIABLE}; else, beyond loopback, a new one)",
    )
    parser.add_argument("--directory", type=Path, metavar="DIR", help="keep the certificates there")
    parser.add_argument(
        "--journal", default=str(STANDARD.exchanges), metavar="N", help=f"exchanges to keep ({STANDARD.exchanges})"
    )
    parser.add_argument("--quiet", action="store_true", help="do not show the exchanges")
    asked = parser.parse_args(arguments)
    mirrors = tuple(f"mirror-{number}" for number in range(1, _mirrors(asked.mirrors) + 1))
    base = _arrangement(asked.arrangement) if asked.arrangement else Arrangement()
    images = tuple(
        imagespec.named_image(text)
        for text in asked.image or ([] if asked.arrangement or asked.load else [DEFAULT_IMAGE])
    )
    loads = tuple(naming.load(text) for text in asked.load)
    places = [image.reference for image in images]
    twice = next((place for place in places if places.count(place) > 1), None)
    if twice:
        message = f"There are two images {twice}."
        raise SpecError(message)
    warm = tuple(_warmth(text, mirrors) for text in asked.warm)
    if not loads:
        _check_warm(warm, places)
    at = _at(asked.address)
    if asked.host and not isinstance(at, IPv4Address):
        message = "--host NAME is for servers that have one address in common: give that, too, as --address 0.0.0.0."
        raise SpecError(message)
    return Plan(
        mirrors=mirrors,
        base=base,
        images=images,
        warm=warm,
        loads=loads,
        policies=policies.read(asked.policy, asked.upstream, mirrors),
        at=at,
        hosts=tuple(map(_host, asked.host)),
        ports=_ports(asked.ports) if asked.ports else (USUAL_PORTS, HIGH_PORTS),
        control=asked.control,
        control_token=asked.control_token,
        directory=asked.directory,
        journal=_kept(asked.journal),
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


def _kept(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and int(text)):
        message = f"--journal {text} is not a number of exchanges."
        raise SpecError(message)
    return int(text)


def _warmth(text: str, mirrors: tuple[str, ...]) -> Warmth:
    mirror, _, rest = text.partition(":")
    if mirror not in mirrors:
        message = f"{mirror!r} (in --warm {text}) is no mirror; there are: {', '.join(mirrors) or 'none'}."
        raise SpecError(message)
    return Warmth(mirror, imagespec.reference(rest))


def _check_warm(warm: Iterable[Warmth], held: Collection[Reference]) -> None:
    """Raise SpecError where a mirror shall hold what Hub does not."""
    for warmth in warm:
        if warmth.reference not in held:
            wanted = warmth.reference
            message = f"Hub has no image {wanted} for {warmth.mirror} to hold; give it with --image {wanted}."
            raise SpecError(message)


def _at(text: str) -> IPv4Network | IPv4Address:
    try:
        if "/" not in text:
            return IPv4Address(text)
        network = IPv4Network(text)
    except ValueError as error:
        message = f"--address {text} is not a network, like 127.0.77.0/24, nor an address, like 0.0.0.0."
        raise SpecError(message) from error
    if not network.subnet_of(_LOOPBACK):
        message = f"--address {text} is not of the loopback interface; its addresses begin with 127."
        raise SpecError(message)
    return network


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        message = f"--host {text} is not the name of a host, nor an address."
        raise SpecError(message)
    return text


def _ports(text: str) -> tuple[tuple[int, int], ...]:
    tls, _, plain = text.partition(",")
    if not (is_port(tls) and is_port(plain)) or len({0, int(tls), int(plain)}) < 3:
        message = f"--ports {text} is not a pair of ports, for TLS and for plain HTTP; write it like 8443,8080."
        raise SpecError(message)
    return ((int(tls), int(plain)),)


async def serve(asked: Plan) -> None:
    """Serve until a signal comes. Raises ArchiveError, ArrangementError, AuthorityError, ListenError, SpecError and
    TokenError.
    """
    stop = stop_at_signals(*_ending())
    loaded = _archives(asked)
    chosen = token.choose(asked.control, asked.control_token)
    with _directory(asked.directory) as directory:
        topology = asked.topology(asked.places())
        authority = certify(topology.sites, directory, asked.names())
        if chosen.is_new:
            token.write(chosen, directory)
        simulator = Simulator(topology, directory, bounds=replace(STANDARD, exchanges=asked.journal))
        arrangement = asked.arrangement()
        await simulator.arrange(arrangement)
        for archive, places in loaded:
            await simulator.load(HUB, archive, places)
        await simulator.apply(asked.warming())
        async with running(simulator, asked.control, chosen.text):
            if stop.is_set():
                raise KeyboardInterrupt
            shown, holders = asked.shown(topology), _holders(asked, loaded)
            control = screen.control_lines(asked.control, chosen)
            sys.stdout.write(screen.text(shown, arrangement, holders, authority, control))
            sys.stdout.flush()
            await (stop.wait() if asked.quiet else _show(simulator, stop))


_Archives = list[tuple[Archive, tuple[Placed, ...]]]


def _archives(asked: Plan) -> _Archives:
    """The archives that shall be loaded, and where their images go. Raises ArchiveError and SpecError."""
    read = [(archives.read(load.path), load) for load in asked.loads]
    found = [(archive, naming.placed(archive, load.name, str(load.path))) for archive, load in read]
    held = [image.reference for image in asked.images]
    for _, places in found:
        for place in places:
            if place.tag and (named := Reference(place.repository, place.tag)) in held:
                message = f"There are two images {named}."
                raise SpecError(message)
        held += [Reference(place.repository, place.tag) for place in places if place.tag]
    _check_warm(asked.warm, held)
    return found


def _holders(asked: Plan, loaded: _Archives) -> dict[str, list[str]]:
    """The images that there are, and the servers that hold each."""
    names = [str(image.reference) for image in asked.images]
    names += [str(place) for _, places in loaded for place in places if place.tag]
    warm = {name: [warmth.mirror for warmth in asked.warm if str(warmth.reference) == name] for name in names}
    return {name: [HUB, *sorted(set(mirrors))] for name, mirrors in warm.items()}


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
    except (SpecError, ArchiveError, ArrangementError, token.TokenError) as error:
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
