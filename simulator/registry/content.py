"""Images made out of nothing but their spec: equal specs give equal bytes, on every machine."""

import hashlib
import json
import struct
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from simulator.arrangement import Content, ContentObject, ImageFormat, ImageSpec
from simulator.filed import Data, keep

DEFAULT_PLATFORM = "linux/amd64"


@dataclass(frozen=True, slots=True)
class MediaTypes:
    """What the parts of an image are called on the wire."""

    index: str
    manifest: str
    config: str
    layer: str


MEDIA_TYPES: Mapping[ImageFormat, MediaTypes] = {
    "docker": MediaTypes(
        index="application/vnd.docker.distribution.manifest.list.v2+json",
        manifest="application/vnd.docker.distribution.manifest.v2+json",
        config="application/vnd.docker.container.image.v1+json",
        layer="application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
    "oci": MediaTypes(
        index="application/vnd.oci.image.index.v1+json",
        manifest="application/vnd.oci.image.manifest.v1+json",
        config="application/vnd.oci.image.config.v1+json",
        layer="application/vnd.oci.image.layer.v1.tar+gzip",
    ),
}

_CREATED = "1970-01-01T00:00:00Z"
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LARGEST_STORED_BLOCK = 0xFFFF


@dataclass(frozen=True)
class Image:
    """An image: the list of its objects, and the bytes of each by digest."""

    content: Content
    bytes_of: Mapping[str, Data] = field(repr=False)
    objects: Mapping[str, ContentObject] = field(repr=False)


@lru_cache(maxsize=64)
def build(spec: ImageSpec) -> Image:
    """The image that a spec describes (image-spec 1.1, or Docker's schema 2)."""
    if spec.platforms:
        parts, diff_ids = _index(spec)
    else:
        parts, diff_ids = _manifest(spec, DEFAULT_PLATFORM, "")
    objects = tuple(part for part, _ in parts)
    return Image(
        content=Content(root=objects[0].digest, objects=objects, diff_ids=diff_ids),
        bytes_of={part.digest: data for part, data in parts},
        objects={part.digest: part for part in objects},
    )


def digest_of(data: Data) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


_Parts = list[tuple[ContentObject, Data]]


def _index(spec: ImageSpec) -> tuple[_Parts, tuple[str, ...]]:
    types = MEDIA_TYPES[spec.format]
    images = {platform: _manifest(spec, platform, platform + ":") for platform in spec.platforms}
    manifests = [
        {**_descriptor(parts[0][0]), "platform": _platform(platform)} for platform, (parts, _) in images.items()
    ]
    root = _part("index", types.index, _json({"schemaVersion": 2, "mediaType": types.index, "manifests": manifests}))
    shown = images.get(DEFAULT_PLATFORM) or (next(iter(images.values())) if len(images) == 1 else ([], ()))
    return [root, *chain.from_iterable(parts for parts, _ in images.values())], shown[1]


def _manifest(spec: ImageSpec, platform: str, prefix: str) -> tuple[_Parts, tuple[str, ...]]:
    types = MEDIA_TYPES[spec.format]
    tars = [_layer(spec.seed, platform, number, size) for number, size in enumerate(spec.layers)]
    diff_ids = tuple(map(digest_of, tars))
    layers = [_part(f"{prefix}layer:{number}", types.layer, _gzip(tar)) for number, tar in enumerate(tars)]
    config = _part(f"{prefix}config", types.config, _config(spec.seed, platform, diff_ids))
    manifest = {
        "schemaVersion": 2,
        "mediaType": types.manifest,
        "config": _descriptor(config[0]),
        "layers": [_descriptor(layer) for layer, _ in layers],
    }
    return [_part(f"{prefix}manifest", types.manifest, _json(manifest)), config, *layers], diff_ids


def _config(seed: str, platform: str, diff_ids: tuple[str, ...]) -> bytes:
    return _json(
        {
            **_platform(platform),
            "created": _CREATED,
            "config": {"Cmd": ["/none"], "Labels": {"seed": seed}},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created": _CREATED, "created_by": f"layer {number}"} for number in range(len(diff_ids))],
        }
    )


def _platform(platform: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def _layer(seed: str, platform: str, number: int, size: int) -> bytes:
    """A tar archive of one file. The file's name, too, is of this layer alone: empty layers differ as well."""
    source = hashlib.shake_256(json.dumps([seed, platform, number, size]).encode())
    header = tarfile.TarInfo(source.hexdigest(16))
    header.size = size
    padding = bytes(-size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
    return header.tobuf(tarfile.USTAR_FORMAT) + source.digest(size + 16)[16:] + padding


def _gzip(data: bytes) -> bytes:
    """Gzip without compression (RFC 1951, stored blocks): random bytes do not shrink, and the outcome does
    not depend on the version of a compression library.
    """
    return b"".join((_GZIP_HEADER, *_stored(data), struct.pack("<LL", zlib.crc32(data), len(data) & 0xFFFFFFFF)))


def _stored(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _LARGEST_STORED_BLOCK):
        block = data[start : start + _LARGEST_STORED_BLOCK]
        last = start + len(block) == len(data)
        yield struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF)
        yield block


def _part(role: str, media_type: str, data: bytes) -> tuple[ContentObject, Data]:
    return ContentObject(role=role, digest=digest_of(data), media_type=media_type, size=len(data)), keep(data)


def _descriptor(part: ContentObject) -> dict[str, object]:
    return {"mediaType": part.media_type, "digest": part.digest, "size": part.size}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
