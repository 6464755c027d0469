"""Archives made of images, as tools write them."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from fixtures.images.building import add
from simulator.registry.content import Image, digest_of

LAYOUT = b'{"imageLayoutVersion": "1.0.0"}'
Files = dict[str, bytes]


def blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def descriptor(digest: str, media_type: str, size: int, **annotations: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size, "annotations": annotations}


def index(*descriptors: Mapping[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": descriptors}).encode()


def root_of(image: Image, **annotations: str) -> dict[str, object]:
    root = image.content.objects[0]
    return descriptor(root.digest, root.media_type, root.size, **annotations)


def layout(*images: Image, roots: Iterable[Mapping[str, object]]) -> Files:
    """An OCI image layout."""
    blobs = {blob(digest): bytes(data) for image in images for digest, data in image.bytes_of.items()}
    return {"oci-layout": LAYOUT, "index.json": index(*roots), **blobs}


def saved(image: Image, *tags: str, compressed: bool = False) -> Files:
    """What ``docker save`` wrote before Docker 25, of an image of one platform."""
    config = next(part.digest for part in image.content.objects if part.role == "config")
    layers = [bytes(image.bytes_of[part.digest]) for part in image.content.objects if part.role.startswith("layer:")]
    tars = layers if compressed else [gzip.decompress(layer) for layer in layers]
    files = {f"{digest_of(tar)[7:]}/layer.tar": tar for tar in tars}
    name = f"{config[7:]}.json"
    entry = {"Config": name, "RepoTags": list(tags) or None, "Layers": list(files)}
    return {name: bytes(image.bytes_of[config]), **files, "manifest.json": json.dumps([entry]).encode()}


def tar(files: Mapping[str, bytes], *more: tarfile.TarInfo) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        add(archive, files)
        for member in more:
            archive.addfile(member)
    return written.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def unpack(files: Mapping[str, bytes], directory: Path) -> Path:
    for name, data in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return directory
