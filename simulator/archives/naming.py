"""Under which names images of an archive are at Hub."""

from dataclasses import dataclass
from pathlib import Path

from simulator.archives.reading import Archive, Root
from simulator.command.imagespec import Reference, SpecError, reference
from simulator.registry import names

_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True, slots=True)
class Renaming:
    """What the images of an archive shall be called. Without a tag each keeps its own."""

    repository: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Load:
    """An archive on disk, and what its images shall be called, if not as it says itself."""

    path: Path
    name: Renaming | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an image of an archive goes; without a tag it can be had by digest alone."""

    repository: str
    tag: str | None
    root: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.tag}" if self.tag else f"{self.repository}@{self.root}"


def load(text: str) -> Load:
    """Read ``PATH[,as=REPO[:TAG]]``; raises SpecError."""
    path, found, name = text.rpartition(",as=")
    return Load(Path(path), renaming(name)) if found else Load(Path(text))


def renaming(text: str) -> Renaming:
    """Read ``REPO[:TAG]``; raises SpecError."""
    named = reference(text)
    return Renaming(named.repository, named.tag if ":" in text else "")


def placed(archive: Archive, name: Renaming | None, what: str) -> tuple[Placed, ...]:
    """Where the images of an archive go. Raises SpecError; ``what`` is the archive in its sentence.

    An image that has no name and is about another (it has a subject) goes where that goes.
    """
    subjects = {root: archive.manifests[root.digest].subject for root in archive.roots}
    roots = [root for root in archive.roots if root.name or not subjects[root]]
    only = len({root.digest for root in roots}) == 1
    found = {place: None for root in roots for place in [_place(root, name, what, only=only)]}
    taken: dict[Reference, str] = {}
    for place in found:
        if place.tag and taken.setdefault(Reference(place.repository, place.tag), place.root) != place.root:
            message = f"Of the images of {what}, more than one would be {place}."
            raise SpecError(message)
    places = dict.fromkeys(
        Placed(place.repository, None, root.digest)
        for root in archive.roots
        if subjects[root] and not root.name
        for place in found
    )
    return (*places, *found)


def _place(root: Root, name: Renaming | None, what: str, *, only: bool) -> Placed:
    if name is None:
        return _own_place(root, what)
    if name.tag and not only:
        message = f"There are several images in {what}, so its as= can give no tag; write as={name.repository}."
        raise SpecError(message)
    tag = name.tag or _tag(root.name)
    return Placed(name.repository, tag or ("latest" if only else None), root.digest)


def _own_place(root: Root, what: str) -> Placed:
    """Where an image goes by its own name, which must be one of Docker Hub's."""
    registry, slash, rest = root.name.partition("/")
    elsewhere = slash and (registry == "localhost" or any(mark in registry for mark in ".:"))
    name = rest if elsewhere and registry in _HUB else root.name
    if not name or (not slash and ":" not in name):
        called = f"is called {root.name!r} alone" if root.name else "has no name"
        message = f"An image in {what} {called}; say what it shall be: {what},as=REPO:TAG."
        raise SpecError(message)
    if elsewhere and registry not in _HUB:
        message = f"The image {root.name} in {what} is not of Docker Hub; say what it shall be: {what},as=REPO:TAG."
        raise SpecError(message)
    named = reference(name)
    return Placed(named.repository, named.tag, root.digest)


def _tag(name: str) -> str:
    """The tag of a name, which may be a tag alone, or ``""``."""
    last = name.partition("@")[0].rpartition("/")[2]
    tag = last.rpartition(":")[2] if ":" in last or "/" not in name else ""
    return tag if names.is_tag(tag) else ""
