"""One real pull, and proof of where it came from, without any change to the daemon.

While the daemon pulls, the kernel tells of its TCP connections, and of the bytes that came by each. That bytes came
from a mirror's address is proof. That somebody at an unknown address is a proxy or a mirror's storage is inference, as
is what Docker Hub's headers say of the pull limit, which others at the same address use, too.
"""

import asyncio
import contextlib
import json
import re
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import httpx

from simulator.topology import HUB_HOSTS
from suites.verify.answers import HUB, Image, Quota
from suites.verify.connections import CannotWatchError, Seen, Watch, server_of
from suites.verify.facts import Setup
from suites.verify.network import Address, Network, place_of
from suites.verify.probe import in_force, probe

SOCKET = Path("/var/run/docker.sock")
DEADLINE = 120.0
"""Seconds that a pull may take."""

API = "/v1.41"
_KEPT = "mirror-conformance-verify/kept"
_SEVERAL, _MOST = 2, 0.8
_NOTHING = 1
"""Bytes that a connection counts though none came: its end."""
_TELLING = re.compile(r"next endpoint|trying next host|fallback", re.IGNORECASE)

Weight = Literal["proof", "inference"]


@dataclass(frozen=True, slots=True)
class Statement:
    """What a pull has shown, and how sure it is."""

    weight: Weight
    sentence: str


@dataclass(frozen=True, slots=True)
class Contact:
    """An address that bytes came from during the pull, how many, and which endpoints (mirrors' URLs, HUB) live there:
    none, or several where they share it. ``own``: by connections that were seen to be the daemon's own; else they were
    too short for that, and of its network.
    """

    address: Address
    endpoints: tuple[str, ...]
    received: int
    own: bool


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one real pull did. ``contacts`` are by address, most bytes first; None: nobody could look at the daemon.

    ``was_there``: the host had something under the image's name, and has it again; ``was_other``: the pull brought
    something else. Where it did not, no layers were fetched. ``removed``: what the pull brought is gone. ``before`` and
    ``after`` are Docker Hub's counts.
    """

    image: Image
    result: Literal["ok", "failed", "waits"]
    seconds: float
    error: str = ""
    was_there: bool = False
    was_other: bool = False
    removed: bool = False
    contacts: tuple[Contact, ...] | None = None
    complete: bool = False
    """Whether the kernel told of every connection."""
    before: Quota | None = None
    after: Quota | None = None
    log: tuple[str, ...] = ()
    """The daemon's own lines about endpoints that it left."""
    statements: tuple[Statement, ...] = ()


def pull(
    setup: Setup, image: Image, *, socket: Path = SOCKET, network: Network | None = None, deadline: float = DEADLINE
) -> Pulled:
    """Pull an image for once, and remove it again if it was not there. To look at the daemon's connections one must be
    root on its host; else only what others count can be told.

    Raises:
        httpx.HTTPError: nobody answers at the engine's socket.
    """
    network = network or Network()
    before = _quota(setup, image, network)
    homes = asyncio.run(_homes(in_force(setup), network))
    began = time.time()
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://docker", timeout=30.0) as engine:
        had = _held(engine, image)
        with _kept(engine, had):
            told, watch = _watched(engine, image, server_of(socket), deadline)
            got = _held(engine, image)
            removed = got != had and _undone(engine, image, had, got)
    homes = _joined(homes, asyncio.run(_homes(in_force(setup), network)))
    contacts = None if watch is None else tuple(_contacts(watch, homes))
    told = replace(
        told,
        was_there=bool(had),
        was_other=bool(had) and got != had,
        removed=removed,
        contacts=contacts,
        complete=watch is not None and watch.complete,
        before=before,
        after=_quota(setup, image, network),
        log=_log_since(began),
    )
    return replace(told, statements=tuple(_statements(told, in_force(setup))))


def _name(image: Image) -> str:
    """The image as the engine API takes it."""
    return f"docker.io/{image.repository}{'@' if image.by_digest else ':'}{image.version}"


def _watched(engine: httpx.Client, image: Image, process: int | None, deadline: float) -> tuple[Pulled, Watch | None]:
    try:
        with Watch(process or 0) as watch:
            told = _pulled(engine, image, deadline)
    except CannotWatchError:
        return _pulled(engine, image, deadline), None
    return told, watch


