"""All servers of a topology: what they hold, how they misbehave, and the journal of their exchanges.

No sockets, no clock: ``now`` is passed in, in seconds of one monotonic clock.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from simulator import faults
from simulator.archives.reading import Archive
from simulator.arrangement import (
    Arrangement,
    Break,
    Change,
    Content,
    Copy,
    Evict,
    Fault,
    FaultKind,
    Heal,
    Holdings,
    ImageSpec,
    Publish,
    Warm,
)
from simulator.bounds import LONGEST_FORM, STANDARD, Bounds
from simulator.checks import check_advance, check_arrangement, check_change, hub_of, site_named
from simulator.direct import drive
from simulator.exchanges import Asked, exchange, subject, target
from simulator.faults import SPOILING, Faults, Strike
from simulator.hub.hub import PROBE, PROBE_IMAGE, PROBE_TAG, Answer, Hub
from simulator.hub.limits import Ledger
from simulator.hub.seals import Seal
from simulator.journal import Journal, Reply
from simulator.messages import Request, Response
from simulator.mirror.mirror import Mirror
from simulator.mirror.policy import policy_of
from simulator.programs import Program
from simulator.registry import answers, pushing
from simulator.registry import reading as registry
from simulator.registry.content import build
from simulator.registry.paths import READ, Route, changes, route
from simulator.registry.store import Holding, Store, role_matches
from simulator.servers import Server
from simulator.topology import AUTH_HOST, CDN_HOSTS, HTTPS_PORT, Site, Topology

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


class World:
    """Every server of a topology.

    ``seed`` determines tokens, signatures and the names of uploads; ``epoch`` is the time of day at second 0 of
    the clock; ``bounds`` is how much the servers take from clients.
    """

    def __init__(
        self,
        topology: Topology,
        seed: str = "simulator",
        epoch: datetime = _EPOCH,
        *,
        bounds: Bounds = STANDARD,
    ) -> None:
        self.topology = topology
        self.journal = Journal(bounds.exchanges)
        self.bounds = bounds
        self._seed = seed
        self._stores = 0
        hubs = (site for site in topology.sites if site.kind == "hub")
        self._hub = Hub(Seal(seed), epoch, next((site.https_port for site in hubs), HTTPS_PORT))
        self._servers = {site.name: Server(site, self._stock(site)) for site in topology.sites}
        self._images: dict[str, ImageSpec] = {}
        self._known: dict[str, tuple[str, str]] = {}
        self._roots: dict[str, Content] = {}
        self._latest = 0.0

    def arrange(self, arrangement: Arrangement, now: float | None = None) -> dict[str, Content]:
        """Replace everything that is held and broken, begin a new journal, and tell the content of each image.

        ``now`` (``None``: the latest time that this world was told) is when mirrors got what they hold.
        Raises ArrangementError, and leaves all as it was, where the arrangement cannot be.
        """
        check_arrangement(self.topology, arrangement)
        contents = {name: build(spec).content for name, spec in arrangement.images.items()}
        self._images = dict(arrangement.images)
        self._known = {}
        self._roots = {content.root: content for content in contents.values()}
        self._latest = self._latest if now is None else now
        self._hub.publish(arrangement)
        for name, content in contents.items():
            for part in content.objects:
                self._known.setdefault(part.digest, (part.role, name))
        for name, server in self._servers.items():
            holdings = arrangement.servers.get(name, Holdings())
            server.store = self._stock(server.site)
            server.faults = Faults(holdings.faults)
            server.mirror = None
            if holdings.policy is not None:
                policy, seed = policy_of(holdings.policy), f"{self._seed} {name}"
                server.mirror = Mirror(server.site, policy, seed, self._latest, self.bounds)
            for copy in holdings.copies:
                server.put(copy.repository, copy.tag, self._holding(copy), self._latest)
        self.journal = Journal(self.bounds.exchanges)
        return contents

    @property
    def ledger(self) -> Ledger:
        """What Hub's manifest requests cost whom, since the last arrangement."""
        return self._hub.meter.ledger

    def check(self, changes: Iterable[Change]) -> None:
        """Raise ArrangementError where one of these changes cannot be applied."""
        for change in changes:
            check_change(self.topology, self._images, change)

    def apply(self, change: Change, now: float | None = None) -> int:
        """Apply a change; returns the journal's mark: exchanges with this ``seq`` or a greater one came after.
        ``now`` (``None``: the latest time that this world was told) is when a mirror gets what it is to hold.

        Raises ArrangementError, and changes nothing, where the change cannot be.
        """
        self.check([change])
        self._latest = self._latest if now is None else now
        server = self._servers[change.server]
        match change:
            case Publish(repository=repository, tag=tag, image=image):
                server.put(repository, tag, self._holding(Copy(repository, tag, image)), self._latest)
            case Warm(repository=repository, tag=tag):
                server.take(self._servers[hub_of(self.topology).name].store, repository, tag, self._latest)
            case Evict(roles=roles):
                server.evict(change, lambda root: self._playing(roles, root))
            case Break(fault=fault):
                server.faults.add(fault)
            case Heal():
                server.faults.heal()
        return len(self.journal)

    def load(self, site: str, archive: Archive, repository: str, tag: str | None, root: str) -> None:
        """Let a site take in an image of an archive, as if it had been pushed there.

        Raises ArrangementError where there is no such site, or no room; what was taken in by then has no tag.
        """
        self._servers[site_named(self.topology, site).name].load(archive, repository, tag, root, self._latest)

    def _playing(self, roles: tuple[str, ...], root: str) -> set[str]:
        """The digests of an arranged image's objects that have one of these roles."""
        parts = self._roots[root].objects if root in self._roots else ()
        return {part.digest for part in parts if any(role_matches(part.role, role) for role in roles)}

    def refuses(self, site: str, now: float) -> bool:
        """Whether a site takes no connections at present."""
        return self._has(site, "refuse", now)

    def unresolvable(self, site: str, now: float) -> bool:
        """Whether the names of a site cannot be resolved at present."""
        return self._has(site, "dns", now)

    def untrusted(self, site: str, now: float) -> bool:
        """Whether a site shows a certificate that nobody trusts at present."""
        return self._has(site, "untrusted", now)

    def handshake(self, site: str, now: float) -> Fault | None:
        """The fault that spoils a site's TLS handshakes at present, if one does."""
        return self._servers[site_named(self.topology, site).name].faults.first(faults.HANDSHAKE_KINDS, now)

    def next_turn(self, now: float) -> float | None:
        """When next a fault of any site begins or ends, or a mirror has something to do by itself (which may be due
        already), if ever. Every request, change and step of a program may bring that forward.
        """
        turns = [server.faults.next_turn(now) for server in self._servers.values()]
        turns.append(self._next_due())
        return min((turn for turn in turns if turn is not None), default=None)

    def _next_due(self) -> float | None:
        turns = (server.mirror.next_turn() for server in self._servers.values() if server.mirror)
        return min((turn for turn in turns if turn is not None), default=None)

    def _has(self, site: str, kind: FaultKind, now: float) -> bool:
        return self._servers[site_named(self.topology, site).name].faults.has(kind, now)

    def appetite(self, request: Request, site: str = "") -> int:
        """How many bytes of a request's body its answer may depend on. No others need be read, and where the body
        is longer than this, and this is not 0, the answer is 413.
        """
        if request.method in READ:
            return 0
        server, host, _ = self._arrived(request, site)
        if server is None or host in CDN_HOSTS:
            return 0
        if host == AUTH_HOST:
            return LONGEST_FORM if request.method == "POST" else 0
        return registry.appetite(server.store, self._route(server, host, request), request, server.site.kind)

    def turn(self, now: float) -> tuple[Program[None], ...]:
        """What mirrors have to do by themselves by now. They give each program once: it is to be driven to its end,
        in this order or side by side.
        """
        self._latest = max(self._latest, now)
        return tuple(
            self._guarded(server.site.name, program)
            for server in self._servers.values()
            if server.mirror
            for program in server.mirror.turn(now)
        )

    def _guarded(self, site: str, program: Program[None]) -> Program[None]:
        """A program whose failure is the simulator's own."""
        try:
            yield from program
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self.journal.errors.append(f"{site} failed at what it does by itself: {problem!r}")

    def check_advance(self, seconds: float) -> None:
        """Raise ArrangementError where so many seconds cannot be skipped: that must come to an end."""
        mirrors = (server.mirror for server in self._servers.values() if server.mirror)
        check_advance(seconds, sum(mirror.checks_within(seconds) for mirror in mirrors))

    def advance(self, now: float, seconds: float) -> float:
        """Let so many seconds pass, with every turn in between at its time and in its order; returns the new time.
        What is asked meanwhile is answered as by ``handle``. Raises ArrangementError where that would not end.
        """
        self.check_advance(seconds)
        self._settle(now + seconds)
        return now + seconds

    def _settle(self, now: float) -> None:
        while (due := self._next_due()) is not None and due <= now:
            for program in self.turn(due):
                drive(self, program, due)
        self._latest = max(self._latest, now)

    def handle(self, request: Request, now: float, site: str = "") -> Reply:
        """Answer a request as ``steps`` does, at once: what a mirror asks meanwhile is answered by the servers of this
        world, at ``now``. What was due by then happens before.
        """
        self._settle(now)
        return drive(self, self.steps(request, now, site), now)

    def steps(self, request: Request, now: float, site: str = "") -> Program[Reply]:
        """Answer a request that arrived at a site (``""``: at that of the request's host). If the program asks, its
        exchange is in the journal by then, and tells of the answer once the program has returned.

        A host that is not of this site is answered with 421. A request that the simulator itself fails to
        answer is answered with 500, and the reason kept among the journal's errors. What is never answered
        (a hang, a reset before the status line) has status 0.
        """
        self._latest = max(self._latest, now)
        server, host, at = self._arrived(request, site)
        asked = self._asked(at, host, server, request)
        journal, entry = self.journal, None
        struck: Strike | None = None
        try:
            response = None
            if server and server.mirror:
                response = server.mirror.at_once(asked.route, request, now)
                if response is None:
                    entry = journal.begin(exchange(len(journal), asked, now, Answer(Response(0)), None))
                    whole = any(server.faults.has(kind, now) for kind in SPOILING)
                    response = yield from server.mirror.answer(asked.route, request, now, whole=whole)
                asked = self._found(asked, response)
            given, struck = self._struck(server, asked, request, now, response)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            journal.errors.append(f"{request.method} {target(request)} at {at}: {problem!r}")
            given = Answer(answers.text(500, "The simulator failed; its journal says why.\n"))
        given = Answer(_as_asked(request, given.response), given.account)
        told = exchange(len(journal), asked, now, given, struck)
        if entry is None:
            return Reply(given.response, journal.begin(told))
        entry.answer(told)
        return Reply(given.response, entry)

    def _arrived(self, request: Request, site: str) -> tuple[Server | None, str, str]:
        """The server that a request is for, the host it names, and the site where it arrived."""
        host = request.host.lower().partition(":")[0]
        named = self.topology.site_of(host)
        at = site or (named.name if named else "")
        server = self._servers.get(at)
        return server if server and server.site.answers_to(host) else None, host, at

    def _struck(
        self, server: Server | None, asked: Asked, request: Request, now: float, known: Response | None
    ) -> tuple[Answer, Strike | None]:
        """The answer, unless it is ``known``, and the fault that spoiled it. What changes something is
        struck beforehand.
        """
        if server is None or known or not changes(asked.route, request.method):
            answer = Answer(known) if known else self._answer(server, asked, request, now)
            response = _as_asked(request, answer.response)
            strike = server.faults.striking(subject(asked, answer.account), response, now) if server else None
            if answer.quote and not (strike and faults.forestalls(strike.fault)):
                self._hub.meter.charge(answer.quote, len(self.journal))
        else:
            response = Response(200)
            account = self._hub.whose(request, now) if server.site.kind == "hub" else ""
            strike = server.faults.striking(subject(asked, account), response, now)
            if strike is None or strike.fault.kind in faults.DELAYS:
                answer = self._answer(server, asked, request, now)
                response = answer.response
            else:
                answer = Answer(response, self._noted(server, request, now))
        if strike is None:
            return Answer(response, answer.account), None
        return Answer(faults.effect(strike.fault, response), answer.account), strike

    def _route(self, server: Server | None, host: str, request: Request) -> Route:
        if server is None:
            return Route("other")
        return self._hub.route(host, request) if server.site.kind == "hub" else route(request.path)

    def _asked(self, at: str, host: str, server: Server | None, request: Request) -> Asked:
        asked = self._route(server, host, request)
        if server is None or asked.kind not in ("manifest", "blob") or request.method == "PUT":
            return Asked(request, at, host, asked)
        if server.mirror:
            role, image = self._known.get(asked.reference, ("", ""))
            return Asked(request, at, host, asked, role, image)
        held = server.store.manifest if asked.kind == "manifest" else server.store.blob
        found = held(asked.repository, asked.reference)
        arranged = (found.object.role, found.image) if found and found.image else None
        role, image = arranged or self._known.get(found.object.digest if found else asked.reference, ("", ""))
        return Asked(request, at, host, asked, role, image)

    def _found(self, asked: Asked, response: Response) -> Asked:
        """The same, now that the answer tells what a tag named."""
        if asked.role or not asked.route.by_tag:
            return asked
        role, image = self._known.get(response.header("docker-content-digest"), ("", ""))
        return replace(asked, role=role, image=image)

    def _answer(self, server: Server | None, asked: Asked, request: Request, now: float) -> Answer:
        if server is None:
            return Answer(answers.text(421, "This server has no such name.\n"))
        limit = self.appetite(request, server.site.name)
        if limit and (request.arrival == "too-large" or len(request.body) > limit):
            return Answer(pushing.too_large({"limit": limit}), self._noted(server, request, now))
        if server.site.kind == "hub":
            return self._hub.answer(asked.host, server.store, asked.route, request, now)
        return Answer(registry.answer(server.store, asked.route, request, server.site.kind))

    def _noted(self, server: Server, request: Request, now: float) -> str:
        """Let Hub take note of a request that it is kept from answering; tells whose the request is."""
        return self._hub.noted(request, now) if server.site.kind == "hub" else ""

    def _stock(self, site: Site) -> Store:
        """A store that no upload of before belongs to, with what a site holds before anything is arranged: Hub has
        the image for reading limits.
        """
        self._stores += 1
        store = Store(self.bounds, f"{self._seed} {self._stores}")
        if site.kind == "hub":
            store.put(PROBE, PROBE_TAG, Holding(PROBE, build(PROBE_IMAGE)))
        return store

    def _holding(self, copy: Copy) -> Holding:
        return Holding(copy.image, build(self._images[copy.image]), frozenset(copy.without))


def _as_asked(request: Request, response: Response) -> Response:
    return answers.without_body(response) if request.method == "HEAD" else response
