"""What the servers hold and how they misbehave, as plain values.

An :class:`Arrangement` is a draft: it becomes visible to clients only when it is published to a
:class:`simulator.world.World`. A :class:`Change` alters one thing of a published arrangement.
"""

from dataclasses import dataclass, field
from typing import Literal

from simulator.mirror.policy import Policy, PresetName

Plan = Literal["personal", "paid"]

ImageFormat = Literal["docker", "oci"]

Stage = Literal[
    "ping",
    "token",
    "manifest-by-tag",
    "manifest-by-digest",
    "config",
    "layer",
    "blob",
    "upload",
    "tags",
    "referrers",
    "other",
]
"""What an exchange is about, as its path tells; whether it pulls, pushes or deletes is told by its method.

``blob`` is a blob request for a digest that no image of the arrangement has, ``upload`` a blob's way in.
"""

CdnFamily = Literal["cloudflare", "cloudfront"]

FaultKind = Literal[
    "status",
    "refuse",
    "dns",
    "untrusted",
    "reset",
    "hang",
    "slow",
    "truncate",
    "corrupt",
    "wrong-digest",
    "wrong-type",
    "redirect",
    "close",
    "garbage",
    "slow-headers",
    "endless-headers",
    "endless-body",
    "wrong-length",
    "two-lengths",
    "half-handshake",
    "tls-alert",
]

FaultPlace = Literal[
    "any",
    "ping",
    "token",
    "manifest",
    "manifest-by-tag",
    "manifest-by-digest",
    "blob",
    "config",
    "layer",
    "upload",
    "tags",
    "referrers",
]


