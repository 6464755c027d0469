"""What clients have pushed to one repository. It has no roles and no image: no arrangement tells of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.bounds import Room
from simulator.filed import Data
from simulator.registry.manifests import Manifest


@dataclass
class Pushed:
    """Blobs and manifests by digest, and the digest that each tag names. Takes ``room`` for their bytes, and one of the
    ``places`` for each.
    """

    room: Room
    places: Room
    blobs: dict[str, Data] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.blobs or self.manifests)

    def add_blob(self, digest: str, data: Data) -> bool:
        """Take a blob in, unless there is no room for it."""
        if digest not in self.blobs and not self._take(1, len(data)):
            return False
        self.blobs[digest] = data
        return True

    def add_manifest(self, digest: str, manifest: Manifest, tag: str | None = None) -> bool:
        """Take a manifest in, and let a tag name it, unless there is no room for them."""
        is_new, new_tag = digest not in self.manifests, tag is not None and tag not in self.tags
        if not self._take(is_new + new_tag, len(manifest.data) if is_new else 0):
            return False
        self.manifests[digest] = manifest
        if tag is not None:
            self.tags[tag] = digest
        return True

    def remove_tag(self, tag: str) -> bool:
        """Let a tag name nothing; tells whether it named anything."""
        named = self.tags.pop(tag, None)
        self.places.free(int(named is not None))
        return named is not None

    def remove_blob(self, digest: str) -> bool:
        """Take a blob out; tells whether it was there."""
        data = self.blobs.pop(digest, None)
        self._free(data)
        return data is not None

    def remove_manifest(self, digest: str) -> bool:
        """Take a manifest out, and every tag that names it; tells whether it was there."""
        manifest = self.manifests.pop(digest, None)
        for tag in [tag for tag, named in self.tags.items() if named == digest]:
            self.remove_tag(tag)
        self._free(manifest.data if manifest else None)
        return manifest is not None

    def remove_image(self, tag: str) -> None:
        """Take out what a tag names, with all that it needs and no other manifest does."""
        root = self.tags.get(tag)
        self.remove_tag(tag)
        gone = set(self.closure(root)) if root else set()
        kept = set(self.closure(*(digest for digest in self.manifests if digest not in gone), *self.tags.values()))
        for digest in gone - kept:
            self.remove_manifest(digest)
            self.remove_blob(digest)

    def clear(self) -> None:
        for digest in list(self.manifests):
            self.remove_manifest(digest)
        for digest in list(self.blobs):
            self.remove_blob(digest)

    def _take(self, places: int, size: int) -> bool:
        if not self.places.take(places):
            return False
        if not self.room.take(size):
            self.places.free(places)
            return False
        return True

    def _free(self, data: Data | None) -> None:
        if data is not None:
            self.places.free(1)
            self.room.free(len(data))

    def closure(self, *roots: str) -> Iterator[str]:
        """The digests of manifests and of all that they need, each once."""
        seen: set[str] = set()
        ahead = list(roots)
        while ahead:
            digest = ahead.pop()
            if digest not in seen:
                seen.add(digest)
                yield digest
                manifest = self.manifests.get(digest)
                ahead += (*manifest.manifests, *manifest.blobs) if manifest else ()
