"""The cache against sets and lists: what is there, what that takes, and what leaves when."""

import json
from dataclasses import dataclass, field
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.mirror.cache import Cache
from simulator.mirror.policy import Eviction, Order
from simulator.registry import manifests
from simulator.registry.content import MEDIA_TYPES, digest_of
from tests.simulator.mirror.orders import Plain

TYPES = MEDIA_TYPES["oci"]


def descriptor(data: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def manifest(*blobs: bytes) -> bytes:
    config, *layers = (descriptor(blob, TYPES.layer) for blob in blobs)
    value = {"schemaVersion": 2, "mediaType": TYPES.manifest, "config": config, "layers": layers}
    return json.dumps(value).encode()


BLOBS = [bytes([number]) * (number * 150) for number in range(1, 6)]
MANIFESTS = [manifest(BLOBS[0], BLOBS[1]), manifest(BLOBS[1], BLOBS[2], BLOBS[2]), manifest(BLOBS[3], BLOBS[1])]
INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": TYPES.index,
        "manifests": [descriptor(one, TYPES.manifest) for one in MANIFESTS[:2]],
    }
).encode()
READ = {
    digest_of(data): manifests.read(data, TYPES.index if data is INDEX else TYPES.manifest)
    for data in (*MANIFESTS, INDEX)
}
DATA = {digest_of(data): data for data in (*BLOBS, *MANIFESTS, INDEX)}
REPOSITORIES = st.sampled_from(["a", "b"])
TAGS = st.sampled_from(["1", "2"])
DIGESTS = st.sampled_from(list(DATA))
ROOTS = st.sampled_from(list(READ))
PLAIN_BLOBS = st.sampled_from([digest_of(blob) for blob in BLOBS])


