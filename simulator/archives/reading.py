"""What images an archive holds: an OCI image layout (image-spec 1.1, "Image Layout"), or what ``docker save`` wrote.

All bytes are kept as they are, and every digest is verified. Of an index, which is kept whole, manifests may be
missing as long as one is there: so ``docker save`` writes an image that was pulled for one platform.
"""

import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeGuard

from simulator.archives.files import ArchiveError, Files, in_tar, opened
from simulator.arrangement import ContentObject
from simulator.bounds import LARGEST_MANIFEST, STANDARD, Bounds
from simulator.registry import manifests
from simulator.registry.content import MEDIA_TYPES, digest_of
from simulator.registry.manifests import Manifest, ManifestError
from simulator.registry.store import BLOB_TYPE, Found

LAYOUT_VERSION = "1.0.0"
NAME, REF_NAME = "io.containerd.image.name", "org.opencontainers.image.ref.name"
"""Annotations of index.json: an image's whole name, and a tag or a whole name."""

_DOCKER = MEDIA_TYPES["docker"]
_LAYER_TYPES = {False: "application/vnd.docker.image.rootfs.diff.tar", True: _DOCKER.layer}
"""Docker's types of a layer, by whether it is compressed."""

_HASHES = ("sha256", "sha512")
_GZIP = b"\x1f\x8b"
_CONFIG_NAME = re.compile(r"(?:blobs/sha256/|sha256:)?([a-f0-9]{64})(?:\.json)?")


@dataclass(frozen=True, slots=True)
class Root:
    """One image of an archive: the digest of its manifest or index, and what the archive calls it (``""``: nothing).
    A name may be a tag alone.
    """

    digest: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Archive:
    """The images of an archive, and their manifests and blobs by digest."""

    roots: tuple[Root, ...]
    manifests: Mapping[str, Manifest]
    blobs: Mapping[str, bytes]

    def needed(self, root: str) -> Iterator[str]:
        """The digests of what is here of an image, each once, its root last."""
        seen: set[str] = set()
        ahead = [root]
        while ahead:
            digest = ahead.pop()
            if digest not in seen and (digest in self.manifests or digest in self.blobs):
                seen.add(digest)
                manifest = self.manifests.get(digest)
                ahead += (*manifest.manifests, *manifest.blobs) if manifest else ()
        yield from sorted(seen - {root})
        yield root

    def parts(self, root: str) -> Iterator[Found]:
        """What is here of an image, its root first."""
        for digest in reversed(list(self.needed(root))):
            manifest = self.manifests.get(digest)
            data = manifest.data if manifest else self.blobs[digest]
            media_type = manifest.media_type if manifest else BLOB_TYPE
            yield Found("", ContentObject("", digest, media_type, len(data)), data)


def read(path: Path, bounds: Bounds = STANDARD) -> Archive:
    """The images of a directory or a file. Raises ArchiveError, with a whole sentence."""
    try:
        with opened(path, 2 * bounds.pushed) as files:
            return _archive(files, bounds)
    except ArchiveError as error:
        message = f"{path} cannot be loaded: {error}."
        raise ArchiveError(message) from error


def read_tar(file: IO[bytes], bounds: Bounds = STANDARD) -> Archive:
    """The images of an open file. Raises ArchiveError, with a whole sentence."""
    try:
        with in_tar(file, 2 * bounds.pushed) as files:
            return _archive(files, bounds)
    except ArchiveError as error:
        message = f"The archive cannot be loaded: {error}."
        raise ArchiveError(message) from error


def _archive(files: Files, bounds: Bounds) -> Archive:
    reader = _Reader(files, bounds)
    if files.read("oci-layout", LARGEST_MANIFEST) is not None:
        roots = tuple(_layout(reader))
    elif (listed := files.read("manifest.json", LARGEST_MANIFEST)) is not None:
        roots = tuple(root for entry in _entries(listed) for root in _saved(reader, entry))
    else:
        raise ArchiveError("it is neither an OCI image layout (oci-layout) nor what docker save writes (manifest.json)")
    if not roots:
        raise ArchiveError("there is no image in it")
    return Archive(roots, reader.manifests, reader.blobs)


