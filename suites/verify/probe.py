"""Asks mirrors for an image as a daemon would, without a pull: what they answer, and what they hold of it."""

import asyncio
import platform
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack

from suites.verify.answers import HUB, Image, Part, Probed
from suites.verify.asker import Asker
from suites.verify.clients import client_of
from suites.verify.facts import Setup
from suites.verify.manifests import Manifests
from suites.verify.network import Network

SECONDS = 4.5
"""How long all of it may take, by default."""

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}
_MOST_IMAGES = 3
"""Of how many different images, which a tag means here and there, the objects are asked for."""
_AT_ONCE = 6
_SHARES = {"name": 0.6, "root": 0.75, "manifest": 0.87, "blobs": 1.0}
"""By when each round of requests must have ended, of all the time there is."""


def in_force(setup: Setup) -> tuple[str, ...]:
    """The mirrors that a daemon uses: those it shows; without a daemon, those of the first source that names any."""
    if setup.shown is not None:
        return setup.shown
    return next((source.mirrors for source in setup.sources if source.mirrors is not None), ())


def probe(
    setup: Setup, image: Image, *, network: Network | None = None, timeout: float = SECONDS, hub: bool = True
) -> Probed:
    """Ask all mirrors in force at once, and Docker Hub by HEAD alone, which costs no pull.

    Nothing is changed on this host, and nobody is shown credentials. ``timeout`` is in seconds, for all of it. It never
    raises for what others answer. A mirror that pulls through may fetch the image's manifest and config from Docker Hub
    in order to answer.
    """
    return asyncio.run(_probe(setup, image, network or Network(), timeout, hub=hub))


def native_platform() -> str:
    """The platform of this host, as images call it."""
    name = platform.machine().lower()
    return f"linux/{_ARCHITECTURES.get(name, name)}"


async def _probe(setup: Setup, image: Image, network: Network, timeout: float, *, hub: bool) -> Probed:
    began = time.monotonic()
    until = {name: began + share * timeout for name, share in _SHARES.items()}
    client = client_of(setup.kind).client
    async with AsyncExitStack() as stack:
        mirrors = [Asker(url, image, client, setup, network) for url in in_force(setup)]
        askers = [*mirrors, *([Asker(HUB, image, client, setup, network)] if hub else [])]
        for asker in askers:
            stack.push_async_callback(asker.close)
        await asyncio.gather(*(asker.name(until["name"]) for asker in askers))
        known = Manifests(image.platform or native_platform())
        roots = tuple(dict.fromkeys(asker.root for asker in askers if asker.root))[:_MOST_IMAGES]

        def wanted(asker: Asker) -> tuple[str, ...]:
            return (asker.root,) if client.whole and asker.root else roots

        def tops(asker: Asker) -> list[Part]:
            return [Part("manifest", root) for root in wanted(asker)]

        await asyncio.gather(*(_fetch(asker, tops(asker), known, until["root"]) for asker in askers))
        for asker in askers:
            asker.compare(known)
        children = ((asker, known.children(wanted(asker))) for asker in askers)
        await asyncio.gather(*(_fetch(asker, parts, known, until["manifest"]) for asker, parts in children))
        blobs = ((asker, known.blobs(wanted(asker))) for asker in askers)
        await asyncio.gather(*(_fetch(asker, parts, known, until["blobs"]) for asker, parts in blobs))
        probes = [asker.probe(known, roots) for asker in askers]
    return Probed(image, tuple(probes[: len(mirrors)]), probes[-1] if hub else None)


async def _fetch(asker: Asker, parts: Sequence[Part], known: Manifests, until: float) -> None:
    """Ask for some objects, a few at a time, and learn from the manifests among them."""
    some = asyncio.Semaphore(_AT_ONCE)

    async def one(part: Part) -> None:
        async with some:
            found = await asker.object(part, until)
            if found is not None and part.stage == "manifest":
                known.learn(*found)

    await asyncio.gather(*(one(part) for part in parts))
