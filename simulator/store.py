"""What one server holds: copies of images, by repository and tag."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from simulator.arrangement import ContentObject
from simulator.content import Image

_MANIFEST_ROLES = ("index", "manifest")


def role_matches(role: str, pattern: str) -> bool:
    """Whether a pattern stands for a role: itself, or the same object of every platform."""
    return role == pattern or role.endswith(":" + pattern)


@dataclass(frozen=True, slots=True)
class Holding:
    """A copy of an image, and the roles of the objects that it lacks."""

    name: str
    image: Image
    without: frozenset[str] = frozenset()

    def find(self, digest: str) -> ContentObject | None:
        """The object of this digest, if this copy has it."""
        found = self.image.objects.get(digest)
        if found is None or any(role_matches(found.role, pattern) for pattern in self.without):
            return None
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """An object that a server holds, and the name of the image that it is part of."""

    image: str
    object: ContentObject
    data: bytes

    @property
    def is_manifest(self) -> bool:
        return any(role_matches(self.object.role, role) for role in _MANIFEST_ROLES)


@dataclass
class _Repository:
    tags: dict[str, Holding] = field(default_factory=dict)
    untagged: list[Holding] = field(default_factory=list)

    def holdings(self) -> Iterable[Holding]:
        yield from self.tags.values()
        yield from self.untagged


class Store:
    """The repositories of one server."""

    def __init__(self) -> None:
        self._repositories: dict[str, _Repository] = {}

    def put(self, repository: str, tag: str | None, holding: Holding) -> None:
        """Take a copy in. What its tag named before stays reachable by digest, unless it is the same image."""
        place = self._repositories.setdefault(repository, _Repository())
        root = holding.image.content.root
        if tag is None:
            place.untagged.append(holding)
            return
        before = place.tags.get(tag)
        older = place.untagged if before is None else [*place.untagged, before]
        place.untagged = [other for other in older if other.image.content.root != root]
        place.tags[tag] = holding

    def copy_of(self, repository: str, tag: str) -> Holding | None:
        """The copy that a tag names at present, whatever it lacks."""
        place = self._repositories.get(repository)
        return place.tags.get(tag) if place else None

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
            else:
                place.tags.pop(tag, None)
        else:
            for name, holding in place.tags.items():
                if tag in (None, name):
                    place.tags[name] = replace(holding, without=holding.without | struck)
            if tag is None:
                place.untagged = [replace(old, without=old.without | struck) for old in place.untagged]
        if not place.tags and not place.untagged:
            del self._repositories[repository]

    def repositories(self) -> list[str]:
        return sorted(self._repositories)

    def has(self, repository: str) -> bool:
        return repository in self._repositories

    def tags(self, repository: str) -> list[str]:
        """The tags whose manifest is there, in lexical order (distribution-spec 1.1, "Listing Tags")."""
        place = self._repositories.get(repository, _Repository())
        return sorted(tag for tag, holding in place.tags.items() if holding.find(holding.image.content.root))

    def manifest(self, repository: str, reference: str) -> Found | None:
        """The manifest or index that a tag or a digest names."""
        holding = self.copy_of(repository, reference)
        found = self._find(repository, holding.image.content.root if holding else reference, holding)
        return found if found and found.is_manifest else None

    def blob(self, repository: str, digest: str) -> Found | None:
        """The config or layer that a digest names."""
        found = self._find(repository, digest)
        return found if found and not found.is_manifest else None

    def _find(self, repository: str, digest: str, among: Holding | None = None) -> Found | None:
        place = self._repositories.get(repository)
        if place is None:
            return None
        for holding in (among,) if among else place.holdings():
            found = holding.find(digest)
            if found:
                return Found(image=holding.name, object=found, data=holding.image.bytes_of[digest])
        return None