def _pulled(engine: httpx.Client, image: Image, deadline: float) -> Pulled:
    query = {"fromImage": f"docker.io/{image.repository}", "tag": image.version}
    if image.platform:
        query["platform"] = image.platform
    began, error = time.monotonic(), ""
    result: Literal["ok", "failed", "waits"] = "ok"
    limit = httpx.Timeout(30.0, read=deadline)
    try:
        with engine.stream("POST", f"{API}/images/create", params=query, timeout=limit) as response:
            for line in response.iter_lines():
                said = _said(line)
                error = str(said.get("error") or said.get("message") or error)
                if time.monotonic() - began > deadline:
                    raise TimeoutError
            if error or not response.is_success:
                result = "failed"
    except (httpx.ReadTimeout, TimeoutError):
        result, error = "waits", f"it did not end within {deadline:g} s"
    return Pulled(image, result, time.monotonic() - began, error)


def _said(line: str) -> Mapping[str, object]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _held(engine: httpx.Client, image: Image) -> str:
    """What the host has under the image's name; ``""``: nothing."""
    response = engine.get(f"{API}/images/{_name(image)}/json")
    return str(response.json().get("Id", "")) if response.is_success else ""


@contextlib.contextmanager
def _kept(engine: httpx.Client, had: str) -> Iterator[None]:
    """Keep an image by a name of our own meanwhile: some daemons let go of one whose only tag comes to name another."""
    if not had:
        yield
        return
    tag = uuid.uuid4().hex
    engine.post(f"{API}/images/{had}/tag", params={"repo": _KEPT, "tag": tag})
    try:
        yield
    finally:
        engine.delete(f"{API}/images/{_KEPT}:{tag}")


def _undone(engine: httpx.Client, image: Image, had: str, got: str) -> bool:
    """Have the name stand for what it stood for before the pull; whether what came by the pull is gone."""
    if not had:
        return engine.delete(f"{API}/images/{_name(image)}").is_success
    name = {"repo": f"docker.io/{image.repository}", "tag": image.version}
    if not engine.post(f"{API}/images/{had}/tag", params=name).is_success:
        return False
    engine.delete(f"{API}/images/{got}")  # some daemons have let go of it by then
    return not engine.get(f"{API}/images/{got}/json").is_success


def _quota(setup: Setup, image: Image, network: Network) -> Quota | None:
    """What Docker Hub says is left, asked by HEAD."""
    hub = probe(replace(setup, shown=()), image, network=network, timeout=3.0).hub
    return hub.quota if hub else None


async def _homes(mirrors: Sequence[str], network: Network) -> dict[Address, tuple[str, ...]]:
    """Who lives at which address: mirrors, Docker Hub and its CDN."""
    places: list[tuple[str, Address]] = [(HUB, Address(host, 443)) for host in HUB_HOSTS]
    for mirror in mirrors:
        try:
            place = place_of(mirror)
        except ValueError:
            continue
        places += [(mirror, Address(place.host, port)) for port in dict.fromkeys((place.port, 443, 80))]
    homes: dict[Address, tuple[str, ...]] = {}
    for endpoint, place in places:
        try:
            async with asyncio.timeout(1.0):
                found = await network.find(place)
        except OSError:
            continue
        homes = _joined(homes, dict.fromkeys(found, (endpoint,)))
    return homes


def _joined(
    one: Mapping[Address, tuple[str, ...]], other: Mapping[Address, tuple[str, ...]]
) -> dict[Address, tuple[str, ...]]:
    both = [*one, *(address for address in other if address not in one)]
    return {a: tuple(dict.fromkeys((*one.get(a, ()), *other.get(a, ())))) for a in both}


