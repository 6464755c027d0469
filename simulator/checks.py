"""What an arrangement or a change must be before it may alter anything."""

import re
from collections.abc import Container, Mapping
from operator import attrgetter
from urllib.parse import urlsplit

from simulator import faults
from simulator.arrangement import Arrangement, Break, Change, Copy, Evict, Fault, Heal, ImageSpec, Limits, Publish, Warm
from simulator.mirror.policy import Policy, Upstream, policy_of
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

MOST_REQUESTS = 10_000
"""Requests that an image may have to wait for before it is admitted. Each is remembered."""

LONGEST_TIME = 3.2e9
"""Seconds: about a century."""

LONGEST_ADVANCE = 366 * 86400
"""Seconds that may be skipped at one time."""

MOST_CHECKS = 100_000
"""How often, in an advance, mirrors may ask by themselves what a tag names. Each is a request, and so takes time."""

_TIME = (0.1, LONGEST_TIME)
_INTERVAL = (1, LONGEST_TIME)
_RANGES: Mapping[str, tuple[float, float]] = {
    "admission.requests": (1, MOST_REQUESTS),
    "admission.within": _TIME,
    "admission.probability": (0, 1),
    "admission.delay": (0, LONGEST_TIME),
    "eviction.bytes": (0, 1 << 62),
    "eviction.images": (0, 1 << 62),
    "eviction.idle": _TIME,
    "eviction.age": _TIME,
    "eviction.sweep": _INTERVAL,
    "sync.every": _INTERVAL,
    "sync.fresh": (0, LONGEST_TIME),
    "upstream.timeout": _TIME,
}
"""What the figures of a policy may be."""


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
        if holdings.policy is not None:
            _check_policy(site_named(topology, server), policy_of(holdings.policy))
    _check_hub(arrangement)


def check_advance(seconds: float, checks: float) -> None:
    """Raise ArrangementError where so many seconds cannot be skipped, or would have mirrors ask for tags so often."""
    if not 0 <= seconds <= LONGEST_ADVANCE:
        message = f"The clock cannot skip {seconds} s; it may be 0 to {LONGEST_ADVANCE}."
        raise ArrangementError(message)
    if checks > MOST_CHECKS:
        message = (
            f"In {seconds} s mirrors would ask {checks:.0f} times what a tag names, and {MOST_CHECKS} is the most; "
            "skip less, or let 'sync.every' be longer."
        )
        raise ArrangementError(message)


def _check_policy(site: Site, policy: Policy) -> None:
    problem = _problem_of(policy) or _problem_of_upstream(site, policy.upstream)
    if site.kind != "mirror":
        problem = "cannot be: it is no mirror"
    if problem:
        message = f"The policy of server {site.name!r} {problem}."
        raise ArrangementError(message)


def _problem_of(policy: Policy) -> str:
    """Which figure of a policy is not within its range."""
    for name, (least, most) in _RANGES.items():
        figure = attrgetter(name)(policy)
        if figure is not None and not least <= figure <= most:
            return f"has {name}={figure}; it may be {least} to {most}"
    return ""


def _problem_of_upstream(site: Site, upstream: Upstream) -> str:
    if upstream.status and not 400 <= upstream.status <= 599:
        return f"fails with status {upstream.status}; it may be 400 to 599"
    if not _is_base(upstream.url):
        return f"has the upstream {upstream.url!r}; one is written like 'https://registry.example:5000'"
    if urlsplit(upstream.url).hostname in (*site.hosts, site.address):
        return f"has the upstream {upstream.url!r}, which is the mirror itself"
    if ":" in upstream.user or not (upstream.user + upstream.password).isprintable():
        return "has a user with a colon, or credentials with characters that cannot be sent"
    return ""


def _is_base(url: str) -> bool:
    """Whether this is a scheme, a host and perhaps a port, and no more."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    return good and plain and parts.path in ("", "/") and not (parts.query or parts.fragment)


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
            _check_digests(change)
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


def _check_digests(change: Evict) -> None:
    for digest in change.digests:
        if not names.is_digest(digest):
            message = f"{digest!r} (on server {change.server!r}) is not a digest."
            raise ArrangementError(message)
    if change.digests and (change.tag or change.roles):
        message = (
            f"What is evicted from server {change.server!r} is named by digests, or by a tag and roles, not by both."
        )
        raise ArrangementError(message)


def _check_fault(server: str, fault: Fault) -> None:
    problem = faults.problem(fault)
    if problem:
        message = f"The fault {fault.kind!r} of server {server!r} {problem}."
        raise ArrangementError(message)
