"""Images as one writes them on a command line: ``library/alpine:3.20,layers=3,size=2MiB,platforms=amd64+arm64``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from simulator.arrangement import ImageFormat, ImageSpec
from simulator.registry import names

MOST_LAYERS = 127
"""As many as Docker's overlay2 driver can stack."""

LARGEST_IMAGE = 1 << 30
"""Bytes, of all layers of all platforms. All content is kept in memory."""

_KEYS = ("layers", "size", "platforms", "format", "seed")
_NUMBER = re.compile(r"[0-9]{1,9}")
_SIZE = re.compile(r"([0-9]{1,12})(B|kB|MB|GB|KiB|MiB|GiB)?")
_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_PLATFORM = re.compile(r"(?:(?:linux|windows)/)?[a-z0-9]+|(?:linux|windows)/[a-z0-9]+/[a-z0-9.]+")


class SpecError(ValueError):
    """Something on the command line that does not say what it should. Its text is one sentence."""


@dataclass(frozen=True)
class Reference:
    """A tag in a repository."""

    repository: str
    tag: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}"


@dataclass(frozen=True)
class NamedImage:
    """An image, and the tag that names it at Hub."""

    reference: Reference
    spec: ImageSpec


def reference(text: str) -> Reference:
    """Read ``REPO[:TAG]`` as Docker does: ``alpine`` is ``library/alpine:latest``. Raises SpecError."""
    repository, _, tag = text.removeprefix("docker.io/").partition(":")
    if "/" not in repository:
        repository = f"library/{repository}"
    if not names.is_repository(repository):
        message = f"{text!r} does not begin with the name of a repository, like library/alpine."
        raise SpecError(message)
    if ":" in text and not names.is_tag(tag):
        message = f"{tag!r} (in {text!r}) is not a tag."
        raise SpecError(message)
    return Reference(repository, tag or "latest")


def named_image(text: str) -> NamedImage:
    """Read ``REPO[:TAG][,layers=N][,size=SIZE][,platforms=A+B][,format=docker|oci][,seed=TEXT]``; raises SpecError.

    ``size`` is that of each layer. What is not said is one layer of 512 bytes, one linux/amd64 manifest, in
    Docker's format; the seed is the image's name.
    """
    name, *settings = text.split(",")
    named = reference(name)
    said = _said(text, settings)
    layers = _layers(said.get("layers", "1"))
    size = _size(said.get("size", "512"))
    platforms = tuple(_platform(written) for written in said["platforms"].split("+")) if "platforms" in said else ()
    if len(set(platforms)) != len(platforms):
        message = f"The image {name!r} names the same platform twice: {said['platforms']!r}."
        raise SpecError(message)
    if layers * size * max(len(platforms), 1) > LARGEST_IMAGE:
        message = f"The image {name!r} is larger than 1 GiB; all images are kept in memory."
        raise SpecError(message)
    return NamedImage(
        named,
        ImageSpec(said.get("seed", str(named)), _format(said.get("format", "docker")), (size,) * layers, platforms),
    )


def _said(text: str, settings: list[str]) -> Mapping[str, str]:
    said: dict[str, str] = {}
    for setting in settings:
        key, _, value = setting.partition("=")
        if key not in _KEYS:
            message = f"{key!r} (in {text!r}) is nothing that an image can have; there are: {', '.join(_KEYS)}."
            raise SpecError(message)
        if key in said or not value:
            message = f"{text!r} must give {key!r} one value, as in {key}=VALUE."
            raise SpecError(message)
        said[key] = value
    return said


def _layers(text: str) -> int:
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= MOST_LAYERS:
        message = f"layers={text} is not a number from 1 to {MOST_LAYERS}."
        raise SpecError(message)
    return int(text)


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        message = f"size={text} is not a size; write it like 512, 20kB or 2MiB."
        raise SpecError(message)
    return int(match[1]) * _UNITS[match[2] or "B"]


def _platform(text: str) -> str:
    if not _PLATFORM.fullmatch(text):
        message = f"{text!r} is not a platform; write it like arm64 or linux/arm/v7, and several as amd64+arm64."
        raise SpecError(message)
    return text if "/" in text else f"linux/{text}"


def _format(text: str) -> ImageFormat:
    for known in get_args(ImageFormat):
        if text == known:
            found: ImageFormat = known
            return found
    message = f"format={text} is none of: {', '.join(get_args(ImageFormat))}."
    raise SpecError(message)
