"""All servers of a topology: what they hold, how they misbehave, and the journal of their exchanges.

No sockets, no clock: ``now`` is passed in, in seconds of one monotonic clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs

from simulator import faults
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
    Stage,
    Warm,
)
from simulator.bounds import LONGEST_FORM, STANDARD, Bounds
from simulator.checks import check_arrangement, check_change, hub_of, site_named
from simulator.faults import Faults, Strike, Subject
from simulator.hub import tokens
from simulator.hub.hub import PROBE, PROBE_IMAGE, PROBE_TAG, Answer, Hub
from simulator.hub.limits import Ledger
from simulator.hub.seals import Seal
from simulator.journal import CredentialsKind, Entry, Exchange, Journal
from simulator.messages import Request, Response
from simulator.registry import answers, pushing
from simulator.registry import reading as registry
from simulator.registry.content import build
from simulator.registry.paths import READ, Route, changes, route
from simulator.registry.store import Holding, Store
from simulator.topology import AUTH_HOST, CDN_HOSTS, HTTPS_PORT, Site, Topology

_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_CREDENTIALS: dict[str, CredentialsKind] = {"": "none", "basic": "basic", "bearer": "bearer"}


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer, and the journal's entry to end once the answer has left."""

    response: Response
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where a request arrived and what it is about."""

    site: str
    route: Route
    stage: Stage
    role: str = ""
    image: str = ""


class _Server:
    """One site with its present state."""

    def __init__(self, site: Site, store: Store) -> None:
        self.site = site
        self.names = {*site.hosts, site.address, ""}
        self.store = store
        self.faults = Faults()


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
        self.journal = Journal()
        self.bounds = bounds
        self._seed = seed
        self._stores = 0
        hubs = (site for site in topology.sites if site.kind == "hub")
        self._hub = Hub(Seal(seed), epoch, next((site.https_port for site in hubs), HTTPS_PORT))
        self._servers = {site.name: _Server(site, self._stock(site)) for site in topology.sites}
        self._images: dict[str, ImageSpec] = {}
        self._known: dict[str, tuple[str, str]] = {}

    def arrange(self, arrangement: Arrangement) -> dict[str, Content]:
        """Replace everything that is held and broken, begin a new journal, and tell the content of each image.

        Raises ArrangementError, and leaves all as it was, where the arrangement cannot be.
        """
        check_arrangement(self.topology, arrangement)
        contents = {name: build(spec).content for name, spec in arrangement.images.items()}
        self._images = dict(arrangement.images)
        self._known = {}
        self._hub.publish(arrangement)
        for name, content in contents.items():
            for part in content.objects:
                self._known.setdefault(part.digest, (part.role, name))
        for name, server in self._servers.items():
            holdings = arrangement.servers.get(name, Holdings())
            server.store = self._stock(server.site)
            server.faults = Faults(holdings.faults)
            for copy in holdings.copies:
                server.store.put(copy.repository, copy.tag, self._holding(copy))
        self.journal = Journal()
        return contents

    @property
    def ledger(self) -> Ledger:
        """What Hub's manifest requests cost whom, since the last arrangement."""
        return self._hub.meter.ledger

    def check(self, changes: Iterable[Change]) -> None:
        """Raise ArrangementError where one of these changes cannot be applied."""
        for change in changes:
            check_change(self.topology, self._images, change)

    def apply(self, change: Change) -> int:
        """Apply a change; returns the journal's mark: exchanges with this ``seq`` or a greater one came after.

        Raises ArrangementError, and changes nothing, where the change cannot be.
        """
        self.check([change])
        server = self._servers[change.server]
        match change:
            case Publish(repository=repository, tag=tag, image=image):
                server.store.put(repository, tag, self._holding(Copy(repository, tag, image)))
            case Warm(repository=repository, tag=tag):
                server.store.take(self._servers[hub_of(self.topology).name].store, repository, tag)
            case Evict(repository=repository, tag=evicted, roles=roles):
                server.store.evict(repository, evicted, roles)
            case Break(fault=fault):
                server.faults.add(fault)
            case Heal():
                server.faults.heal()
        return len(self.journal)

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
        """When next a fault of any site begins or ends, if one does."""
        turns = [server.faults.next_turn(now) for server in self._servers.values()]
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

    def handle(self, request: Request, now: float, site: str = "") -> Reply:
        """Answer a request that arrived at a site (``""``: at that of the request's host).

        A host that is not of this site is answered with 421. A request that the simulator itself fails to
        answer is answered with 500, and the reason kept among the journal's errors. What is never answered
        (a hang, a reset before the status line) has status 0.
        """
        server, host, at = self._arrived(request, site)
        asked = self._asked(at, server, self._route(server, host, request), request)
        struck: Strike | None = None
        try:
            given, struck = self._struck(server, host, asked, request, now)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            self.journal.errors.append(f"{request.method} {_target(request)} at {at}: {problem!r}")
            given = Answer(answers.text(500, "The simulator failed; its journal says why.\n"))
        given = Answer(_as_asked(request, given.response), given.account)
        return Reply(given.response, self.journal.begin(self._exchange(asked, request, now, given, struck)))

    def _arrived(self, request: Request, site: str) -> tuple[_Server | None, str, str]:
        """The server that a request is for, the host it names, and the site where it arrived."""
        host = request.host.lower().partition(":")[0]
        named = self.topology.site_of(host)
        at = site or (named.name if named else "")
        server = self._servers.get(at)
        return server if server and host in server.names else None, host, at

    def _struck(
        self, server: _Server | None, host: str, asked: _Asked, request: Request, now: float
    ) -> tuple[Answer, Strike | None]:
        """The answer, and the fault that spoiled it. What changes something is struck beforehand."""
        if server is None or not changes(asked.route, request.method):
            answer = self._answer(server, host, asked.route, request, now)
            response = _as_asked(request, answer.response)
            strike = server.faults.striking(_subject(asked, request, answer.account), response, now) if server else None
            if answer.quote and not (strike and faults.forestalls(strike.fault)):
                self._hub.meter.charge(answer.quote, len(self.journal))
        else:
            response = Response(200)
            account = self._hub.whose(request, now) if server.site.kind == "hub" else ""
            strike = server.faults.striking(_subject(asked, request, account), response, now)
            if strike is None or strike.fault.kind in faults.DELAYS:
                answer = self._answer(server, host, asked.route, request, now)
                response = answer.response
            else:
                answer = Answer(response, self._noted(server, request, now))
        if strike is None:
            return Answer(response, answer.account), None
        return Answer(faults.effect(strike.fault, response), answer.account), strike

    def _route(self, server: _Server | None, host: str, request: Request) -> Route:
        if server is None:
            return Route("other")
        return self._hub.route(host, request) if server.site.kind == "hub" else route(request.path)

    def _asked(self, at: str, server: _Server | None, asked: Route, request: Request) -> _Asked:
        if server is None or asked.kind not in ("manifest", "blob"):
            return _Asked(at, asked, _PLAIN_STAGES[asked.kind])
        if request.method == "PUT":
            return _Asked(at, asked, _stage(asked, ""))
        held = server.store.manifest if asked.kind == "manifest" else server.store.blob
        found = held(asked.repository, asked.reference)
        arranged = (found.object.role, found.image) if found and found.image else None
        role, image = arranged or self._known.get(found.object.digest if found else asked.reference, ("", ""))
        return _Asked(at, asked, _stage(asked, role), role, image)

    def _answer(self, server: _Server | None, host: str, asked: Route, request: Request, now: float) -> Answer:
        if server is None:
            return Answer(answers.text(421, "This server has no such name.\n"))
        limit = self.appetite(request, server.site.name)
        if limit and (request.arrival == "too-large" or len(request.body) > limit):
            return Answer(pushing.too_large({"limit": limit}), self._noted(server, request, now))
        if server.site.kind == "hub":
            return self._hub.answer(host, server.store, asked, request, now)
        return Answer(registry.answer(server.store, asked, request, server.site.kind))

    def _noted(self, server: _Server, request: Request, now: float) -> str:
        """Let Hub take note of a request that it is kept from answering; tells whose the request is."""
        return self._hub.noted(request, now) if server.site.kind == "hub" else ""

    def _exchange(self, asked: _Asked, request: Request, now: float, given: Answer, struck: Strike | None) -> Exchange:
        return Exchange(
            seq=len(self.journal),
            began=now,
            ended=None,
            server=asked.site,
            host=request.host,
            client=request.client,
            method=request.method,
            target=_target(request),
            stage=asked.stage,
            repository=asked.route.repository,
            reference=asked.route.reference,
            role=asked.role,
            image=asked.image,
            namespace=_namespace(request.query),
            user_agent=request.header("user-agent"),
            credentials=_credentials(request),
            status=given.response.status,
            length=int(given.response.header("content-length") or 0),
            sent=0,
            fault=struck.fault.kind if struck else "",
            scheme=request.scheme,
            account=given.account,
            fault_name=struck.name if struck else "",
        )

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


_PLAIN_STAGES: dict[str, Stage] = {
    "ping": "ping",
    "token": "token",
    "upload": "upload",
    "tags": "tags",
    "referrers": "referrers",
    "search": "other",
    "other": "other",
}


def _stage(route: Route, role: str) -> Stage:
    if route.kind == "manifest":
        return "manifest-by-tag" if route.by_tag else "manifest-by-digest"
    if role.endswith("config"):
        return "config"
    return "layer" if "layer:" in role else "blob"


def _subject(asked: _Asked, request: Request, account: str) -> Subject:
    about = asked.route
    return Subject(
        stage=asked.stage,
        method=request.method,
        repository=about.repository,
        reference=about.reference,
        role=asked.role,
        client=request.client,
        account=account,
    )


def _as_asked(request: Request, response: Response) -> Response:
    return answers.without_body(response) if request.method == "HEAD" else response


def _target(request: Request) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _namespace(query: str) -> str:
    return next(iter(parse_qs(query).get("ns", ())), "") if "ns=" in query else ""


def _credentials(request: Request) -> CredentialsKind:
    scheme = request.header("authorization").partition(" ")[0].lower()
    if not scheme and tokens.has_credentials(request):
        return "other"
    return _CREDENTIALS.get(scheme, "other")
