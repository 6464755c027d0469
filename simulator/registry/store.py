"""What one server holds, by repository: the copies of images that were arranged, and what clients pushed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from simulator.arrangement import ContentObject
from simulator.bounds import STANDARD, Bounds, Room
from simulator.filed import Data
from simulator.registry import manifests
from simulator.registry.content import Image
from simulator.registry.manifests import Manifest
from simulator.registry.pushed import Pushed
from simulator.registry.uploads import Uploads

BLOB_TYPE = "application/octet-stream"
_MANIFEST_ROLES = ("index", "manifest")


def role_matches(role: str, pattern: str) -> bool:
    """Whether a pattern stands for a role: itself, or the same object of every platform."""
    return role == pattern or role.endswith(":" + pattern)


@lru_cache(maxsize=512)
def _is_manifest(role: str) -> bool:
    return any(role_matches(role, manifest) for manifest in _MANIFEST_ROLES)


@dataclass(frozen=True, slots=True)
class Found:
    """An object that a server holds, and the name of the image that it is part of (``""``: it was pushed)."""

    image: str
    object: ContentObject
    data: Data

    @property
    def is_manifest(self) -> bool:
        return _is_manifest(self.object.role)


@dataclass(frozen=True, slots=True)
class Holding:
    """A copy of an image, and the roles of the objects that it lacks."""

    name: str
    image: Image
    without: frozenset[str] = frozenset()

    def find(self, digest: str) -> ContentObject | None:
        """The object of this digest, if this copy has it."""
        found = self.image.objects.get(digest)
        if found and self.without and any(role_matches(found.role, pattern) for pattern in self.without):
            return None
        return found

    def found(self, digest: str) -> Found | None:
        """The same, with its bytes."""
        part = self.find(digest)
        return Found(self.name, part, self.image.bytes_of[digest]) if part else None


@dataclass
class _Repository:
    pushed: Pushed
    tags: dict[str, Holding] = field(default_factory=dict)
    untagged: list[Holding] = field(default_factory=list)

    def holdings(self) -> Iterable[Holding]:
        yield from self.tags.values()
        yield from self.untagged

    def arranged(self, digest: str) -> Iterator[Found]:
        """What copies of images have under a digest."""
        return (found for holding in self.holdings() if (found := holding.found(digest)))

    def strike(self, digest: str) -> None:
        """Take an object out of every copy of an image that has it."""

        def without(holding: Holding) -> Holding:
            part = holding.find(digest)
            return replace(holding, without=holding.without | {part.role}) if part else holding

        self.tags = {tag: without(holding) for tag, holding in self.tags.items()}
        self.untagged = [without(holding) for holding in self.untagged]

    def release(self, tag: str) -> bool:
        """Let a tag name no copy of an image. That stays reachable by digest. Tells whether it named one."""
        holding = self.tags.pop(tag, None)
        if holding:
            self.untagged.append(holding)
        return holding is not None

    def untag(self, tag: str) -> bool:
        """Let a tag name nothing. What it named stays reachable by digest. Tells whether there was such a tag."""
        pushed = self.pushed.remove_tag(tag)
        return self.release(tag) or pushed


class Store:
    """The repositories of one server. ``seed`` determines the names of uploads."""

    def __init__(self, bounds: Bounds = STANDARD, seed: str = "") -> None:
        self.bounds = bounds
        self._room, self._places = Room(bounds.pushed), Room(bounds.objects)
        self.uploads = Uploads(seed, self._room)
        self._repositories: dict[str, _Repository] = {}

    def put(self, repository: str, tag: str | None, holding: Holding) -> None:
        """Take a copy in. What its tag named before stays reachable by digest, unless it is the same image."""
        place = self._place(repository)
        root = holding.image.content.root
        if tag is None:
            place.untagged.append(holding)
            return
        place.untag(tag)
        place.untagged = [other for other in place.untagged if other.image.content.root != root]
        place.tags[tag] = holding

    def put_blob(self, repository: str, digest: str, data: Data) -> bool:
        """Take a pushed blob in, unless there is no room for it."""
        added = self._place(repository).pushed.add_blob(digest, data)
        self._leave(repository)
        return added

    def put_manifest(self, repository: str, digest: str, tag: str | None, manifest: Manifest) -> bool:
        """Take a pushed manifest in, unless there is no room for it. What its tag named before stays reachable by
        digest.
        """
        place = self._place(repository)
        if not place.pushed.add_manifest(digest, manifest, tag):
            self._leave(repository)
            return False
        if tag is not None:
            place.release(tag)
        return True

    def take(self, other: "Store", repository: str, tag: str) -> None:
        """Take over what a tag names on another server, if anything. Of what was pushed there comes what there is
        room for.
        """
        source = other._repositories.get(repository, _Repository(Pushed(Room(0), Room(0))))
        if holding := source.tags.get(tag):
            self.put(repository, tag, holding)
        root = source.pushed.tags.get(tag)
        if root is None:
            return
        needed = list(source.pushed.closure(root))
        for digest, data in source.pushed.blobs.items():
            if digest in needed:
                self.put_blob(repository, digest, data)
        own = {id(holding) for holding in self._place(repository).holdings()}
        for holding in source.holdings():
            if id(holding) not in own and any(map(holding.find, needed)):
                self.put(repository, None, holding)
        for digest, manifest in source.pushed.manifests.items():
            if digest in needed:
                self.put_manifest(repository, digest, tag if digest == root else None, manifest)

    def evict(self, repository: str, tag: str | None, roles: Iterable[str] = ()) -> None:
        """Let a tag's copy go, or only its objects of some roles; without a tag, those of the whole
        repository.
        """
        place = self._repositories.get(repository)
        if place is None:
            return
        struck = frozenset(roles)
        if not struck:
            if tag is None:
                place.tags.clear()
                place.untagged.clear()
                place.pushed.clear()
            else:
                place.tags.pop(tag, None)
                place.pushed.remove_image(tag)
        else:
            for name, holding in place.tags.items():
                if tag in (None, name):
                    place.tags[name] = replace(holding, without=holding.without | struck)
            if tag is None:
                place.untagged = [replace(old, without=old.without | struck) for old in place.untagged]
        self._leave(repository)

    def drop(self, repository: str, digest: str) -> None:
        """Take a manifest or a blob out, whatever needs it."""
        self.delete_manifest(repository, digest)
        self.delete_blob(repository, digest)

    def closure(self, repository: str, tag: str) -> Iterator[Found]:
        """What a tag names and all that it needs, as far as it is there: each once, and manifests before what they
        need.
        """
        root = self.manifest(repository, tag)
        ahead = [root] if root else []
        seen = set()
        while ahead:
            found = ahead.pop(0)
            if found.object.digest in seen:
                continue
            seen.add(found.object.digest)
            yield found
            if manifests.is_type(found.object.media_type):
                manifest = manifests.read(found.data, found.object.media_type)
                children = (self.manifest(repository, digest) for digest in manifest.manifests)
                blobs = (self.blob(repository, digest) for digest in manifest.blobs)
                ahead += [part for part in (*children, *blobs) if part]

    def repositories(self) -> list[str]:
        return sorted(self._repositories)

    def delete_tag(self, repository: str, tag: str) -> bool:
        """Let a tag name nothing; tells whether it named anything."""
        place = self._repositories.get(repository)
        return place is not None and place.untag(tag)

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Take a manifest out, whatever names it; tells whether it was there."""
        if self.manifest(repository, digest) is None:
            return False
        place = self._repositories[repository]
        place.strike(digest)
        place.pushed.remove_manifest(digest)
        return True

    def delete_blob(self, repository: str, digest: str) -> bool:
        """Take a blob out, whatever needs it; tells whether it was there."""
        if self.blob(repository, digest) is None:
            return False
        place = self._repositories[repository]
        place.strike(digest)
        place.pushed.remove_blob(digest)
        return True

    def has(self, repository: str) -> bool:
        return repository in self._repositories

    def tags(self, repository: str) -> list[str]:
        """The tags whose manifest is there, in lexical order (distribution-spec 1.1, "Listing Tags")."""
        place = self._repositories.get(repository)
        if place is None:
            return []
        arranged = (tag for tag, holding in place.tags.items() if holding.find(holding.image.content.root))
        return sorted((*arranged, *place.pushed.tags))

    def referrers(self, repository: str, digest: str) -> dict[str, Manifest]:
        """The manifests whose subject is this one, by digest (distribution-spec 1.1, "Listing Referrers").
        No image of an arrangement has a subject.
        """
        place = self._repositories.get(repository)
        manifests = place.pushed.manifests if place else {}
        return {own: manifest for own, manifest in manifests.items() if manifest.subject == digest}

    def manifest(self, repository: str, reference: str) -> Found | None:
        """The manifest or index that a tag or a digest names."""
        place = self._repositories.get(repository)
        if place is None:
            return None
        holding = place.tags.get(reference)
        if holding:
            return holding.found(holding.image.content.root)
        digest = place.pushed.tags.get(reference, reference)
        arranged = next((found for found in place.arranged(digest) if found.is_manifest), None)
        pushed = place.pushed.manifests.get(digest)
        return arranged or (_pushed(digest, pushed.media_type, pushed.data) if pushed else None)

    def blob(self, repository: str, digest: str) -> Found | None:
        """The config or layer that a digest names."""
        place = self._repositories.get(repository)
        if place is None:
            return None
        arranged = next((found for found in place.arranged(digest) if not found.is_manifest), None)
        pushed = place.pushed.blobs.get(digest)
        return arranged or (None if pushed is None else _pushed(digest, BLOB_TYPE, pushed))

    def _leave(self, repository: str) -> None:
        """Forget a repository in which there is nothing."""
        place = self._repositories[repository]
        if not (place.tags or place.untagged or place.pushed):
            del self._repositories[repository]

    def _place(self, repository: str) -> _Repository:
        place = self._repositories.get(repository)
        if place is None:
            place = self._repositories[repository] = _Repository(Pushed(self._room, self._places))
        return place


def _pushed(digest: str, media_type: str, data: Data) -> Found:
    return Found("", ContentObject("", digest, media_type, len(data)), data)
