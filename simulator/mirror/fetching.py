"""What a mirror fetches from its upstream: manifests, blobs and whole images, each only if it is what it should be."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from simulator.arrangement import ContentObject
from simulator.bounds import LARGEST_MANIFEST, Bounds
from simulator.filed import Data
from simulator.mirror.cache import Cache
from simulator.mirror.fill import ALGORITHMS, Fill
from simulator.mirror.policy import Policy
from simulator.mirror.upstream import Client, Outcome, Question
from simulator.programs import Program, Wait
from simulator.registry import manifests
from simulator.registry.content import digest_of
from simulator.registry.manifests import Manifest, ManifestError
from simulator.registry.store import Found
from simulator.topology import Site

WRONG_BLOB = "The upstream's blob broke off or is not what it should be."


@dataclass(frozen=True, slots=True)
class Read:
    """What asking for a manifest came to: one that is what it should be, or its digest alone where that was enough, or
    neither.
    """

    outcome: Outcome
    digest: str = ""
    manifest: Manifest | None = None

    @property
    def found(self) -> Found | None:
        if self.manifest is None:
            return None
        part = ContentObject("", self.digest, self.manifest.media_type, len(self.manifest.data))
        return Found("", part, self.manifest.data)


@dataclass(slots=True)
class Stream:
    """A blob on its way, its announced length (``""``: none was), and whether somebody wants it to be kept."""

    fill: Fill
    length: str
    keep: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """The objects of an image that are to be kept, its root first, or why they could not be had."""

    outcome: Outcome
    objects: dict[str, Manifest | bytes] | None = None


class Fetcher:
    """Fetches for the mirror at a site. Blobs that are on their way are shared, if the policy coalesces."""

    def __init__(self, site: Site, policy: Policy, bounds: Bounds) -> None:
        self.client = Client(site, policy.upstream)
        self._site = site
        self._bounds = bounds
        self._coalescing = policy.coalescing
        self._streams: dict[tuple[str, str], Stream] = {}

    def manifest(self, repository: str, reference: str, now: float, via: str = "") -> Program[Read]:
        """The manifest of a tag or a digest."""
        question = Question("GET", repository, f"manifests/{reference}", via=via)
        outcome = yield from self.client.ask(question, now)
        if outcome.response is None:
            return Read(outcome)
        data = outcome.response.body
        announced = outcome.response.header("docker-content-digest")
        digest = reference if ":" in reference else announced or digest_of(data)
        length = outcome.response.header("content-length")
        if length and length != str(len(data)):
            problem = f"The upstream announced {length} bytes and gave {len(data)}."
        elif len(data) > LARGEST_MANIFEST:
            problem = "The upstream's manifest is too large."
        elif not _is(data, digest):
            problem = "The upstream's manifest does not have its digest."
        else:
            try:
                return Read(outcome, digest, manifests.read(data, outcome.response.header("content-type")))
            except ManifestError as error:
                problem = f"The upstream gave no manifest. {error}"
        return Read(Outcome(outcome.now, reason=problem))

    def under_way(self, repository: str, digest: str) -> Stream | None:
        """The blob that is on its way already, and may be shared."""
        return self._streams.get((repository, digest)) if self._coalescing else None

    def stream(
        self, question: Question, now: float, commit: Callable[[Stream, bytes], None]
    ) -> Program[Stream | Outcome]:
        """Begin to fetch a blob; ends as soon as its head is there. Once all of it is there and right it is
        committed.
        """
        digest = question.place.removeprefix("blobs/")
        fill = Fill(digest, self._bounds.blob, lambda data: commit(stream, data))
        stream = Stream(fill, "", keep=False)
        outcome = yield from self.client.ask(question, now, fill)
        if outcome.response is None:
            fill.fail()
            return outcome
        stream.length = outcome.response.header("content-length")
        if not fill.ended:
            key = (question.repository, digest)
            self._streams[key] = stream
            fill.flight.when_ended(lambda: self._forget(key, stream))
        return stream

    def whole(self, repository: str, digest: str, now: float) -> Program[tuple[Outcome, bytes | None]]:
        """A blob, once all of it is there."""
        stream = self.under_way(repository, digest)
        if stream is None:
            begun = yield from self.stream(Question("GET", repository, f"blobs/{digest}"), now, lambda _, __: None)
            if isinstance(begun, Outcome):
                return begun, None
            stream = begun
        if not stream.fill.ended:
            now = (yield Wait(self._site.name, stream.fill.flight)).now
        if stream.fill.ended and not stream.fill.failed:
            return Outcome(now), stream.fill.data
        return Outcome(now, reason=WRONG_BLOB), None

    def image(self, repository: str, root: Read, cache: Cache) -> Program[Parts]:
        """All that an image needs and the cache has not. What the upstream has not either is left out."""
        if root.manifest is None:
            return Parts(root.outcome)
        objects: dict[str, Manifest | bytes] = {root.digest: root.manifest}
        now = root.outcome.now
        blobs = list(root.manifest.blobs)
        ahead = list(root.manifest.manifests)
        while ahead:
            digest = ahead.pop(0)
            if digest in objects:
                continue
            read = yield from self._child(repository, digest, cache, now)
            now = read.outcome.now
            if read.manifest:
                objects[digest] = read.manifest
                ahead += read.manifest.manifests
                blobs += read.manifest.blobs
            elif not read.outcome.absent:
                return Parts(read.outcome)
        for digest in blobs:
            if digest in objects or cache.blob(repository, digest):
                continue
            outcome, data = yield from self.whole(repository, digest, now)
            now = outcome.now
            if data is not None:
                objects[digest] = data
            elif not outcome.absent:
                return Parts(outcome)
        return Parts(Outcome(now), objects)

    def _child(self, repository: str, digest: str, cache: Cache, now: float) -> Program[Read]:
        held = cache.manifest(repository, digest)
        if held:
            return Read(Outcome(now), digest, manifests.read(held.data, held.object.media_type))
        return (yield from self.manifest(repository, digest, now))

    def _forget(self, key: tuple[str, str], stream: Stream) -> None:
        if self._streams.get(key) is stream:
            del self._streams[key]


def _is(data: Data, digest: str) -> bool:
    """Whether a digest is that of this data; of an algorithm that is not known it is not."""
    algorithm, _, encoded = digest.partition(":")
    return algorithm in ALGORITHMS and hashlib.new(algorithm, data).hexdigest() == encoded