class _Reader:
    """Reads files, and keeps what is worth keeping, as far as there is room."""

    def __init__(self, files: Files, bounds: Bounds) -> None:
        self._files = files
        self._bounds = bounds
        self._room = bounds.pushed
        self.manifests: dict[str, Manifest] = {}
        self.blobs: dict[str, bytes] = {}

    def file(self, name: str, limit: int | None = None) -> bytes:
        """A file that must be there."""
        data = self._files.read(name, self._bounds.blob if limit is None else limit)
        if data is None:
            message = f"{name} is not in it"
            raise ArchiveError(message)
        return data

    def object(self, digest: str, limit: int) -> bytes | None:
        """What a digest names, if it is there."""
        algorithm, _, encoded = digest.partition(":")
        if algorithm not in _HASHES:
            message = f"the algorithm of {digest} is not known here"
            raise ArchiveError(message)
        data = self._files.read(f"blobs/{algorithm}/{encoded}", limit)
        if data is not None and hashlib.new(algorithm, data).hexdigest() != encoded:
            message = f"the blob {digest} has other bytes than its digest says"
            raise ArchiveError(message)
        return data

    def keep_blob(self, digest: str, data: bytes | None = None) -> None:
        """Keep a blob: these bytes, or those that are in the archive."""
        if digest in self.blobs:
            return
        if data is None:
            data = self.object(digest, self._bounds.blob)
        if data is None:
            message = f"the blob {digest} is not in it"
            raise ArchiveError(message)
        self._take(len(data))
        self.blobs[digest] = data

    def keep_manifest(self, digest: str, data: bytes, media_type: str) -> Manifest:
        try:
            manifest = manifests.read(data, media_type)
        except ManifestError as error:
            message = f"{digest} is no manifest: {str(error)[:1].lower()}{str(error)[1:-1]}"
            raise ArchiveError(message) from error
        self._take(len(data))
        self.manifests[digest] = manifest
        return manifest

    def keep_image(self, digest: str, media_type: str) -> None:
        """Keep a manifest or an index with all that is below it."""
        ahead = [(digest, media_type)]
        while ahead:
            digest, media_type = ahead.pop()
            if digest in self.manifests:
                continue
            data = self.object(digest, LARGEST_MANIFEST)
            if data is None:
                message = f"the manifest {digest} is not in it"
                raise ArchiveError(message)
            manifest = self.keep_manifest(digest, data, media_type)
            for blob in manifest.blobs:
                self.keep_blob(blob)
            children = [(child["digest"], child["mediaType"]) for child in _listed(data)]
            there = [child for child in children if self.object(child[0], LARGEST_MANIFEST) is not None]
            if children and not there:
                message = f"of the manifests that {digest} lists, none is in it"
                raise ArchiveError(message)
            ahead += there

    def diff_id(self, layer: bytes) -> str:
        """The digest of a layer's tar."""
        if not layer.startswith(_GZIP):
            return digest_of(layer)
        hashed, left = hashlib.sha256(), self._bounds.pushed
        try:
            with gzip.open(io.BytesIO(layer)) as tar:
                while piece := tar.read(1 << 20):
                    left -= len(piece)
                    if left < 0:
                        raise ArchiveError("a layer is too large when it is decompressed")
                    hashed.update(piece)
        except (OSError, EOFError, zlib.error) as error:
            message = f"a layer is not gzip as it begins ({error})"
            raise ArchiveError(message) from error
        return f"sha256:{hashed.hexdigest()}"

    def _take(self, count: int) -> None:
        self._room -= count
        if self._room < 0:
            message = f"there are more than {self._bounds.pushed} bytes in it; all content is kept in memory"
            raise ArchiveError(message)


def _layout(reader: _Reader) -> Iterator[Root]:
    """The images of an OCI image layout."""
    about = _object(reader.file("oci-layout", LARGEST_MANIFEST), "oci-layout")
    if about.get("imageLayoutVersion") != LAYOUT_VERSION:
        message = f"the version in oci-layout is not {LAYOUT_VERSION}"
        raise ArchiveError(message)
    data = reader.file("index.json", LARGEST_MANIFEST)
    try:
        manifests.read(data, MEDIA_TYPES["oci"].index)
    except ManifestError as error:
        message = f"index.json is no index: {str(error)[:1].lower()}{str(error)[1:-1]}"
        raise ArchiveError(message) from error
    for descriptor in _listed(data):
        reader.keep_image(descriptor["digest"], descriptor["mediaType"])
        said = descriptor.get("annotations")
        said = said if isinstance(said, dict) else {}
        name = said.get(NAME) or said.get(REF_NAME) or ""
        yield Root(descriptor["digest"], name if isinstance(name, str) else "")


def _saved(reader: _Reader, entry: Mapping[str, Any]) -> Iterator[Root]:
    """An image as ``docker save`` wrote it before Docker 25, and as others still do: a config, and layers' tars.

    The manifest is made here, with Docker's types.
    """
    path, paths, tags = entry.get("Config"), entry.get("Layers"), entry.get("RepoTags") or []
    if not isinstance(path, str) or not _are_strings(paths) or not _are_strings(tags):
        raise ArchiveError("manifest.json does not name each image's Config, Layers and RepoTags")
    config = reader.file(path, LARGEST_MANIFEST)
    digest = digest_of(config)
    named = _CONFIG_NAME.fullmatch(path)
    if named and digest != f"sha256:{named[1]}":
        message = f"the config {path} has other bytes than its name says"
        raise ArchiveError(message)
    rootfs = _object(config, path).get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not _are_strings(diff_ids) or len(diff_ids) != len(paths):
        message = f"the config {path} does not list the {len(paths)} layers of manifest.json"
        raise ArchiveError(message)
    layers = []
    for place, diff_id in zip(paths, diff_ids, strict=True):
        layer = reader.file(place)
        if reader.diff_id(layer) != diff_id:
            message = f"the layer {place} has other bytes than the config's {diff_id}"
            raise ArchiveError(message)
        reader.keep_blob(digest_of(layer), layer)
        layers.append(_descriptor(_LAYER_TYPES[layer.startswith(_GZIP)], layer))
    reader.keep_blob(digest, config)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _DOCKER.manifest,
        "config": _descriptor(_DOCKER.config, config),
        "layers": layers,
    }
    data = json.dumps(manifest, separators=(",", ":")).encode()
    root = digest_of(data)
    if root not in reader.manifests:
        reader.keep_manifest(root, data, _DOCKER.manifest)
    yield from (Root(root, tag) for tag in tags or [""])


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}


def _listed(index: bytes) -> list[dict[str, Any]]:
    """The descriptors of an index that has been read already; none of a manifest."""
    listed: list[dict[str, Any]] = json.loads(index).get("manifests", [])
    return listed


def _entries(data: bytes) -> list[dict[str, Any]]:
    value = _json(data, "manifest.json")
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    raise ArchiveError("manifest.json is not a list of images")


def _object(data: bytes, name: str) -> dict[str, Any]:
    value = _json(data, name)
    if isinstance(value, dict):
        return value
    message = f"{name} is not a JSON object"
    raise ArchiveError(message)


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"{name} is not JSON"
        raise ArchiveError(message) from error


def _are_strings(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