@dataclass(frozen=True)
class ImageSpec:
    """What an image is made of. Its bytes, and so its digests, follow from these fields alone.

    ``layers`` gives the bytes of incompressible content of each layer. Without ``platforms`` the image
    is a single linux/amd64 manifest; with them it is a manifest list (docker) or an index (oci).
    """

    seed: str
    format: ImageFormat = "docker"
    layers: tuple[int, ...] = (512,)
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Copy:
    """A server's copy of an image, under a repository and, unless it is reachable by digest alone, a tag.

    ``without`` names the objects that this copy lacks, by role: ``index``, ``manifest``, ``config``,
    ``layer:0`` ... In an image of several platforms a role stands for that object of every platform,
    ``linux/amd64:config`` for that of one.
    """

    repository: str
    tag: str | None
    image: str
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One way in which a server misbehaves.

    ``refuse``, ``dns``, ``untrusted`` (a certificate of an authority that nobody trusts), ``half-handshake`` and
    ``tls-alert`` strike the whole server, whatever ``at`` says. The others strike exchanges, and select them: at the
    stage ``at`` (``manifest`` and ``blob`` stand for both of their kinds), with the method ``method``, about the
    ``repository``, by the tag or digest ``reference`` (in both of these ``*`` stands for anything), for an object of
    this ``role`` (as Copy.without has it), by the ``client`` at this address or in this network (``10.0.0.0/8``), by
    the ``account`` of Hub's. What is ``""`` selects everything.

    Of those selected the first ``skip`` pass, then ``times`` are struck (``None``: all): the nth alone by
    ``skip=n-1, times=1``. With a ``probability`` below 1 each after the first ``skip`` is struck or not by a draw
    that follows from ``seed`` and its number, and ``times`` counts those struck. Whom an exchange was struck by is
    told in the journal by ``name``; without one, by the kind and its number on this server, such as ``status-2``.

    A push or deletion is struck by ``status``, ``redirect``, ``reset``, ``hang``, ``close``, ``garbage`` and
    ``endless-headers`` before it has any effect, and by ``slow`` and ``slow-headers``; the others spoil content, and
    it has none.

    ``status``, ``body``, ``content_type`` are the answer of ``status``, and ``challenge`` is its WWW-Authenticate
    (RFC 9110 section 11.6.1); ``location`` that of ``redirect``
    (``status`` then defaults to 307). ``after`` counts the body bytes that leave before a ``reset``
    (-1: not even a status line) or a ``truncate``. ``seconds`` is how long ``slow`` and ``slow-headers`` take.
    ``size`` is how many bytes of ``garbage`` come, and after how many ``endless-headers`` and ``endless-body`` give
    up (``None``: 1 KiB, 64 MiB, 64 MiB). ``by`` is how much more than it is ``wrong-length`` says that the body is
    long (less, where it is negative), or the second length of ``two-lengths``. What ``garbage`` and
    ``half-handshake`` send follows from ``seed``. After half a handshake comes ``then``; ``alert`` is the number of
    the alert (RFC 8446 section 6).

    A fault is there from ``since`` until just before ``until`` (``None``: for ever), in seconds of the
    world's clock, the one of the journal. It neither strikes nor counts exchanges of other times.
    """

    kind: FaultKind
    at: FaultPlace = "any"
    method: str = ""
    skip: int = 0
    times: int | None = None
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    challenge: str = ""
    location: str = ""
    after: int = -1
    seconds: float = 0.0
    since: float = 0.0
    until: float | None = None
    name: str = ""
    repository: str = ""
    reference: str = ""
    role: str = ""
    client: str = ""
    account: str = ""
    probability: float = 1.0
    seed: str = ""
    size: int | None = None
    by: int = 1
    then: Literal["silence", "close"] = "silence"
    alert: int = 40


@dataclass(frozen=True)
class Holdings:
    """What one server holds, how it misbehaves, and, of a mirror, its policy: ``None`` is a snapshot that asks nobody
    and changes by changes alone.
    """

    copies: tuple[Copy, ...] = ()
    faults: tuple[Fault, ...] = ()
    policy: Policy | PresetName | None = None


@dataclass(frozen=True)
class Account:
    """A user of Hub, who signs in with the password or one of the personal access tokens, if there are any.

    Beside what is public, an account may pull from ``pulls``, pull from and push to ``pushes`` and all of
    its own namespace (``ada/...``). A paid plan is one of Pro, Team and Business.
    """

    name: str
    password: str = field(default="", repr=False)
    access_tokens: tuple[str, ...] = field(default=(), repr=False)
    plan: Plan = "personal"
    pulls: tuple[str, ...] = ()
    pushes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """How much Hub allows; ``None`` is without limit. The defaults are those that Docker documents
    (docs.docker.com/docker-hub/usage/pulls, read 2026).

    ``anonymous``, ``personal`` and ``paid`` are pulls within any ``window`` seconds: of an IPv4 address or
    IPv6 /64 network, or of an account with that plan. Pulls from the repositories ``exempt`` do not count.
    An index and one of its manifests are one pull if no more than ``pull_lasts`` seconds lie between them.

    ``requests`` are requests of any kind to any of Hub's names within a minute, of an address or network
    whoever signs in there: the abuse limit, of which Docker says no more than "thousands". ``logins`` are requests
    for tokens with a password, access token or refresh token within a minute, of an address or network.
    """

    anonymous: int | None = 100
    personal: int | None = 200
    paid: int | None = None
    window: int = 21600
    exempt: tuple[str, ...] = ()
    requests: int | None = None
    logins: int | None = None
    pull_lasts: int = 300


@dataclass(frozen=True)
class Blobs:
    """How Hub hands out blobs: by a redirect to the CDN, or ``direct``, by itself.

    ``families`` are the CDN's host names in use. To which of them a blob is redirected follows from its digest and
    the world's seed. A signed address can be used for ``address_life`` seconds.
    """

    how: Literal["redirect", "direct"] = "redirect"
    families: tuple[CdnFamily, ...] = ("cloudflare", "cloudfront")
    address_life: int = 1200


@dataclass(frozen=True)
class Arrangement:
    """What every server holds. A server that is not named holds nothing and behaves well.

    ``accounts``, ``private`` (the repositories that not everybody may see), ``limits`` (``None``: there are none,
    nor headers about them), ``blobs`` and ``token_life`` (the seconds for which an access token is good) are Hub's.
    A mirror shows what it holds to everybody.
    """

    images: dict[str, ImageSpec] = field(default_factory=dict)
    servers: dict[str, Holdings] = field(default_factory=dict)
    accounts: tuple[Account, ...] = ()
    private: tuple[str, ...] = ()
    limits: Limits | None = None
    blobs: Blobs = Blobs()
    token_life: int = 300


@dataclass(frozen=True)
class Publish:
    """Put an image under a tag. What the tag named before stays reachable by digest."""

    repository: str
    tag: str
    image: str
    server: str = "hub"
    do: Literal["publish"] = "publish"


@dataclass(frozen=True)
class Warm:
    """Let a mirror take Hub's present copy of a tag, arranged or pushed. Where Hub has none, nothing changes."""

    server: str
    repository: str
    tag: str
    do: Literal["warm"] = "warm"


@dataclass(frozen=True)
class Evict:
    """Take a tag's copy out of a server: all of it, or only the objects of the given roles.

    With no tag, everything of the repository goes. What clients pushed has no roles: it goes as a whole or not.
    With ``digests`` these manifests and blobs of the repository go instead, whatever needs them.

    In a mirror with a policy, what other images need stays unless its digest is named.
    """

    server: str
    repository: str
    tag: str | None = None
    roles: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    do: Literal["evict"] = "evict"


@dataclass(frozen=True)
class Break:
    """Add a fault to a server."""

    server: str
    fault: Fault
    do: Literal["break"] = "break"


@dataclass(frozen=True)
class Heal:
    """Take all faults from a server."""

    server: str
    do: Literal["heal"] = "heal"


Change = Publish | Warm | Evict | Break | Heal


@dataclass(frozen=True)
class ContentObject:
    """One manifest or blob of an image: what it is there for, and what it is called on the wire."""

    role: str
    digest: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Content:
    """The objects of an image, its root (the manifest or index that a tag names) first.

    ``diff_ids`` are the digests of the uncompressed layers of the linux/amd64 platform (or the only one).
    """

    root: str
    objects: tuple[ContentObject, ...]
    diff_ids: tuple[str, ...]