def _contacts(watch: Watch, homes: Mapping[Address, tuple[str, ...]]) -> Iterator[Contact]:
    """By address, and only where bytes came. What is not the daemon's own and of no endpoint is somebody else's."""
    by_address: dict[Address, list[Seen]] = {}
    for seen in watch.seen:
        if seen.received > _NOTHING and (seen.own or seen.remote in homes):
            by_address.setdefault(seen.remote, []).append(seen)
    totals = {address: sum(seen.received for seen in some) for address, some in by_address.items()}
    for address in sorted(totals, key=totals.__getitem__, reverse=True):
        own = any(seen.own for seen in by_address[address])
        yield Contact(address, homes.get(address, ()), totals[address], own)


def _log_since(began: float) -> tuple[str, ...]:
    """What the daemon's journal says of endpoints that it left; nothing where there is no journal."""
    command = ["journalctl", "--unit=docker.service", f"--since=@{int(began)}", "--output=cat", "--no-pager"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=3.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(line for line in said.stdout.splitlines() if _TELLING.search(line))


def _statements(told: Pulled, mirrors: Sequence[str]) -> Iterator[Statement]:
    if told.result != "ok":
        yield Statement("proof", f"The pull of {told.image} brought no image: {told.error}.")
    if told.was_other:
        yield Statement("proof", f"{told.image} was another image on this host before, and is that one again.")
    elif told.was_there:
        yield Statement(
            "proof",
            f"{told.image} was on this host before: only its manifest was asked for, and no layer that was there. "
            "It was left alone.",
        )
    if told.contacts is None:
        yield Statement(
            "inference", "Nobody could look at the daemon's connections: that needs root on the daemon's own host."
        )
    else:
        yield from _of_contacts(told.contacts, mirrors, complete=told.complete)
        yield from _of_the_most(told)
    yield from (Statement("proof", f"The daemon's log says: {line}") for line in told.log)
    yield from _of_quota(told)


def _of_contacts(contacts: Sequence[Contact], mirrors: Sequence[str], *, complete: bool) -> Iterator[Statement]:
    for contact in contacts:
        yield _of_contact(contact)
    givers = {contact.endpoints for contact in contacts}
    certain = complete and all(contact.own and len(contact.endpoints) == 1 for contact in contacts)
    if certain and len(givers) == 1:
        (giver,) = givers.pop()
        yield Statement("proof", f"Nothing came from anywhere else: {giver} served all that was fetched.")
        return
    met = {endpoint for contact in contacts for endpoint in contact.endpoints}
    for endpoint in (*mirrors, HUB):
        if complete and endpoint not in met:
            yield Statement("inference", f"No byte came from an address of {endpoint}: it served nothing.")


def _of_the_most(told: Pulled) -> Iterator[Statement]:
    """Whoever is asked and has nothing sends some bytes, too: its certificate, and that it has nothing."""
    contacts = told.contacts or ()
    if told.result != "ok" or len(contacts) < _SEVERAL or len(contacts[0].endpoints) != 1:
        return
    share = contacts[0].received / sum(contact.received for contact in contacts)
    if share > _MOST:
        yield Statement(
            "inference", f"{share:.0%} of all bytes came from {contacts[0].endpoints[0]}: it served the image."
        )


def _of_contact(contact: Contact) -> Statement:
    where = f"{contact.address.host} port {contact.address.port}"
    came = f"{contact.received} bytes came from"
    if not contact.endpoints:
        return Statement(
            "inference",
            f"{came} {where}, which is neither a mirror's address nor Docker Hub's: a proxy, or where somebody "
            "redirects to.",
        )
    if len(contact.endpoints) > 1:
        return Statement(
            "inference", f"{came} {where}, where {' and '.join(contact.endpoints)} live: one of them sent it."
        )
    if not contact.own:
        return Statement("inference", f"{came} {contact.endpoints[0]} ({where}), to this host if not to the daemon.")
    return Statement("proof", f"{came} {contact.endpoints[0]} ({where}) to the daemon during the pull.")


def _of_quota(told: Pulled) -> Iterator[Statement]:
    if told.before is None or told.after is None:
        return
    spent = told.before.remaining - told.after.remaining
    counts = f"{told.before.remaining} pulls were left at Docker Hub before, and {told.after.remaining} after"
    if spent > 0:
        yield Statement("inference", f"{counts}: the pull, or one of others at this address, was counted there.")
    elif spent == 0:
        yield Statement("inference", f"{counts}: it did not count this pull.")
