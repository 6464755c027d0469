"""One server of a world: what it holds, how that is changed, and how it misbehaves."""

from collections.abc import Callable
from dataclasses import replace

from simulator.archives.reading import Archive
from simulator.arrangement import Evict
from simulator.checks import ArrangementError
from simulator.faults import Faults
from simulator.mirror.mirror import Mirror
from simulator.registry.store import Holding, Store
from simulator.topology import Site


class Server:
    """A site with its present state: what it holds, in a ``store``, or as a ``mirror`` that has a policy."""

    def __init__(self, site: Site, store: Store) -> None:
        self.site = site
        self.store = store
        self.mirror: Mirror | None = None
        self.faults = Faults()

    def put(self, repository: str, tag: str | None, holding: Holding, now: float) -> None:
        """Hold a copy of an image."""
        if self.mirror is None:
            self.store.put(repository, tag, holding)
            return
        whole = replace(holding, without=frozenset())
        objects = holding.image.content.objects
        parts = [found for part in objects if (found := whole.found(part.digest))]
        self.mirror.put(repository, tag, parts, now)
        if lacking := {part.digest for part in objects if not holding.find(part.digest)}:
            self.mirror.strip(repository, tag or holding.image.content.root, lambda _: lacking)

    def take(self, hub: Store, repository: str, tag: str, now: float) -> None:
        """Hold what a tag names at Hub, if it names anything there."""
        if self.mirror:
            self.mirror.put(repository, tag, hub.closure(repository, tag), now)
        else:
            self.store.take(hub, repository, tag)

    def load(self, archive: Archive, repository: str, tag: str | None, root: str, now: float) -> None:
        """Hold an image of an archive, as if it had been pushed here.

        Raises ArrangementError where there is no room; what was taken in by then has no tag.
        """
        if self.mirror:
            self.mirror.put(repository, tag, archive.parts(root), now)
            return
        for digest in archive.needed(root):
            manifest = archive.manifests.get(digest)
            named = tag if digest == root else None
            if not (
                self.store.put_manifest(repository, digest, named, manifest)
                if manifest
                else self.store.put_blob(repository, digest, archive.blobs[digest])
            ):
                full = self.site.name
                message = f"There is no room left on server {full!r} for {repository}; all content is kept in memory."
                raise ArrangementError(message)

    def evict(self, change: Evict, playing: Callable[[str], set[str]]) -> None:
        """Let go of what a change names; ``playing`` gives the digests that have its roles, in the image of a root."""
        held = self.mirror.cache if self.mirror else self.store
        for digest in change.digests:
            held.drop(change.repository, digest)
        if change.digests:
            return
        if self.mirror is None:
            self.store.evict(change.repository, change.tag, change.roles)
        elif change.roles:
            self.mirror.strip(change.repository, change.tag, playing)
        else:
            self.mirror.cache.evict(change.repository, change.tag)
