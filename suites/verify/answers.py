"""What mirrors answer when they are asked for an image: plain values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fixtures.errors import UsageError
from simulator.command import imagespec
from simulator.topology import REGISTRY_HOST

HUB = "Docker Hub"
"""What the endpoint is called that every pull may end at."""

POPULAR = "library/alpine:latest"
"""The image that is asked for where nobody names one."""

Stage = Literal["ping", "token", "name", "manifest", "config", "layer"]
"""``name`` asks what a tag (or a digest that a person gave) means; the last three ask for content by its digest."""

Problem = Literal[
    "",
    "dns",
    "lookup",
    "proxy",
    "refused",
    "unreachable",
    "untrusted",
    "tls",
    "reset",
    "timeout",
    "malformed",
    "redirect",
    "unauthorized",
    "status",
    "not-a-registry",
    "wrong-type",
    "wrong-digest",
    "length-too-great",
    "length-too-small",
    "wrong-content",
    "cut-short",
]
"""Why an answer is not what was asked for. ``dns``: nobody knows the name. ``lookup``: the name service does not say in
time. ``proxy``: the proxy lets nobody through. ``unreachable``: no connection. ``timeout``: a connection, and no
answer, or no whole one. ``reset``: the connection broke off before there was an answer. ``unauthorized``: no anonymous
token will do. ``not-a-registry``: a web page or the like. ``wrong-digest`` is about the header, ``wrong-content``
about the bytes, the lengths about what ``Content-Length`` announces.
"""

CONNECTION: frozenset[Problem] = frozenset({"dns", "lookup", "proxy", "refused", "unreachable", "untrusted", "tls"})
"""The problems of an endpoint that no request gets through to: they are those of every request."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether a text is a digest as registries use them."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Image:
    """An image of Docker Hub. ``version`` is a tag or a digest, ``platform`` the one to pull (``""``: this host's)."""

    repository: str
    version: str
    platform: str = ""

    def __str__(self) -> str:
        """As a person writes it."""
        separator = "@" if self.by_digest else ":"
        return f"{self.repository.removeprefix('library/')}{separator}{self.version}"

    @property
    def by_digest(self) -> bool:
        """Whether it is named by its digest."""
        return ":" in self.version

    @classmethod
    def read(cls, text: str) -> "Image":
        """An image as it is given to ``docker pull``.

        Raises:
            UsageError: it is none, or one of another registry.
        """
        name, _, digest = text.partition("@")
        for host in ("docker.io/", "index.docker.io/", f"{REGISTRY_HOST}/"):
            name = name.removeprefix(host)
        first = name.partition("/")[0]
        if "/" in name and ("." in first or ":" in first or first == "localhost"):
            message = f"{text!r} is an image of {first}: mirrors are asked for images of Docker Hub alone."
            raise UsageError(message)
        if digest and not is_digest(digest):
            message = f"{text!r} does not end with a digest: one is sha256: and 64 hexadecimal digits."
            raise UsageError(message)
        try:
            reference = imagespec.reference(name)
        except imagespec.SpecError as error:
            raise UsageError(str(error)) from error
        return cls(reference.repository, digest or reference.tag)


@dataclass(frozen=True, slots=True)
class Part:
    """An object of an image: its root, the manifest of the platform, its config, a layer. ``size`` as announced."""

    stage: Stage
    digest: str
    size: int | None = None


def is_whole(parts: Sequence[Part] | None) -> bool:
    """Whether these are all objects of an image, and not those alone whose manifests were shown."""
    return any(part.stage == "config" for part in parts or ())


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request, redirects and token included.

    ``wanted`` is the tag or digest asked for, ``digest`` what the answer's header calls it, ``size`` what it announces
    as its length in bytes (None: nothing), ``seconds`` how long it took. ``detail`` tells more of a problem.
    """

    stage: Stage
    method: str
    url: str
    wanted: str = ""
    status: int = 0
    digest: str = ""
    media_type: str = ""
    size: int | None = None
    seconds: float = 0.0
    problem: Problem = ""
    detail: str = ""

    @property
    def is_miss(self) -> bool:
        """Whether it says in good order that this is not there."""
        return self.status == 404


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of Docker Hub's pull limit, as its headers say: pulls, and the seconds they are counted in."""

    limit: int
    remaining: int
    window: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What one endpoint was asked, in order, and what it holds. ``mirror`` is its URL as configured, or HUB.

    ``root`` is the digest that it means by the image, ``""`` where it means none. ``parts`` are the objects of that
    image for its platform, as far as anybody has shown its manifests (a config is among them where all were shown):
    ``None`` where nobody has shown any, none at all where the image has nothing for the platform.
    """

    mirror: str
    answers: tuple[Answer, ...] = ()
    root: str = ""
    parts: tuple[Part, ...] | None = None
    images: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    """The objects of each image that any endpoint means, by its root."""
    insecure: bool = False
    """Whether a daemon checks no certificate of it."""
    quota: Quota | None = None

    def answer(self, stage: Stage, digest: str = "") -> Answer | None:
        """The last answer about an object; None: it was not asked for it."""
        found = (a for a in reversed(self.answers) if a.stage == stage and (not digest or a.wanted == digest))
        return next(found, None)

    @property
    def by_tag(self) -> bool:
        """Whether it knows the image by what it was asked for."""
        return bool(self.root)

    @property
    def by_digest(self) -> bool:
        """Whether it hands the image's manifest out by its digest."""
        answer = self.answer("manifest", self.root) if self.root else None
        return answer is not None and not answer.problem

    @property
    def missing(self) -> tuple[Part, ...]:
        """The objects of its image that it was asked for and does not have, or not as they should be."""
        asked = ((part, self.answer(part.stage, part.digest)) for part in self.parts or ())
        return tuple(part for part, answer in asked if answer is not None and answer.problem)

    @property
    def complete(self) -> bool:
        """Whether it answers well for every object of its image, down to the last layer."""
        return is_whole(self.parts) and all(
            (answer := self.answer(part.stage, part.digest)) is not None and not answer.problem
            for part in self.parts or ()
        )

    @property
    def problem(self) -> Answer | None:
        """The first answer that is not as it should be, if there is one."""
        return next((answer for answer in self.answers if answer.problem and answer.stage != "ping"), None)

    @property
    def seconds(self) -> float:
        """How long a request takes, in the middle of those that were answered; 0 where none was."""
        times = sorted(answer.seconds for answer in self.answers if answer.status)
        return times[len(times) // 2] if times else 0.0


@dataclass(frozen=True, slots=True)
class Probed:
    """What all endpoints answered: the mirrors in order, and Docker Hub if it was asked."""

    image: Image
    mirrors: tuple[Probe, ...]
    hub: Probe | None = None
