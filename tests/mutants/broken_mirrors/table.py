"""Which broken mirror turns which rule red, and on which trial."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fixtures.mirrors.local import PROMISES, hasty
from fixtures.mirrors.subject import Feature, Profile, Promises
from simulator.mirror.policy import FROZEN, PULL_THROUGH, Admission, Eviction, Policy
from simulator.topology import AUTH_HOST, CDN_HOSTS
from suites.mirror.trials import FOUR_MIB, SIGNED_IN
from tests.mutants.broken_mirrors import spoilers as by
from tests.mutants.broken_mirrors.standing import Asked, Spoil, nothing, page

_ROOM = 4 << 20
"""Bytes that a mirror has room for."""

_PATIENCE = 6.0

MANIFESTS, BLOBS = ("manifests",), ("blobs",)


@dataclass(frozen=True)
class Subject:
    """A mirror with its policy, and what stands before it."""

    policy: Policy = PULL_THROUGH
    spoil: Spoil = nothing
    profile: Profile = "pull-through"
    features: frozenset[Feature] = frozenset()
    promises: Promises = PROMISES["pull-through"]


@dataclass(frozen=True)
class Mutant:
    """A broken mirror: in words, after "a mirror that"; ``rules`` are those that are to find it out on the ``trial``,
    on which the ``sound`` mirror keeps them. ``patience`` is how many seconds clients wait, where the trial's are too
    many for a test.
    """

    says: str
    rules: tuple[str, ...]
    trial: str
    broken: Subject
    sound: Subject = Subject()
    patience: float | None = None

    def __str__(self) -> str:
        return f"{self.rules[0]} by a mirror that {self.says} ({self.trial})"


def spoiled(says: str, rule: str, trial: str, spoil: Spoil, *also: str) -> Mutant:
    """Our own mirror, with a spoiler before it."""
    return Mutant(says, (rule, *also), trial, Subject(spoil=spoil))


def _policies() -> Iterator[Mutant]:
    """Mirrors whose policy is the mistake."""
    trusting = replace(PULL_THROUGH.upstream, user=SIGNED_IN.name, password=SIGNED_IN.password)
    anyone = replace(trusting, realms=(AUTH_HOST, CDN_HOSTS[0]))
    signs_in: frozenset[Feature] = frozenset({"signs-in"})
    careful = Subject(replace(PULL_THROUGH, upstream=trusting), features=signs_in)
    yield Mutant("never fetches", ("PROFILE-1/pull-through",), "cold", Subject(FROZEN))
    cached: Profile = "cached-only"
    yield Mutant(
        *("fetches what it lacks, unasked", ("PROFILE-1/cached-only",), "cold"),
        *(Subject(profile=cached), Subject(FROZEN, profile=cached)),
    )
    tags = replace(PULL_THROUGH, tags="upstream")
    yield Mutant("lists what it has cached alone", ("LIST-3",), "a part of a list", Subject(), Subject(tags))
    sign = Subject(replace(PULL_THROUGH, upstream=anyone), features=signs_in)
    yield Mutant("signs in wherever it is told to", ("SECRET-2",), "foreign realm", sign, careful)
    yield Mutant("shows everybody what its account may see", ("PRIVATE-1",), "private", careful)
    fails = Subject(replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, on_failure="fail")))
    lies = Subject(replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, status=404)))
    for how in ("refuse", "5xx", "429", "reset"):
        yield Mutant("needs Hub for a tag that it holds", (f"DOWN-2/{how}",), f"outage ({how})", fails)
        yield Mutant("calls an outage a miss", (f"DOWN-4/{how}",), f"cold outage ({how})", lies)
    yield Mutant("calls a used-up limit a miss", ("DOWN-4/limit",), "limit used up", lies)
    alone = Subject(replace(PULL_THROUGH, coalescing=False))
    yield Mutant("fetches once for each client", ("FILL-1", "FILL-7"), "clients at once", alone)
    patient = Subject(replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, timeout=600.0)))
    waits = ("DOWN-5", "DOWN-2/hang")
    yield Mutant("waits for Hub for ever", waits, "outage (hang)", patient, Subject(hasty(PULL_THROUGH)), _PATIENCE)
    lies = Subject(hasty(replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, status=404))))
    yield Mutant("calls silence a miss", ("DOWN-4/hang",), "outage (hang)", lies, Subject(hasty(PULL_THROUGH)))
    locked_out = Subject(replace(PULL_THROUGH, upstream=replace(trusting, password="mistyped")))
    yield Mutant("has a mistyped password", ("PROFILE-1/pull-through",), "cold", locked_out)
    seen = "private, once somebody saw it"
    yield Mutant("lets in whoever signs in", ("PRIVATE-3",), seen, careful)
    small = Promises(0.0, "gone", _ROOM)
    room = Subject(replace(PULL_THROUGH, eviction=Eviction(bytes=_ROOM)), promises=small)
    fails = Subject(spoil=by.fails_past_its_capacity, promises=small)
    yield Mutant("fails at what had to make room", ("KEEP-5",), "past its capacity", fails, room)
    forgetful = Subject(replace(PULL_THROUGH, admission=Admission("never")))
    yield Mutant("keeps nothing of what a client left", ("FILL-3",), "client leaves", forgetful)


def _answers() -> Iterator[Mutant]:
    """Mirrors that answer wrongly."""
    held = "held"
    yield spoiled("is no registry", "API-1", "ping", by.refused(lambda a: a.path == "/v2/", page(404)))
    wants = page(401, www_authenticate='Basic realm="members"')
    yield spoiled("wants credentials", "API-2", held, by.refused(lambda a: a.kind in by.CONTENT, wants))
    other = page(404, '{"problem": "gone"}', content_type="application/json")
    yield spoiled("has errors of its own", "ERROR-1", "missing", by.instead((404,), other))
    yield spoiled("does not say when to come again", "ERROR-2", "limit used up", by.instead((429,), page(429)))
    yield spoiled("never comes to an end", "API-3", held, by.with_body(BLOBS, by.without_end))
    yield spoiled("says with HEAD what it has not", "MANIFEST-2", held, by.refused(_gets_a_digest, page(404)))
    strip = by.changed(MANIFESTS, lambda _, given: given.saying(docker_content_digest=""))
    yield spoiled("strips digests from answers", "MANIFEST-1", held, strip, "MANIFEST-2")
    names = by.changed(MANIFESTS, lambda _, given: given.saying(docker_content_digest=by.WRONG))
    yield spoiled("names another document's digest", "MANIFEST-1", held, names)
    octets = by.changed(MANIFESTS, lambda _, given: given.saying(content_type="application/octet-stream"), "HEAD")
    yield spoiled("has another type for HEAD", "MANIFEST-2", held, octets)
    longer = by.changed(MANIFESTS, lambda _, given: given.saying(content_length="7"), "HEAD")
    yield spoiled("has another length for HEAD of manifests", "MANIFEST-2", held, longer)
    longer = by.changed(BLOBS, lambda _, given: given.saying(content_length="7"), "HEAD")
    yield spoiled("has another length for HEAD of blobs", "BLOB-2", held, longer)
    yield spoiled("writes manifests anew", "MANIFEST-3", held, by.with_body(MANIFESTS, by.rewritten), "KEEP-4")
    charset = by.changed(MANIFESTS, lambda _, g: g.saying(content_type=f"{g.header('content-type')}; charset=utf-8"))
    yield spoiled("adds a charset to types", "MANIFEST-4", held, charset)
    yield spoiled("converts manifests for old clients", "MANIFEST-5", "index many", by.converts)
    no_proofs = by.with_body(MANIFESTS, lambda a, given, data: page(404) if b"in-toto" in data else given)
    yield spoiled("drops attestations", "MANIFEST-6", "attestations", no_proofs)
    known = by.with_body(MANIFESTS, lambda a, given, data: page(415) if b"vnd.example" in data else given)
    yield spoiled("knows images alone", "MANIFEST-7", "artifact", known)
    small = by.with_body(MANIFESTS, lambda a, given, data: page(502) if len(data) >= FOUR_MIB else given)
    yield spoiled("takes no large manifests", "MANIFEST-8", "large manifest", small)
    trial = "manifest over the limit"
    yield spoiled("calls what is too large a miss", "MANIFEST-10", trial, by.instead((502,), page(404)))
    yield spoiled("knows a blob after HEAD alone", "BLOB-6", "by digest", by.only_after_head)
    yield spoiled("knows no digest before a tag", "MANIFEST-9", "by digest", by.only_after_a_tag)
    yield spoiled("flips a bit of blobs", "BLOB-1", held, by.with_body(BLOBS, by.flipped), "KEEP-4")
    yield spoiled("serves empty blobs", "BLOB-1", held, by.changed(BLOBS, by.without_body, "GET"))
    yield spoiled("compresses blobs once more", "BLOB-3", "attestations", by.with_body(BLOBS, by.compresses))
    yield spoiled("fetches any address in a manifest", "BLOB-4", "foreign layer", by.fetches_addresses)
    yield spoiled("sends clients on to the CDN", "BLOB-5", held, by.changed(BLOBS, by.to_the_cdn, "GET"))
    yield spoiled("knows no Range", "RANGE-1", "parts", lambda a, send, _: send(a.without("range")))
    yield spoiled("takes every Range", "RANGE-2", "parts", by.takes_every_range)
    for percent in (10, 50, 90):
        trial = f"resumed ({percent})"
        yield spoiled("lets no download go on", f"RANGE-4/{percent}", trial, by.never_goes_on)
    yield spoiled("serves parts one byte off", "RANGE-3", "parts", by.shifts_parts, "RANGE-1")


def _lists() -> Iterator[Mutant]:
    """Mirrors that list wrongly, or name wrongly."""
    yield spoiled("lists tags backwards", "LIST-1", "lists", by.tags(lambda _, tags: tags[::-1]))
    yield spoiled("knows no pages", "LIST-2", "lists", by.no_pages)
    past = by.changed(("tags",), by.links_past_a_tag)
    yield spoiled("leads past a tag", "LIST-5", "lists", past)
    yield spoiled("fails at odd sizes of pages", "LIST-6", "lists", by.refused(by.fails_at_odd_pages, page(500)))
    absent = by.refused(lambda a: a.kind == "tags", page(200, "{}", content_type="application/json"))
    yield spoiled("lists what is not there", "MISS-1", "missing", absent)
    yield spoiled("lists all that was asked for", "LIST-4", "catalogue", by.lists_all_that_was_asked_for)
    typed = by.changed(("referrers",), lambda _, given: given.saying(content_type="application/json"))
    yield spoiled("has another type for referrers", "REFERRERS-1", "referrers", typed)
    odd = by.refused(lambda a: a.kind == "referrers" and len(a.reference) < 70, page(500))
    yield spoiled("fails at referrers of what is no digest", "REFERRERS-2", "referrers", odd)
    yield spoiled("passes no referrers on", "REFERRERS-3", "referrers", by.with_body(("referrers",), by.no_referrers))
    tag = by.refused(lambda a: a.reference.startswith("sha256-"), page(404))
    yield spoiled("passes no tags of signatures on", "REFERRERS-4", "tag of a signature", tag)
    yield spoiled("fails where it should miss", "MISS-1", "missing", by.instead((404,), page(500)))
    yield spoiled("serves nothing as if it were something", "MISS-1", "missing", by.instead((404,), page(200)))
    for why in ("absent", "401", "404", "429", "503"):
        trial = "late tag" if why == "absent" else f"{why}, then well"
        yield spoiled("remembers misses for ever", f"MISS-2/{why}", trial, by.remembers_misses)
    yield spoiled("takes capitals for small letters", "NAME-1", "names", by.small_letters)
    long = by.refused(lambda a: len(a.reference) > 128, page(500))
    yield spoiled("fails at long tags", "NAME-2", "names", long)
    yield spoiled("asks Hub for any digest", "NAME-3", "names", by.asks_hub_for_anything)
    yield spoiled("gives short names to the first comer", "NAME-4", "short name", by.first_comer)
    strict = by.refused(lambda a: "ns=" in a.query, page(404))
    yield spoiled("does not know the namespace docker.io", "NS-1", "namespace", strict)
    heeds: frozenset[Feature] = frozenset({"ns"})
    sound = Subject(spoil=by.heeds_namespaces, features=heeds)
    yield Mutant("serves Hub's as other registries'", ("NS-2",), "other namespace", Subject(features=heeds), sound)
    named = Subject(spoil=by.names_the_namespace, features=heeds)
    yield Mutant("does not name the namespace that it heeds", ("NS-4",), "other namespace", sound, named)
    twice = by.refused(lambda a: a.query.startswith("ns=") and a.query not in ("ns=docker.io", "ns=quay.io"), page(500))
    yield spoiled("fails at odd namespaces", "NS-3", "odd namespaces", twice)


def _upstreams() -> Iterator[Mutant]:
    """Mirrors that treat Hub wrongly."""
    held = "held"
    again = lambda a, send, _: send(a.without("if-none-match"))  # noqa: E731 - as the others in this table
    yield spoiled("sends what is known", "COND-1", "known", again)
    yield spoiled("pins tags for ever", "FRESH-1", "moved tag", by.pins_tags)
    yield spoiled("never asks again", "FRESH-2", "how stale", by.pins_tags)
    yield spoiled("asks thrice for each look", "QUOTA-5", "many look", by.asks_hub_thrice)
    yield spoiled("loses what it took in", "SPEED-1", "speed of hits", by.loses_layers)
    yield Mutant("does not tell hits", ("TELL-1",), "hit and miss", Subject(), Subject(spoil=by.tells_hits))
    yield spoiled("keeps what was deleted", "GONE-1", "deleted tag", by.keeps_what_was_deleted)
    yield spoiled("pays for hits", "QUOTA-1", held, by.beside("GET", "manifests"))
    yield spoiled("asks Hub about digests", "QUOTA-2", held, by.beside("HEAD", "blobs", tags_too=False))
    yield spoiled("shows its own limit", "QUOTA-3", held, by.shows_hubs_limit)
    yield spoiled("gets a token each time", "QUOTA-4", "tokens", by.a_token_each_time)
    needs = "needs Hub for what it holds"
    for how in ("refuse", "5xx", "429", "reset"):
        yield spoiled(needs, f"DOWN-1/{how}", f"outage ({how})", by.needs_hub)
    soon = Subject(hasty(PULL_THROUGH))
    yield Mutant(needs, ("DOWN-1/hang",), "outage (hang)", replace(soon, spoil=by.needs_hub), soon)
    unmarked = by.changed(MANIFESTS, lambda _, given: given.saying(warning=""))
    yield spoiled("does not say what is stale", "DOWN-3", "stale tag", unmarked)
    yield spoiled("buffers whole blobs", "FILL-2", "slow blob", by.buffers)
    for how in ("corrupt", "truncate", "reset"):
        yield spoiled("keeps what was spoiled", f"FILL-4/{how}", f"spoiled ({how})", by.believes_hub)
    for how in ("page", "redirect"):
        yield spoiled("keeps pages as blobs", f"FILL-5/{how}", f"no content ({how})", by.believes_hub)
    yield spoiled("hands pages on as blobs", "FILL-6", "no content (page)", by.believes_hub)


def _secrets() -> Iterator[Mutant]:
    """Mirrors that leak, take in, or lose."""
    yield spoiled("shows the CDN its token", "SECRET-1", "cdn", by.shows_the_cdn_its_token)
    yield spoiled("hands clients' credentials on", "SECRET-3", "client's credentials", by.hands_credentials_on)
    yield spoiled("shows credentials in answers", "SECRET-4", "client's secrets", by.shows_credentials)
    seen = "private, once somebody saw it"
    yield spoiled("caches what one may see for all", "PRIVATE-1", seen, by.caches_what_somebody_may_see, "PRIVATE-3")
    yield spoiled("tells what it could mount", "WRITE-3", "probes by mounting", by.tells_what_it_could_mount)
    yield spoiled("has one store for all", "PRIVATE-2", "other repository", by.one_store_for_all)
    kinds = ("post-upload", "mount", "patch-upload", "put-upload", "put-manifest", "delete-manifest", "delete-blob")
    yield spoiled("takes writes", "WRITE-1/post-upload", "writes", by.takes_writes, *(f"WRITE-1/{k}" for k in kinds))
    yield spoiled("refuses deletions and deletes", "WRITE-2", "writes", by.refuses_and_deletes)
    yield spoiled("fails after an eviction", "KEEP-1", "evicted", by.fails_after_an_eviction)
    yield spoiled("cuts off what it evicts", "KEEP-2", "evicted while it is sent", by.cuts_off_after_an_eviction)
    yield spoiled("loses shared layers", "KEEP-3", "shared layer", by.loses_shared_layers)
    yield spoiled("loses layers", "KEEP-4", "held", by.loses_layers)


def _gets_a_digest(asked: Asked) -> bool:
    return asked.gets("manifests") and asked.by_digest


def _clients() -> Iterator[Mutant]:
    """Mirrors of which daemons make something wrong, or that they leave without a word."""
    stores = ("classic", "containerd")

    def seen(says: str, rule: str, trial: str, spoil: Spoil) -> Mutant:
        return spoiled(says, f"{rule}/{stores[0]}", trial, spoil, f"{rule}/{stores[1]}")

    held = "pull of what is held"
    again = by.as_another(by.same_in_other_bytes)
    yield seen("writes manifests anew, consistently", "CLIENT-1", held, again)
    yield seen("flips a bit of blobs, for daemons", "CLIENT-1", held, by.with_body(BLOBS, by.flipped))
    wants = by.refused(lambda a: a.kind in by.CONTENT, page(401, www_authenticate='Basic realm="members"'))
    yield seen("wants credentials of daemons", "CLIENT-5", "cold pull", wants)
    yield seen(
        "sends daemons to a host that is not there", "CLIENT-5", "cold pull", by.changed(BLOBS, by.to_nowhere, "GET")
    )
    yield seen("sends daemons to the CDN", "CLIENT-5", "cold pull", by.changed(BLOBS, by.to_the_cdn, "GET"))
    yield seen("loses layers, for daemons", "CLIENT-2", held, by.loses_layers)
    yield seen("writes anew what it fetches", "CLIENT-3", "pull of what is not held", again)
    yield seen(
        "gives another tag for one that is absent", "CLIENT-4", "pull of what is nowhere", by.another_tag_instead
    )
    both = tuple(f"CLIENT-5/{store}" for store in stores)
    yield Mutant("never fetches, for daemons", both, "cold pull", Subject(FROZEN))
    only = tuple(f"CLIENT-5/{store}" for store in stores)
    yield Mutant(
        "knows no digest before a tag, for daemons", only, "cold pull by digest", Subject(spoil=by.only_after_a_tag)
    )
    yield seen("pays for what daemons pull", "CLIENT-6", held, by.beside("GET", "manifests"))
    fails = Subject(replace(PULL_THROUGH, upstream=replace(PULL_THROUGH.upstream, on_failure="fail")))
    for how in ("refuse", "503", "429"):
        trial = f"pull in an outage ({how})"
        yield seen("needs Hub for what daemons pull", "CLIENT-7", trial, by.needs_hub)
        yield Mutant("needs Hub for tags of daemons", tuple(f"CLIENT-8/{store}" for store in stores), trial, fails)
    one = by.as_another(by.first_platform)
    yield seen("knows one platform", "CLIENT-9", "pull of a platform", one)
    plain = by.as_another(by.without_attestations)
    yield seen("leaves attestations out", "CLIENT-10", "pull of what is attested", plain)
    small = by.with_body(MANIFESTS, lambda a, given, data: page(502) if len(data) >= FOUR_MIB else given)
    yield seen("gives daemons no large manifests", "CLIENT-11", "pull of a large manifest", small)
    yield seen("wants a login for direct pulls", "CLIENT-12", "direct pull", wants)
    absent = "direct pull of what is nowhere"
    yield seen("gives another tag to direct pulls", "CLIENT-13", absent, by.another_tag_instead)
    broken = by.instead((404,), page(500))
    yield seen("fails direct pulls of what is not there", "CLIENT-13", absent, broken)
    yield seen("fails daemons after an eviction", "CLIENT-14", "pull after an eviction", by.fails_after_an_eviction)
    cut = "pull of what is evicted meanwhile"
    yield seen("cuts daemons off when it evicts", "CLIENT-15", cut, by.cuts_off_after_an_eviction)
    for how in ("corrupt", "truncate"):
        yield seen(
            "keeps what was spoiled, for daemons", "CLIENT-16", f"pull after what was spoiled ({how})", by.believes_hub
        )
    listed = Subject(replace(PULL_THROUGH, tags="upstream"))
    names = tuple(f"CLIENT-17/{store}" for store in stores)
    yield Mutant("lists to daemons what it has cached alone", names, "pull of all tags", Subject(), listed)


MUTANTS: tuple[Mutant, ...] = (*_answers(), *_lists(), *_upstreams(), *_secrets(), *_policies(), *_clients())
