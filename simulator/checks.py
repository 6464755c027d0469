"""What an arrangement or a change must be before it may alter anything."""

import re
from collections.abc import Container

from simulator import faults
from simulator.arrangement import Arrangement, Break, Change, Copy, Evict, Fault, Heal, ImageSpec, Limits, Publish, Warm
from simulator.registry import names
from simulator.topology import Site, Topology

_ROLE = re.compile(r"(?:[^:]+/[^:]+:)?(?:index|manifest|config|layer:\d+)")
_PLATFORM = re.compile(r"[^/:]+/[^/:]+(?:/[^/:]+)?")
LARGEST_LAYER = 1 << 28
"""Bytes. All content is kept in memory."""


LARGEST_LIMIT = 1_000_000
"""Pulls or requests. Each that counts is remembered for the length of its window."""


LONGEST_LIFE = 1_000_000_000
"""Seconds for which a token or a signed address is good."""


class ArrangementError(ValueError):
    """An arrangement or a change that cannot be carried out. Its text is one sentence that says why."""


def check_arrangement(topology: Topology, arrangement: Arrangement) -> None:
    """Raise ArrangementError where an arrangement names what does not exist or what cannot be."""
    for name, spec in arrangement.images.items():
        _check_image(name, spec)
    for server, holdings in arrangement.servers.items():
        site_named(topology, server)
        for copy in holdings.copies:
            _check_copy(server, copy, arrangement.images)
        for fault in holdings.faults:
            _check_fault(server, fault)
    _check_hub(arrangement)


def _check_hub(arrangement: Arrangement) -> None:
    known = set()
    for account in arrangement.accounts:
        if not names.is_account(account.name):
            message = f"{account.name!r} is not the name of an account."
            raise ArrangementError(message)
        if account.name in known:
            message = f"There are two accounts {account.name!r}."
            raise ArrangementError(message)
        known.add(account.name)
        _check_repositories(f"of account {account.name!r}", (*account.pulls, *account.pushes))
    _check_repositories("among the private ones", arrangement.private)
    if arrangement.limits:
        _check_limits(arrangement.limits)
    if not arrangement.blobs.families:
        message = "Hub's blobs have no CDN family to go to; name one, or serve them by 'how': 'direct'."
        raise ArrangementError(message)
    for what, life in (("signed address", arrangement.blobs.address_life), ("token", arrangement.token_life)):
        if not 1 <= life <= LONGEST_LIFE:
            message = f"A {what} lasts {life} s; it may be 1 to {LONGEST_LIFE}."
            raise ArrangementError(message)


def _check_limits(limits: Limits) -> None:
    for name in ("anonymous", "personal", "paid", "requests", "logins"):
        limit = getattr(limits, name)
        if limit is not None and not 0 <= limit <= LARGEST_LIMIT:
            message = f"The limit {name!r} is {limit}; it may be 0 to {LARGEST_LIMIT}."
            raise ArrangementError(message)
    if limits.window < 1:
        message = f"The window of the limits is {limits.window} s; it must be 1 at least."
        raise ArrangementError(message)
    if limits.pull_lasts < 0:
        message = f"A pull lasts {limits.pull_lasts} s (pull_lasts of the limits); it cannot be negative."
        raise ArrangementError(message)
    _check_repositories("among the exempt ones", limits.exempt)


def _check_repositories(where: str, repositories: tuple[str, ...]) -> None:
    for repository in repositories:
        if not names.is_repository(repository):
            message = f"{repository!r} ({where}) is not a repository name."
            raise ArrangementError(message)


def check_change(topology: Topology, images: Container[str], change: Change) -> None:
    """Raise ArrangementError where a change names what does not exist or what cannot be."""
    site_named(topology, change.server)
    match change:
        case Publish():
            _check_place(change.server, change.repository, change.tag)
            _check_known(change.server, change.image, images)
        case Warm():
            _check_place(change.server, change.repository, change.tag)
            hub_of(topology)
        case Evict():
            _check_place(change.server, change.repository, change.tag)
            _check_roles(change.server, change.roles)
        case Break():
            _check_fault(change.server, change.fault)
        case Heal():
            pass


def site_named(topology: Topology, name: str) -> Site:
    """The site of this name. Raises ArrangementError where there is none."""
    for site in topology.sites:
        if site.name == name:
            return site
    known = ", ".join(site.name for site in topology.sites)
    message = f"There is no server {name!r}; there are: {known}."
    raise ArrangementError(message)


def hub_of(topology: Topology) -> Site:
    """The site that is Hub. Raises ArrangementError where there is none."""
    for site in topology.sites:
        if site.kind == "hub":
            return site
    message = "There is no Hub in this topology to take a copy from."
    raise ArrangementError(message)


def _check_image(name: str, spec: ImageSpec) -> None:
    for size in spec.layers:
        if not 0 <= size <= LARGEST_LAYER:
            message = f"A layer of image {name!r} has {size} bytes; it may have 0 to {LARGEST_LAYER}."
            raise ArrangementError(message)
    for platform in spec.platforms:
        if not _PLATFORM.fullmatch(platform):
            message = f"Image {name!r} has a platform {platform!r}; one is written like 'linux/arm64/v8'."
            raise ArrangementError(message)
    if len(set(spec.platforms)) != len(spec.platforms):
        message = f"Image {name!r} has the same platform twice."
        raise ArrangementError(message)


def _check_copy(server: str, copy: Copy, images: Container[str]) -> None:
    _check_place(server, copy.repository, copy.tag)
    _check_known(server, copy.image, images)
    _check_roles(server, copy.without)


def _check_known(server: str, image: str, images: Container[str]) -> None:
    if image not in images:
        message = f"Server {server!r} shall hold the image {image!r}, which is not among the arrangement's images."
        raise ArrangementError(message)


def _check_place(server: str, repository: str, tag: str | None) -> None:
    if not names.is_repository(repository):
        message = f"{repository!r} (on server {server!r}) is not a repository name."
        raise ArrangementError(message)
    if tag is not None and not names.is_tag(tag):
        message = f"{tag!r} (of repository {repository!r} on server {server!r}) is not a tag."
        raise ArrangementError(message)


def _check_roles(server: str, roles: tuple[str, ...]) -> None:
    for role in roles:
        if not _ROLE.fullmatch(role):
            message = f"{role!r} (on server {server!r}) is not a role; one is written like 'layer:0'."
            raise ArrangementError(message)


def _check_fault(server: str, fault: Fault) -> None:
    problem = faults.problem(fault)
    if problem:
        message = f"The fault {fault.kind!r} of server {server!r} {problem}."
        raise ArrangementError(message)
