"""A mirror that caches: it answers from its cache, asks its upstream, and keeps its cache by itself.

What needs no asking is answered at once. All else is a program (:mod:`simulator.programs`): an answer that needs the
upstream, an admission that was put off, a sync. Nothing is kept, and nothing handed on to its end, that does not have
the digest that it was asked for by or that its answer announced.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from simulator.arrangement import ContentObject
from simulator.bounds import STANDARD, Bounds
from simulator.messages import Headers, Request, Response
from simulator.mirror.cache import Cache
from simulator.mirror.demand import Demand, Wanted
from simulator.mirror.fetching import WRONG_BLOB, Fetcher, Read, Stream
from simulator.mirror.policy import Policy
from simulator.mirror.upstream import Outcome, Question, plain
from simulator.programs import Flight, Program, Wait
from simulator.registry import answers, conditions, listing, manifests, names, reading
from simulator.registry.paths import READ, Route
from simulator.registry.store import BLOB_TYPE, Found
from simulator.topology import Site

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

STALE = ("Warning", '110 - "Response is Stale"')
"""The header of what is served though the upstream could not be asked about it (RFC 7234 section 5.5.1)."""

_PASSED_ON = ("Content-Type", "Content-Length", "Docker-Content-Digest", "ETag", "Link")


@dataclass(frozen=True, slots=True)
class _Got:
    """A manifest for a client, or why there is none."""

    found: Found | None = None
    refused: Response | None = None
    stale: bool = False


class _Shared(Flight, Generic[T]):
    """Something under way, and what came of it. ``keep`` is whether anybody who shares it had it admitted."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self.keep = keep
        self.result: T | None = None


