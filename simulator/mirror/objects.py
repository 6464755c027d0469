"""The records of a cache. There may be millions of them: they are as small as plain Python objects get."""

from collections.abc import Iterator

from simulator.registry.store import BLOB_TYPE


class Repository:
    """The images of one repository, by reference."""

    __slots__ = ("images", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.images: dict[str, CachedImage] = {}


class CachedObject:
    """One manifest or blob. ``place`` is its number on the shelf, 0 while its bytes are not there. ``parts`` is what
    a manifest needs (``None`` of a blob, and of a manifest that was never there).

    ``home`` and ``needs`` tell in which repository it is needed, how often; ``more`` does so for others.
    """

    __slots__ = ("digest", "home", "media_type", "more", "needs", "parts", "place", "root_of", "size")

    def __init__(self, digest: bytes | str) -> None:
        self.digest = digest
        self.size = 0
        self.place = 0
        self.media_type = BLOB_TYPE
        self.parts: tuple[CachedObject, ...] | None = None
        self.root_of: CachedImage | None = None
        self.home: Repository | None = None
        self.needs = 0
        self.more: dict[Repository, int] | None = None

    def needed_in(self, repository: Repository) -> int:
        if self.home is repository:
            return self.needs
        return self.more.get(repository, 0) if self.more else 0

    def needed(self) -> int:
        """How often it is needed in all."""
        return self.needs + (sum(self.more.values()) if self.more else 0)

    def repositories(self) -> Iterator[Repository]:
        if self.home:
            yield self.home
        yield from self.more or ()

    def need(self, repository: Repository) -> bool:
        """Need it once more in a repository; tells whether that is the first time there."""
        if self.home is repository:
            self.needs += 1
            return False
        if self.home is None:
            self.home, self.needs = repository, 1
            return True
        self.more = self.more or {}
        before = self.more.get(repository, 0)
        self.more[repository] = before + 1
        return not before

    def release(self, repository: Repository) -> bool:
        """Need it once less in a repository; tells whether it is not needed there any more."""
        if self.home is repository:
            self.needs -= 1
            if self.needs:
                return False
            self.home = None
            if self.more:
                self.home, self.needs = self.more.popitem()
                self.more = self.more or None
            return True
        if self.more is None:
            raise LookupError
        self.more[repository] -= 1
        if self.more[repository]:
            return False
        del self.more[repository]
        self.more = self.more or None
        return True


class CachedImage:
    """What a repository has under a reference."""

    __slots__ = ("reference", "repository", "root")

    def __init__(self, repository: Repository, reference: str, root: CachedObject) -> None:
        self.repository = repository
        self.reference = reference
        self.root = root
