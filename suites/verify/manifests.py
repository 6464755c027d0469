"""The manifests of an image, and the objects that they name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from suites.verify.answers import Part, Stage, is_digest


@dataclass
class Manifests:
    """The manifests that anybody has shown, by their digests; their bytes fit them."""

    platform: str
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def learn(self, digest: str, data: bytes) -> None:
        """Take a manifest that its digest fits."""
        self.sizes[digest] = len(data)
        try:
            document = json.loads(data)
        except ValueError:
            return
        if isinstance(document, dict):
            self.documents[digest] = document

    def children(self, roots: Sequence[str]) -> list[Part]:
        """The manifests that indexes have for this platform."""
        found = (self.child(root) for root in roots)
        return [part for part in dict.fromkeys(found) if part is not None]

    def child(self, root: str) -> Part | None:
        for entry in _dicts(self.documents.get(root, {}).get("manifests")):
            offered = entry.get("platform")
            if isinstance(offered, dict) and self._fits(offered):
                return _part("manifest", entry)
        return None

    def _fits(self, offered: Mapping[str, Any]) -> bool:
        system, _, rest = self.platform.partition("/")
        architecture, _, variant = rest.partition("/")
        named = offered.get("os"), offered.get("architecture")
        return named == (system, architecture) and variant in ("", offered.get("variant"))

    def blobs(self, roots: Sequence[str]) -> list[Part]:
        """The configs and layers of images, as far as their manifests are known."""
        return [
            part for part in dict.fromkeys(p for r in roots for p in self.parts(r) or ()) if part.stage != "manifest"
        ]

    def parts(self, root: str) -> tuple[Part, ...] | None:
        """All objects of an image, as far as they are known: with its layers, where all manifests are. None where
        nobody has shown its root; none at all where it has nothing for the platform.
        """
        if root not in self.documents:
            return None
        above = [Part("manifest", root, self.sizes[root])]
        document = self.documents[root]
        if "manifests" in document:
            child = self.child(root)
            if child is None:
                return ()
            above.append(child)
            document = self.documents.get(child.digest, {})
        config = _part("config", document.get("config"))
        layers = (_part("layer", entry) for entry in _dicts(document.get("layers")))
        return (*above, config, *dict.fromkeys(layer for layer in layers if layer)) if config else tuple(above)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, dict))


def _part(stage: Stage, entry: Any) -> Part | None:
    """An object as a manifest describes it; None where it does not."""
    if not isinstance(entry, dict) or not is_digest(str(entry.get("digest"))):
        return None
    size = entry.get("size")
    return Part(stage, str(entry["digest"]), size if isinstance(size, int) else None)