class Mirror:
    """The mirror at a site. ``seed`` determines chance; sweeps are counted from ``now`` on."""

    def __init__(self, site: Site, policy: Policy, seed: str, now: float, bounds: Bounds = STANDARD) -> None:
        self.policy = policy
        self.cache = Cache(policy.eviction, bounds.cached, checks=policy.sync.when != "never")
        self._site = site
        self._began = now
        self._sweeps = 0
        self._syncing = False
        self._demand = Demand(policy.admission, seed)
        self._fetcher = Fetcher(site, policy, bounds)
        self._passing: dict[tuple[str, str, str], _Shared[Response]] = {}
        self._manifests: dict[tuple[str, str], _Shared[_Got]] = {}
        self._blobs: dict[tuple[str, str], _Shared[Stream | Outcome]] = {}

    def at_once(self, asked: Route, request: Request, now: float) -> Response | None:
        """The answer that needs no asking, or ``None`` where there is no such."""
        if asked.kind == "manifest" and request.method in READ and (asked.by_tag or names.is_digest(asked.reference)):
            held = self.cache.manifest(asked.repository, asked.reference)
            if held and not (asked.by_tag and self._must_check(asked, now)):
                self.cache.use(asked.repository, asked.reference, now)
                return reading.manifest(held, request)
        if self.policy.catalogue and request.path == listing.CATALOGUE_PATH and request.method in READ:
            return listing.catalogue(self.cache, request)
        return reading.refusal(asked, request, self._site.kind) or self._own(asked, request, now)

    def answer(self, asked: Route, request: Request, now: float, *, whole: bool = False) -> Program[Response]:
        """The answer to what cannot be answered at once. If it is to be ``whole``, its body has arrived."""
        if self._fetcher.client.via in [step.strip() for step in request.header("via").split(",")]:
            return _failure(508, "The mirror is its own upstream.")
        if asked.kind == "manifest" and (request.method == "GET" or self._holds(asked)):
            return (yield from self._manifest(asked, request, now))
        if asked.kind == "blob" and request.method == "GET":
            return (yield from self._blob(asked, request, now, whole=whole))
        return (yield from self._passed_on(asked, request, now))

    def next_turn(self) -> float | None:
        """When next something is due that no request brings about. Any step of a program may change that."""
        turns = (self._next_sweep(), self._demand.next_due(), self._next_sync())
        return min((turn for turn in turns if turn is not None), default=None)

    def checks_within(self, seconds: float) -> float:
        """How often, at most, it asks within so many seconds by itself what a tag names."""
        if self.policy.sync.when != "interval":
            return 0.0
        return (self.cache.checks + self._demand.pending) * seconds / self.policy.sync.every

    def turn(self, now: float) -> list[Program[None]]:
        """Sweep if that is due by now, and give the programs of what else is: admissions, and a sync."""
        sweep = self._next_sweep()
        if sweep is not None and sweep <= now:
            self._sweeps = max(self._sweeps + 1, math.floor((now - self._began) / self.policy.eviction.sweep))
            self.cache.sweep(now)
        programs = [self._admission(wanted, now) for wanted in self._demand.begin(now)]
        sync = self._next_sync()
        if sync is not None and sync <= now:
            self._syncing = True
            programs.append(self._sync(now))
        return programs

    def put(self, repository: str, tag: str | None, parts: Iterable[Found], now: float) -> None:
        """Hold an image, whose root comes first, without asking anybody."""
        reference = tag
        for part in parts:
            digest = part.object.digest
            if manifests.is_type(part.object.media_type):
                manifest = manifests.read(part.data, part.object.media_type)
                self.cache.keep_manifest(repository, reference or digest, digest, manifest, now)
            else:
                self.cache.keep_blob(repository, digest, bytes(part.data), now)
            reference = None

    def strip(self, repository: str, reference: str | None, lacking: Callable[[str], set[str]]) -> None:
        """Let the bytes of objects go that an image lacks (or each image of a repository), as the digest of its root
        tells. Those that others need stay.
        """
        for root, alone in self.cache.alone(repository, reference):
            for digest in lacking(root).intersection(alone):
                self.cache.drop(repository, digest)

    def _own(self, asked: Route, request: Request, now: float) -> Response | None:
        """The answer that the cache and the policy give."""
        fetches = self.policy.miss == "fetch"
        match asked.kind:
            case "ping":
                return answers.document(200, {}, (answers.API_VERSION,))
            case "tags" if self.policy.tags == "cache":
                return listing.tags(self.cache, asked.repository, request)
            case "tags" if self.policy.tags == "refuse":
                return answers.error(405, "UNSUPPORTED", None, (("Allow", ""),))
            case "referrers" if not fetches:
                return listing.referrers(self.cache, asked.repository, asked.reference, request)
            case "blob" if held := self.cache.blob(asked.repository, asked.reference):
                return reading.blob(held, request)
            case "manifest" | "blob" if not fetches and not self._holds(asked):
                wanted = _wanted(asked)
                if self._demand.admits(wanted, now):
                    self._demand.schedule(wanted, now)
                return _unknown(asked)
            case _:
                return None

    def _holds(self, asked: Route) -> bool:
        """Whether a manifest is held that is asked for."""
        return asked.kind == "manifest" and bool(self.cache.digest(asked.repository, asked.reference))

    def _must_check(self, asked: Route, now: float) -> bool:
        """Whether a tag that is held must be asked about before it is served."""
        sync = self.policy.sync
        if sync.when != "on-read":
            return False
        checked = self.cache.checked_at(asked.repository, asked.reference)
        return checked is None or now - checked >= sync.fresh

    def _keeps(self, asked: Route, now: float) -> bool:
        """Whether what is fetched on this miss is kept. If it is admitted later, see to that."""
        if asked.by_digest and self.cache.needs(asked.repository, asked.reference):
            return True
        wanted = _wanted(asked)
        if not self._demand.admits(wanted, now):
            return False
        if self.policy.admission.delay:
            self._demand.schedule(wanted, now)
            return False
        return True

    def _passed_on(self, asked: Route, request: Request, now: float) -> Program[Response]:
        """The upstream's answer, of which nothing is kept."""
        places = {"tags": "tags/list", "manifest": f"manifests/{asked.reference}", "blob": f"blobs/{asked.reference}"}
        place = places.get(asked.kind, f"referrers/{asked.reference}")
        query = request.query if asked.kind in ("tags", "referrers") else ""
        question = Question(request.method, asked.repository, place, query, request.header("via"))

        def ask(_: _Shared[Response], now: float) -> Program[Response]:
            outcome = yield from self._fetcher.client.ask(question, now)
            given = outcome.response
            if given is None:
                return self._refusal(asked, outcome)
            headers = {name: plain(given, name) for name in _PASSED_ON}
            if request.method == "GET":
                headers["Content-Length"] = str(len(given.body))
            if asked.kind == "blob":
                headers |= {"Content-Type": BLOB_TYPE, "Docker-Content-Digest": asked.reference}
            if not headers["Link"].startswith("</"):
                headers["Link"] = ""
            shown = tuple((name, value) for name, value in headers.items() if value)
            return Response(200, (*shown, answers.API_VERSION), given.body)

        key = (request.method, asked.repository, f"{place}?{query}")
        return (yield from self._together(self._passing, key, ask, now))

    def _manifest(self, asked: Route, request: Request, now: float) -> Program[Response]:
        held = self._holds(asked)
        keep = held or self._keeps(asked, now)

        def obtain(shared: _Shared[_Got], now: float) -> Program[_Got]:
            return self._obtain(asked, shared, request.header("via"), now)

        key = (asked.repository, asked.reference)
        got = yield from self._together(self._manifests, key, obtain, now, keep=keep)
        if got.found is None:
            return got.refused or _unknown(asked)
        if held:
            self.cache.use(asked.repository, asked.reference, now)
        response = reading.manifest(got.found, request)
        return replace(response, headers=(*response.headers, STALE)) if got.stale else response

    def _obtain(self, asked: Route, shared: _Shared[_Got], via: str, now: float) -> Program[_Got]:
        """Get a manifest that is not held, or a tag's that is and must be checked."""
        repository, reference = asked.repository, asked.reference
        held = self.cache.manifest(repository, reference)
        if held is None:
            read = yield from self._fetcher.manifest(repository, reference, now, via)
            if read.manifest and shared.keep:
                self.cache.keep_manifest(repository, reference, read.digest, read.manifest, read.outcome.now)
        else:
            read = yield from self._renewed(repository, reference, held.object.digest, now, via)
            if read.outcome.response and not read.manifest:
                return _Got(held)
        if read.manifest:
            return _Got(read.found)
        if held and not read.outcome.absent and self.policy.upstream.on_failure == "stale":
            return _Got(held, stale=True)
        return _Got(refused=self._refusal(asked, read.outcome))

    def _renewed(self, repository: str, tag: str, held: str, now: float, via: str = "") -> Program[Read]:
        """Ask what a tag names, and take that over if it is something else than what is held."""
        outcome = yield from self._fetcher.client.ask(Question("HEAD", repository, f"manifests/{tag}", via=via), now)
        if outcome.absent:
            self.cache.evict(repository, tag)
        if outcome.response is None:
            return Read(outcome)
        if outcome.response.header("docker-content-digest") == held:
            self.cache.checked(repository, tag, outcome.now)
            return Read(outcome, held)
        read = yield from self._fetcher.manifest(repository, tag, outcome.now, via)
        return (yield from self._taken(repository, tag, read))

    def _taken(self, repository: str, reference: str, read: Read) -> Program[Read]:
        """Keep a manifest. A mirror that does not fetch while a client waits keeps all that it needs, or nothing."""
        if read.manifest is None:
            return read
        if self.policy.miss == "fetch":
            self.cache.keep_manifest(repository, reference, read.digest, read.manifest, read.outcome.now)
            return read
        parts = yield from self._fetcher.image(repository, read, self.cache)
        if parts.objects is None:
            return Read(parts.outcome)
        for digest, part in parts.objects.items():
            if isinstance(part, bytes):
                self.cache.keep_blob(repository, digest, part, parts.outcome.now)
            else:
                name = reference if digest == read.digest else digest
                self.cache.keep_manifest(repository, name, digest, part, parts.outcome.now)
        return read

    def _blob(self, asked: Route, request: Request, now: float, *, whole: bool) -> Program[Response]:
        repository, digest = asked.repository, asked.reference
        keep = self._keeps(asked, now)
        stream = self._fetcher.under_way(repository, digest)
        if stream is None:

            def begin(shared: _Shared[Stream | Outcome], now: float) -> Program[Stream | Outcome]:
                question = Question("GET", repository, f"blobs/{digest}", via=request.header("via"))
                return self._fetcher.stream(question, now, lambda stream, data: commit(shared, stream, data))

            def commit(shared: _Shared[Stream | Outcome], stream: Stream, data: bytes) -> None:
                if shared.keep or stream.keep or self.cache.needs(repository, digest):
                    self.cache.keep_blob(repository, digest, data, now)

            begun = yield from self._together(self._blobs, (repository, digest), begin, now, keep=keep)
            if isinstance(begun, Outcome):
                return self._refusal(asked, begun)
            stream = begun
        stream.keep |= keep
        if whole and not stream.fill.ended:
            yield Wait(self._site.name, stream.fill.flight)
        return self._arriving(asked, request, stream)

    def _arriving(self, asked: Route, request: Request, stream: Stream) -> Response:
        """A blob that is on its way, or has come."""
        fill = stream.fill
        if fill.failed:
            return self._refusal(asked, Outcome(0.0, reason=WRONG_BLOB))
        if fill.ended:
            part = ContentObject("", asked.reference, BLOB_TYPE, len(fill.data))
            return reading.blob(Found("", part, fill.data), request)
        length = (("Content-Length", stream.length),) if stream.length else ()
        tag = conditions.entity_tag(asked.reference)
        shown = (("Docker-Content-Digest", asked.reference), ("ETag", tag), answers.API_VERSION)
        return Response(200, (("Content-Type", BLOB_TYPE), *length, *shown), fill=fill)

    def _admission(self, wanted: Wanted, now: float) -> Program[None]:
        """Fetch what was asked for in vain."""
        repository, reference = wanted.repository, wanted.reference
        try:
            if wanted.kind == "blob":
                if not self.cache.blob(repository, reference):
                    outcome, data = yield from self._fetcher.whole(repository, reference, now)
                    if data is not None:
                        self.cache.keep_blob(repository, reference, data, outcome.now)
            elif not self.cache.digest(repository, reference):
                read = yield from self._fetcher.manifest(repository, reference, now)
                yield from self._taken(repository, reference, read)
        finally:
            self._demand.end(wanted)

    def _sync(self, now: float) -> Program[None]:
        """Ask about every tag that is due, one after another."""
        try:
            while (oldest := self.cache.next_check()) and oldest[0] + self.policy.sync.every <= now:
                _, repository, tag = oldest
                self.cache.checked(repository, tag, now)
                held = self.cache.digest(repository, tag)
                read = yield from self._renewed(repository, tag, held, now)
                now = max(now, read.outcome.now)
        finally:
            self._syncing = False

    def _next_sync(self) -> float | None:
        if self._syncing or self.policy.sync.when != "interval":
            return None
        oldest = self.cache.next_check()
        return oldest[0] + self.policy.sync.every if oldest else None

    def _next_sweep(self) -> float | None:
        """The first sweep to come that finds something to take."""
        expiry = self.cache.next_expiry()
        if expiry is None:
            return None
        every = self.policy.eviction.sweep
        number = max(math.ceil((expiry - self._began) / every), self._sweeps + 1)
        return self._began + number * every

    def _together(
        self,
        under_way: dict[K, _Shared[T]],
        key: K,
        begin: Callable[[_Shared[T], float], Program[T]],
        now: float,
        *,
        keep: bool = False,
    ) -> Program[T]:
        """Do something, or have a part in what is under way already. Whoever waited in vain does it alone."""
        shared = under_way.get(key) if self.policy.coalescing else None
        if shared:
            shared.keep |= keep
            now = (yield Wait(self._site.name, shared)).now
            if shared.result is not None:
                return shared.result
        shared = under_way[key] = _Shared(keep=keep)
        try:
            result = shared.result = yield from begin(shared, now)
        finally:
            if under_way.get(key) is shared:
                del under_way[key]
            shared.end()
        return result

    def _refusal(self, asked: Route, outcome: Outcome) -> Response:
        """What to tell a client where the upstream gave nothing."""
        if outcome.absent:
            return _unknown(asked)
        retry = (("Retry-After", outcome.retry_after),) if outcome.retry_after else ()
        return _failure(self.policy.upstream.status or outcome.status, outcome.reason, retry)


def _wanted(asked: Route) -> Wanted:
    return Wanted("manifest" if asked.kind == "manifest" else "blob", asked.repository, asked.reference)


def _unknown(asked: Route) -> Response:
    if asked.kind == "blob":
        return answers.blob_unknown(asked.reference)
    if asked.kind == "manifest":
        return answers.manifest_unknown(asked.repository, asked.reference)
    return answers.error(404, "NAME_UNKNOWN", {"name": asked.repository})


def _failure(status: int, reason: str, headers: Headers = ()) -> Response:
    code = "TOOMANYREQUESTS" if status == 429 else "UNAVAILABLE"
    return answers.error(status, code, reason, headers)
