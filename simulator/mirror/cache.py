"""What a mirror has cached: objects by digest, each once, and the images that need them.

An image is what a repository has under a reference: a tag, or a manifest or a blob that was fetched by digest alone.
An object is there as long as an image needs it: its root, the manifests of an index, their configs and layers. What
an image needs is known as soon as its manifest is there; the bytes may come later, or never. Every operation on an
image takes constant time, but for the number of objects that it has.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from simulator.arrangement import ContentObject
from simulator.mirror.objects import CachedImage, CachedObject, Repository
from simulator.mirror.orders import Ordering, ordering
from simulator.mirror.policy import Eviction
from simulator.mirror.shelf import Shelf
from simulator.registry.manifests import Manifest
from simulator.registry.store import Found

_SHA256 = "sha256:"


Ages = OrderedDict[CachedImage, float]
"""Images and a time of each, the oldest first."""


class Cache:
    """A cache with these bounds; ``room`` is how many of its bytes may be in memory, ``checks`` whether it is to
    remember when its tags were checked.

    It is asked like a :class:`simulator.registry.store.Store`. Times that are passed in must not decrease.
    """

    def __init__(self, eviction: Eviction, room: int, *, checks: bool = False) -> None:
        self._eviction = eviction
        self._checks = checks
        self._shelf = Shelf(room)
        self._repositories: dict[str, Repository] = {}
        self._objects: dict[bytes | str, CachedObject] = {}
        self._order: Ordering[CachedImage] = ordering(eviction.order, CachedImage)
        self._used: Ages = OrderedDict()
        self._fetched: Ages = OrderedDict()
        self._checked: Ages = OrderedDict()
        self.bytes = 0

    @property
    def images(self) -> int:
        return len(self._order)

    def repositories(self) -> list[str]:
        return sorted(self._repositories)

    def has(self, repository: str) -> bool:
        return repository in self._repositories

    def tags(self, repository: str) -> list[str]:
        """The tags whose manifest is there, in lexical order."""
        place = self._repositories.get(repository)
        images = place.images.values() if place else ()
        return sorted(image.reference for image in images if ":" not in image.reference and image.root.place)

    def referrers(self, _repository: str, _digest: str) -> dict[str, Manifest]:
        """None: a mirror is not asked to cache them."""
        return {}

    def manifest(self, repository: str, reference: str) -> Found | None:
        """The manifest or index that a tag or a digest names."""
        found = self._find(repository, reference)
        return self._found(found) if found and found.parts is not None and found.place else None

    def blob(self, repository: str, digest: str) -> Found | None:
        """The config or layer that a digest names."""
        found = self._needed(repository, digest)
        return self._found(found) if found and found.parts is None and found.place else None

    def digest(self, repository: str, reference: str) -> str:
        """The digest of a manifest that is there, or ``""``."""
        found = self._find(repository, reference)
        return _text(found.digest) if found and found.parts is not None and found.place else ""

    def needs(self, repository: str, digest: str) -> bool:
        """Whether an image of the repository needs this object, there or not."""
        return self._needed(repository, digest) is not None

    def use(self, repository: str, reference: str, now: float) -> None:
        """A client asked for the manifest of an image, by tag or digest. By digest, of several tags of one manifest
        that which came last is used.
        """
        image = self._image(repository, reference)
        if image is None:
            root = self._needed(repository, reference)
            image = root.root_of if root else None
            if image is None or image.repository.name != repository:
                return
        self._order.use(image)
        if self._eviction.idle is not None:
            self._used[image] = now
            self._used.move_to_end(image)

    def keep_manifest(self, repository: str, reference: str, digest: str, manifest: Manifest, now: float) -> bool:
        """Take a manifest in, if there is room: under a tag, or under its digest. What the tag named before stays
        there by digest. A digest that an image needs already makes no image of its own.
        """
        self._supersede(repository, reference, digest, now)
        if not self._admit(repository, reference, digest, len(manifest.data), now):
            return False
        kept = self._objects[_key(digest)]
        self._store(kept, manifest.data)
        kept.media_type = manifest.media_type
        if kept.parts is None:
            kept.parts = tuple(self._object(part) for part in (*manifest.manifests, *manifest.blobs))
            for place in kept.repositories():
                self._need(kept.parts, place)
        return True

    def keep_blob(self, repository: str, digest: str, data: bytes, now: float) -> bool:
        """Take a blob in, if there is room: for the images that need it, or else as an image of its own."""
        if not self._admit(repository, digest, digest, len(data), now):
            return False
        self._store(self._objects[_key(digest)], data)
        return True

    def checked(self, repository: str, tag: str, now: float) -> None:
        """A tag was found to name upstream what it names here, or could not be asked about."""
        image = self._image(repository, tag)
        if image and self._checks:
            self._checked[image] = now
            self._checked.move_to_end(image)

    def checked_at(self, repository: str, tag: str) -> float | None:
        """When a tag was last checked or fetched."""
        image = self._image(repository, tag)
        return self._checked.get(image) if image else None

    def evict(self, repository: str, reference: str | None = None) -> None:
        """Let an image go, or (without a reference) all images of a repository. What others need stays."""
        place = self._repositories.get(repository)
        if place:
            gone = place.images.get(reference) if reference else None
            for image in [gone] if gone else [] if reference else list(place.images.values()):
                self._leave(image)

    def drop(self, repository: str, digest: str) -> None:
        """Let the bytes of an object go, whatever needs it."""
        found = self._needed(repository, digest)
        if found:
            self._unstore(found)

    def alone(self, repository: str, tag: str | None = None) -> Iterator[tuple[str, list[str]]]:
        """Of the image that a tag names, or of each image of a repository: the digest of its root, and of all that
        nothing but this image, or nothing in another repository, needs.
        """
        place = self._repositories.get(repository)
        for image in list(place.images.values()) if place else ():
            if tag in (None, image.reference):
                parts = _closure(image.root, lambda part: part.needed() == 1 if tag else not part.more)
                yield _text(image.root.digest), [_text(part.digest) for part in parts]

    def sweep(self, now: float) -> None:
        """Let go what was idle too long or is too old."""
        for ages, longest in self._limits():
            while ages and (oldest := next(iter(ages))) and ages[oldest] + longest <= now:
                self._leave(oldest)

    def next_expiry(self) -> float | None:
        """When the next image will have been idle too long, or be too old."""
        return min((next(iter(ages.values())) + longest for ages, longest in self._limits() if ages), default=None)

    @property
    def checks(self) -> int:
        """How many tags there are to be checked."""
        return len(self._checked)

    def next_check(self) -> tuple[float, str, str] | None:
        """When the tag was checked that was checked longest ago, its repository, and the tag."""
        for image, at in self._checked.items():
            return at, image.repository.name, image.reference
        return None

    def _limits(self) -> Iterator[tuple[Ages, float]]:
        if self._eviction.idle is not None:
            yield self._used, self._eviction.idle
        if self._eviction.age is not None:
            yield self._fetched, self._eviction.age

    def _image(self, repository: str, reference: str) -> CachedImage | None:
        place = self._repositories.get(repository)
        return place.images.get(reference) if place else None

    def _find(self, repository: str, reference: str) -> CachedObject | None:
        """What a tag or a digest names, there or not."""
        if ":" in reference:
            return self._needed(repository, reference)
        image = self._image(repository, reference)
        return image.root if image else None

    def _needed(self, repository: str, digest: str) -> CachedObject | None:
        place = self._repositories.get(repository)
        found = self._objects.get(_key(digest)) if place else None
        return found if place and found and found.needed_in(place) else None

    def _found(self, found: CachedObject) -> Found:
        digest = _text(found.digest)
        return Found("", ContentObject("", digest, found.media_type, found.size), self._shelf.read(found.place))

    def _object(self, digest: str) -> CachedObject:
        key = _key(digest)
        found = self._objects.get(key)
        if found is None:
            found = self._objects[key] = CachedObject(key)
        return found

    def _supersede(self, repository: str, tag: str, digest: str, now: float) -> None:
        """Let what a tag named before be there by its digest alone, if it named something else."""
        image = self._image(repository, tag)
        if image is None or image.root.digest == _key(digest):
            return
        old = _text(image.root.digest)
        if old in image.repository.images:
            self._leave(image)
            return
        del image.repository.images[tag]
        image.reference = old
        image.repository.images[old] = image
        self._checked.pop(image, None)

    def _admit(self, repository: str, reference: str, digest: str, size: int, now: float) -> bool:
        """Make an image and room for one of its objects, unless it cannot be."""
        if self._eviction.bytes is not None and size > self._eviction.bytes:
            return False
        new = not self._is_there(repository, reference)
        if not self._make_room(_key(digest), size, int(new)):
            return False
        if new:
            self._add(repository, reference, digest)
        elif not self._is_there(repository, reference):
            return False
        image = self._image(repository, reference)
        if image:
            self._date(image, now)
        return True

    def _is_there(self, repository: str, reference: str) -> bool:
        """Whether a reference is that of an image, or the digest of what an image needs."""
        return self._image(repository, reference) is not None or (
            ":" in reference and self.needs(repository, reference)
        )

    def _make_room(self, key: bytes | str, size: int, images: int) -> bool:
        """Let images go until there is room for an object of this size and so many more images."""
        bytes_, most = self._eviction.bytes, self._eviction.images
        while True:
            held = self._objects.get(key)
            more = 0 if held and held.place else size
            full = bytes_ is not None and self.bytes + more > bytes_
            if not full and (most is None or len(self._order) + images <= most):
                return True
            if not len(self._order):
                return False
            self._forget(self._order.pop())

    def _add(self, repository: str, reference: str, digest: str) -> None:
        place = self._repositories.get(repository)
        if place is None:
            place = self._repositories[repository] = Repository(repository)
        root = self._object(digest)
        image = place.images[reference] = CachedImage(place, reference, root)
        root.root_of = image
        self._need((root,), place)
        self._order.add(image)

    def _date(self, image: CachedImage, now: float) -> None:
        """Write down that an image was fetched now."""
        for ages, wanted in (
            (self._used, self._eviction.idle is not None),
            (self._fetched, self._eviction.age is not None),
            (self._checked, self._checks and ":" not in image.reference),
        ):
            if wanted:
                ages[image] = now
                ages.move_to_end(image)

    def _leave(self, image: CachedImage) -> None:
        """Let an image go, and every object that no other needs."""
        self._order.remove(image)
        self._forget(image)

    def _forget(self, image: CachedImage) -> None:
        """The same for an image that is out of the order."""
        del image.repository.images[image.reference]
        if not image.repository.images:
            del self._repositories[image.repository.name]
        if image.root.root_of is image:
            image.root.root_of = None
        for ages in (self._used, self._fetched, self._checked):
            ages.pop(image, None)
        self._release(image.root, image.repository)

    def _need(self, parts: Iterable[CachedObject], place: Repository) -> None:
        """Need objects once more in a repository, and so what they need."""
        ahead = list(parts)
        while ahead:
            part = ahead.pop()
            if part.need(place):
                ahead += part.parts or ()

    def _release(self, root: CachedObject, place: Repository) -> None:
        ahead = [root]
        while ahead:
            part = ahead.pop()
            if not part.release(place):
                continue
            ahead += part.parts or ()
            if part.home is None:
                self._unstore(part)
                del self._objects[part.digest]

    def _store(self, kept: CachedObject, data: bytes) -> None:
        if not kept.place:
            kept.place = self._shelf.put(data)
            kept.size = len(data)
            self.bytes += kept.size

    def _unstore(self, part: CachedObject) -> None:
        if part.place:
            self._shelf.remove(part.place)
            self.bytes -= part.size
            part.place = 0


def _closure(root: CachedObject, counts: Callable[[CachedObject], bool]) -> Iterator[CachedObject]:
    """What an object needs, itself included, as far as it counts."""
    seen: set[CachedObject] = set()
    ahead = [root]
    while ahead:
        part = ahead.pop()
        if part not in seen and counts(part):
            seen.add(part)
            yield part
            ahead += part.parts or ()


def _key(digest: str) -> bytes | str:
    """A digest, as short as may be."""
    return bytes.fromhex(digest[len(_SHA256) :]) if digest.startswith(_SHA256) else digest


def _text(key: bytes | str) -> str:
    return _SHA256 + key.hex() if isinstance(key, bytes) else key
