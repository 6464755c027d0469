"""The servers of a world: they move bytes, keep time and obey; nothing here decides what is answered."""

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path

from simulator.archives.naming import Placed
from simulator.archives.reading import Archive
from simulator.arrangement import Arrangement, Change, Content, Fault
from simulator.bounds import STANDARD, Bounds, Room
from simulator.checks import check_arrangement
from simulator.clock import Clock
from simulator.control.wire import JournalPage, LedgerPage
from simulator.journal import Reply
from simulator.messages import Request
from simulator.network.certificates import UNTRUSTED, client_context, server_context
from simulator.network.connections import ListenError, SiteServer
from simulator.network.delivery import Application
from simulator.network.intake import Intake
from simulator.network.rude import Handshakes
from simulator.network.turns import Turns
from simulator.network.upstream import Upstream
from simulator.topology import Site, Topology
from simulator.world import World


@dataclass(frozen=True, slots=True)
class _Posture:
    """What of a site's faults concerns connections rather than exchanges."""

    refuses: bool = False
    unresolvable: bool = False
    untrusted: bool = False
    handshake: Fault | None = None


class _SiteServer:
    """The server of one site."""

    def __init__(self, world: World, site: Site, certificates: Path, clock: Clock, application: Application) -> None:
        self._world = world
        self._site = site
        self._clock = clock
        self._http = SiteServer(application)
        self._handshakes = Handshakes()
        self._posture = _Posture()
        self._context = self._tls(certificates) if site.tls_ports else None

    async def listen(self) -> None:
        fault = self._posture.handshake
        for port in self._site.tls_ports:
            if fault:
                await self._http.listen(self._site.address, port, speaker=self._handshakes.speaker(fault))
            else:
                await self._http.listen(self._site.address, port, self._context)
        for port in self._site.plain_ports:
            await self._http.listen(self._site.address, port)

    async def settle(self, now: float) -> None:
        """Obey the world where the site's posture changed. No connection of before is used again."""
        world, name = self._world, self._site.name
        posture = _Posture(
            world.refuses(name, now),
            world.unresolvable(name, now),
            world.untrusted(name, now),
            world.handshake(name, now),
        )
        before, self._posture = self._posture, posture
        if posture == before:
            return
        self._http.retire()
        self._handshakes.break_off()
        if (posture.refuses, posture.handshake) != (before.refuses, before.handshake):
            await self._http.refuse()
            if not posture.refuses:
                await self.listen()

    async def stop(self) -> None:
        await self._http.stop()
        self._handshakes.break_off()

    def _tls(self, certificates: Path) -> ssl.SSLContext:
        trusted = server_context(certificates, self._site.name)
        untrusted = server_context(certificates, UNTRUSTED)

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
            if self._world.untrusted(self._site.name, self._clock()):
                connection.context = untrusted

        trusted.sni_callback = choose
        return trusted


class Simulator:
    """A world on the network. Use it on one event loop; ``certificates`` is the directory of PEM files.

    ``clock`` is the world's; ``epoch`` is the time of day at its second 0.
    """

    def __init__(
        self,
        topology: Topology,
        certificates: Path,
        seed: str = "simulator",
        *,
        bounds: Bounds = STANDARD,
    ) -> None:
        self.clock = Clock()
        self.epoch = datetime.now(UTC) - timedelta(seconds=self.clock())
        self.world = World(topology, seed, self.epoch, bounds=bounds)
        self._mirrors = frozenset(site.name for site in topology.sites if site.kind == "mirror")
        self._certificates = certificates
        self._trust = cache(partial(client_context, certificates))
        self._intake = Intake(Room(bounds.arriving))
        self._sites = [self._site(site) for site in topology.sites]
        self._one_at_a_time = asyncio.Lock()
        self._turns = Turns(self.clock, self.world.next_turn, self._turn)
        self._upstream = self._fresh_upstream()

    async def start(self) -> None:
        """Listen at every site's ports. Raises ListenError, and listens at none, where that fails."""
        try:
            for site in self._sites:
                await site.listen()
        except ListenError:
            await self.stop()
            raise

    async def stop(self) -> None:
        self._turns.stop()
        await self._upstream.close()
        for site in self._sites:
            await site.stop()

    async def arrange(self, arrangement: Arrangement) -> dict[str, Content]:
        """As World.arrange; returns when the servers obey. What mirrors were asking others is broken off."""
        async with self._one_at_a_time:
            check_arrangement(self.world.topology, arrangement)
            await self._upstream.close()
            self._upstream = self._fresh_upstream()
            contents = self.world.arrange(arrangement, self.clock())
            await self._settle(self.clock())
        self._turns.arm()
        return contents

    async def apply(self, changes: tuple[Change, ...]) -> int:
        """As World.apply, for all of the changes or none; returns when the servers obey."""
        async with self._one_at_a_time:
            self.world.check(changes)
            for change in changes:
                self.world.apply(change, self.clock())
            await self._settle(self.clock())
            mark = len(self.world.journal)
        self._turns.arm()
        return mark

    async def advance(self, seconds: float) -> float:
        """Let the world's clock skip so many seconds, and tell the time thereafter.

        All that happens meanwhile happens in its order, with the clock standing at its time. Raises ArrangementError.
        """
        self.world.check_advance(seconds)
        return await self._turns.advance(seconds)

    async def load(self, site: str, archive: Archive, places: tuple[Placed, ...]) -> None:
        """As World.load, for several images of an archive."""
        async with self._one_at_a_time:
            for place in places:
                self.world.load(site, archive, place.repository, place.tag, place.root)

    def journal(self, since: int = 0) -> JournalPage:
        journal = self.world.journal
        return JournalPage(journal.since(since), tuple(journal.errors), len(journal), journal.forgotten)

    def ledger(self, since: int = 0) -> LedgerPage:
        return LedgerPage(self.world.ledger.since(since), self.world.ledger.forgotten)

    def failed(self, sentence: str) -> None:
        """Keep a failure of the simulator itself where the next reader of the journal finds it."""
        self.world.journal.errors.append(sentence)

    def unresolvable(self, site: str) -> bool:
        """Whether the names of a site cannot be resolved now."""
        return self.world.unresolvable(site, self.clock())

    def _site(self, site: Site) -> _SiteServer:
        application = Application(self.world, site.name, self._answer, self.clock, self._intake)
        return _SiteServer(self.world, site, self._certificates, self.clock, application)

    def _fresh_upstream(self) -> Upstream:
        return Upstream(self.world, self.clock, self._trust, self._turns.arm)

    def _answer(self, request: Request, site: str) -> Reply | Awaitable[Reply]:
        """Answer a request that arrived at a site: at once, where nobody else is to be asked."""
        reply = self._upstream.begin(self.world.steps(request, self.clock(), site))
        if site in self._mirrors:
            self._turns.arm()
        return reply

    async def _settle(self, now: float) -> None:
        for site in self._sites:
            await site.settle(now)

    async def _turn(self, now: float, *, wholly: bool) -> None:
        """Do what is due."""
        async with self._one_at_a_time:
            try:
                await self._settle(now)
            except ListenError as problem:
                self.failed(str(problem))
        if due := self.world.turn(now):
            self._upstream.start(due)
        if wholly:
            await self._upstream.idle()
