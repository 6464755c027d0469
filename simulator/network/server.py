"""The servers of a world: they move bytes, keep time and obey; nothing here decides what is answered."""

import asyncio
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulator.arrangement import Arrangement, Change, Content, Fault
from simulator.bounds import STANDARD, Bounds, Room
from simulator.control.wire import JournalPage, LedgerPage
from simulator.network.certificates import UNTRUSTED, server_context
from simulator.network.connections import HttpServer, ListenError
from simulator.network.delivery import Application
from simulator.network.intake import Intake
from simulator.network.rude import Handshakes
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

    def __init__(self, world: World, site: Site, certificates: Path, intake: Intake) -> None:
        self._world = world
        self._site = site
        self._http = HttpServer(Application(world, site.name, time.monotonic, intake))
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
            if self._world.untrusted(self._site.name, time.monotonic()):
                connection.context = untrusted

        trusted.sni_callback = choose
        return trusted


class Simulator:
    """A world on the network. Use it on one event loop; ``certificates`` is the directory of PEM files."""

    def __init__(
        self,
        topology: Topology,
        certificates: Path,
        seed: str = "simulator",
        *,
        bounds: Bounds = STANDARD,
    ) -> None:
        epoch = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        self.world = World(topology, seed, epoch, bounds=bounds)
        intake = Intake(Room(bounds.arriving))
        self._sites = [_SiteServer(self.world, site, certificates, intake) for site in topology.sites]
        self._one_at_a_time = asyncio.Lock()
        self._turning: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen at every site's ports. Raises ListenError, and listens at none, where that fails."""
        try:
            for site in self._sites:
                await site.listen()
        except ListenError:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._turning:
            self._turning.cancel()
        for site in self._sites:
            await site.stop()

    async def arrange(self, arrangement: Arrangement) -> dict[str, Content]:
        """As World.arrange; returns when the servers obey."""
        async with self._one_at_a_time:
            contents = self.world.arrange(arrangement)
            await self._settle()
            return contents

    async def apply(self, changes: tuple[Change, ...]) -> int:
        """As World.apply, for all of the changes or none; returns when the servers obey."""
        async with self._one_at_a_time:
            self.world.check(changes)
            for change in changes:
                self.world.apply(change)
            await self._settle()
            return len(self.world.journal)

    def journal(self, since: int = 0) -> JournalPage:
        journal = self.world.journal
        return JournalPage(journal.since(since), tuple(journal.errors), len(journal))

    def ledger(self, since: int = 0) -> LedgerPage:
        return LedgerPage(self.world.ledger.since(since), self.world.ledger.forgotten)

    def failed(self, sentence: str) -> None:
        """Keep a failure of the simulator itself where the next reader of the journal finds it."""
        self.world.journal.errors.append(sentence)

    def unresolvable(self, site: str) -> bool:
        """Whether the names of a site cannot be resolved now."""
        return self.world.unresolvable(site, time.monotonic())

    async def _settle(self) -> None:
        now = time.monotonic()
        if self._turning:
            self._turning.cancel()
        for site in self._sites:
            await site.settle(now)
        turn = self.world.next_turn(now)
        self._turning = None if turn is None else asyncio.create_task(self._turn(turn))

    async def _turn(self, at: float) -> None:
        """Wait until a scheduled fault begins or ends, and obey."""
        await asyncio.sleep(at - time.monotonic())
        async with self._one_at_a_time:
            self._turning = None
            try:
                await self._settle()
            except ListenError as problem:
                self.failed(str(problem))
