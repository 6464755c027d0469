"""Manifests that clients push: read, and checked as far as a registry must (image-spec 1.1, "Image Manifest" and
"Image Index"; Docker's schema 2).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.filed import Data
from simulator.registry import names
from simulator.registry.content import MEDIA_TYPES

_MANIFEST_TYPES = {types.manifest for types in MEDIA_TYPES.values()}
_INDEX_TYPES = {types.index for types in MEDIA_TYPES.values()}
_ELSEWHERE = ("application/vnd.docker.image.rootfs.foreign.", "application/vnd.oci.image.layer.nondistributable.")
"""How the types of layers begin that no registry needs to have."""

Json = dict[str, Any]


class ManifestError(ValueError):
    """A document that is no manifest. Its text is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index: its bytes, and what they say.

    ``blobs`` and ``manifests`` are the digests of what must be in the same repository; ``subject`` is the digest
    of the manifest that this one is about, or ``""``.
    """

    media_type: str
    data: bytes = field(repr=False)
    blobs: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    subject: str = ""
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


def read(content: Data, content_type: str) -> Manifest:
    """Read a manifest that came with this ``Content-Type`` (``""``: with none). Raises ManifestError."""
    data = bytes(content)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ManifestError("It is not JSON.") from error
    if not isinstance(value, dict):
        raise ManifestError("It is not a JSON object.")
    media_type = _media_type(value, content_type.partition(";")[0].strip())
    if type(value.get("schemaVersion")) is not int or value["schemaVersion"] != 2:
        raise ManifestError("Its schemaVersion is not 2.")
    subject = _descriptor(value["subject"], "subject") if "subject" in value else None
    config: Json = {}
    layers: list[Json] = []
    manifests: list[Json] = []
    if media_type in _INDEX_TYPES:
        manifests = _descriptors(value, "manifests")
    else:
        config = _descriptor(value.get("config"), "config")
        layers = [layer for layer in _descriptors(value, "layers") if not layer["mediaType"].startswith(_ELSEWHERE)]
    return Manifest(
        media_type=media_type,
        data=data,
        blobs=tuple(part["digest"] for part in (config, *layers) if part),
        manifests=tuple(part["digest"] for part in manifests),
        subject=subject["digest"] if subject else "",
        artifact_type=_text(value, "artifactType") or config.get("mediaType", ""),
        annotations=_annotations(value.get("annotations")),
    )


def _media_type(value: Json, announced: str) -> str:
    own = _text(value, "mediaType")
    if own and announced and own != announced:
        raise ManifestError("Its mediaType is not the request's Content-Type.")
    if (own or announced) not in _MANIFEST_TYPES | _INDEX_TYPES:
        raise ManifestError("Its type is not that of a manifest or an index of OCI or of Docker's schema 2.")
    return own or announced


def _text(value: Json, name: str) -> str:
    found = value.get(name, "")
    if not isinstance(found, str):
        message = f"Its {name} is not a string."
        raise ManifestError(message)
    return found


def _descriptors(value: Json, name: str) -> list[Json]:
    found = value.get(name)
    if not isinstance(found, list):
        message = f"Its {name} are not a list."
        raise ManifestError(message)
    return [_descriptor(item, name) for item in found]


def _descriptor(value: object, where: str) -> Json:
    """A descriptor (image-spec 1.1, "Content Descriptors"): a type, a digest and a size."""
    if isinstance(value, dict):
        media_type, digest, size = value.get("mediaType"), value.get("digest"), value.get("size")
        known = isinstance(media_type, str) and isinstance(digest, str) and names.is_digest(digest)
        if known and type(size) is int and size >= 0:
            return value
    message = f"What it has for {where} is not a descriptor."
    raise ManifestError(message)


def _annotations(value: object) -> Mapping[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ManifestError("Its annotations are not an object of strings.")
    return value