@dataclass
class Model:
    """What a cache holds, worked out anew after every step. Images are numbered, so that one keeps its place in the
    order when it is called otherwise.
    """

    eviction: Eviction
    order: Plain[int]
    images: dict[int, tuple[str, str, str]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    used: dict[int, float] = field(default_factory=dict)
    fetched: dict[int, float] = field(default_factory=dict)
    count: int = 0

    def named(self, repository: str, reference: str) -> int | None:
        return next((n for n, image in self.images.items() if image[:2] == (repository, reference)), None)

    def needed(self, repository: str | None = None) -> set[str]:
        found: set[str] = set()
        ahead = [root for place, _, root in self.images.values() if repository in (None, place)]
        while ahead:
            digest = ahead.pop()
            found.add(digest)
            ahead += (*READ[digest].manifests, *READ[digest].blobs) if digest in self.known else ()
        return found

    def size(self) -> int:
        return sum(len(DATA[digest]) for digest in self.present)

    def leave(self, number: int) -> None:
        del self.images[number]
        self.prune()

    def prune(self) -> None:
        while self.known - self.needed():
            self.known &= self.needed()
        self.present &= self.needed()

    def there(self, repository: str, reference: str) -> bool:
        return self.named(repository, reference) is not None or reference in self.needed(repository)

    def keep(self, repository: str, reference: str, digest: str, now: float) -> bool:
        old = self.named(repository, reference)
        if old is not None and self.images[old][2] != digest:
            before = self.images[old][2]
            if self.named(repository, before) is not None:
                self.order.remove(old)
                self.leave(old)
            else:
                self.images[old] = (repository, before, before)
        size = len(DATA[digest])
        most, room = self.eviction.images, self.eviction.bytes
        if room is not None and size > room:
            return False
        new = not self.there(repository, reference)
        while True:
            more = 0 if digest in self.present else size
            full = room is not None and self.size() + more > room
            if not full and (most is None or len(self.images) + new <= most):
                break
            if not self.images:
                return False
            self.leave(self.order.pop())
        if new:
            self.count += 1
            self.images[self.count] = (repository, reference, digest)
            self.order.add(self.count)
        elif not self.there(repository, reference):
            return False
        number = self.named(repository, reference)
        if number is not None:
            self.used[number] = self.fetched[number] = now
        self.present.add(digest)
        return True

    def sweep(self, now: float) -> None:
        for times, longest in ((self.used, self.eviction.idle), (self.fetched, self.eviction.age)):
            for number in list(self.images):
                if longest is not None and times[number] + longest <= now:
                    self.order.remove(number)
                    self.leave(number)


class CacheMachine(RuleBasedStateMachine):
    @initialize(
        eviction=st.builds(
            Eviction,
            order=st.sampled_from(get_args(Order)),
            bytes=st.none() | st.integers(0, 2500),
            images=st.none() | st.integers(0, 4),
            idle=st.none() | st.integers(1, 9),
            age=st.none() | st.integers(1, 9),
        ),
        memory=st.sampled_from([0, 600, 1 << 20]),
    )
    def begin(self, eviction: Eviction, memory: int) -> None:
        self.cache = Cache(eviction, memory)
        self.model = Model(eviction, Plain(eviction.order))
        self.now = 0.0

    @rule(seconds=st.integers(1, 5))
    def wait(self, seconds: int) -> None:
        self.now += seconds

    @rule(repository=REPOSITORIES, tag=TAGS, root=ROOTS, tagged=st.booleans())
    def keep_manifest(self, repository: str, tag: str, root: str, *, tagged: bool) -> None:
        reference = tag if tagged else root
        kept = self.model.keep(repository, reference, root, self.now)
        assert self.cache.keep_manifest(repository, reference, root, READ[root], self.now) is kept
        if kept:
            self.model.known.add(root)

    @rule(repository=REPOSITORIES, digest=PLAIN_BLOBS)
    def keep_blob(self, repository: str, digest: str) -> None:
        kept = self.model.keep(repository, digest, digest, self.now)
        assert self.cache.keep_blob(repository, digest, DATA[digest], self.now) is kept

    @rule(repository=REPOSITORIES, tag=TAGS)
    def use(self, repository: str, tag: str) -> None:
        self.cache.use(repository, tag, self.now)
        number = self.model.named(repository, tag)
        if number is not None:
            self.model.order.use(number)
            self.model.used[number] = self.now

    @rule(repository=REPOSITORIES, reference=TAGS | DIGESTS | st.none())
    def evict(self, repository: str, reference: str | None) -> None:
        self.cache.evict(repository, reference)
        for number, (place, name, _) in list(self.model.images.items()):
            if place == repository and reference in (None, name):
                self.model.order.remove(number)
                self.model.leave(number)

    @rule(repository=REPOSITORIES, digest=DIGESTS)
    def drop(self, repository: str, digest: str) -> None:
        self.cache.drop(repository, digest)
        if digest in self.model.needed(repository):
            self.model.present.discard(digest)

    @precondition(lambda self: self.model.eviction.idle or self.model.eviction.age)
    @rule()
    def sweep(self) -> None:
        self.cache.sweep(self.now)
        self.model.sweep(self.now)
        following = self.cache.next_expiry()
        assert following is None or following > self.now

    @invariant()
    def no_more_than_the_capacity(self) -> None:
        room, images = self.model.eviction.bytes, self.model.eviction.images
        assert self.cache.bytes == self.model.size()
        assert self.cache.images == len(self.model.images)
        assert room is None or self.cache.bytes <= room
        assert images is None or self.cache.images <= images

    @invariant()
    def what_is_needed_and_was_kept_is_there_as_it_was(self) -> None:
        for repository in ("a", "b"):
            needed = self.model.needed(repository)
            assert self.cache.has(repository) is bool(needed)
            for digest, data in DATA.items():
                there = digest in needed and digest in self.model.present
                is_manifest = digest in self.model.known
                found = self.cache.manifest(repository, digest) or self.cache.blob(repository, digest)
                assert (found is not None) is there
                assert found is None or found.data == data
                assert (self.cache.manifest(repository, digest) is not None) is (there and is_manifest)
                assert self.cache.needs(repository, digest) is (digest in needed)

    @invariant()
    def tags_name_what_they_named(self) -> None:
        for repository in ("a", "b"):
            tags = {name: root for place, name, root in self.model.images.values() if place == repository}
            listed = sorted(tag for tag, root in tags.items() if ":" not in tag and root in self.model.present)
            assert self.cache.tags(repository) == listed
            assert all(self.cache.digest(repository, tag) == tags[tag] for tag in listed)


TestCache = CacheMachine.TestCase
TestCache.settings = settings(deadline=None, max_examples=150, stateful_step_count=30)
