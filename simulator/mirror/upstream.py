"""How a mirror asks its upstream: tokens, redirects, and what an answer comes to.

Follows Distribution's token authentication specification. Credentials are shown to the upstream itself and to the
hosts that the policy trusts as realms, and to no other, whatever a challenge says (CVE-2026-33540); nor do tokens
follow a redirect to another host.
"""

import base64
import json
import re
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit

from simulator.messages import Headers, Request, Response
from simulator.mirror.policy import Upstream
from simulator.programs import Ask, Given, Program, Sink
from simulator.registry.content import MEDIA_TYPES
from simulator.topology import Site

SHORTEST_TOKEN = 60
"""Seconds for which a token is good that does not say how long (token authentication specification)."""

LONGEST_TOKEN = 86400
"""Seconds for which a token is used at most."""

MOST_HOPS = 5
"""Redirects in a row that are followed."""

MANIFEST_TYPES = tuple(media for types in MEDIA_TYPES.values() for media in (types.manifest, types.index))

_REDIRECTS = (301, 302, 303, 307, 308)
_CHALLENGE = re.compile(r"\s*(basic|bearer)\b\s*(.*)", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"', re.IGNORECASE)
_MOST_CHARACTERS = 1 << 16


@dataclass(frozen=True, slots=True)
class Outcome:
    """What asking the upstream came to: an answer (200), that there is none such (``absent``), or a failure.

    ``status`` is what to tell a client of a failure with (RFC 9110 section 15.6): 429 and 503 are passed on, 504 is for
    want of time, all else is 502. ``reason`` is one sentence, ``retry_after`` the upstream's header.
    """

    now: float
    response: Response | None = None
    absent: bool = False
    status: int = 502
    reason: str = ""
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a mirror asks for: a place in a repository, such as ``manifests/latest``. ``via`` is the one of the
    client's request (RFC 9110 section 7.6.3).
    """

    method: str
    repository: str
    place: str
    query: str = ""
    via: str = ""


@dataclass(frozen=True, slots=True)
class _Challenge:
    scheme: str
    realm: str
    service: str
    scope: str


class Client:
    """Asks the upstream of one mirror, and remembers its tokens until they expire."""

    def __init__(self, site: Site, upstream: Upstream) -> None:
        self._site = site
        self._upstream = upstream
        self._base = urlsplit(upstream.url)
        self._tokens: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._basic = False

    def ask(self, question: Question, now: float, sink: Sink | None = None) -> Program[Outcome]:
        """Ask the upstream, in as many requests as it takes."""
        repository, method = question.repository, question.method
        query = f"?{question.query}" if question.query else ""
        url = f"{self._upstream.url.rstrip('/')}/v2/{repository}/{question.place}{query}"
        accept = (("accept", ", ".join(MANIFEST_TYPES)),) if question.place.startswith("manifests/") else ()
        own = ("via", f"{question.via}, {self.via}" if question.via else self.via)
        shown = self._authorization(repository, now)
        given = yield self._asking(method, url, (*accept, own, *shown), sink)
        if given.response and given.response.status == 401:
            challenge = _challenge(given.response, url)
            if challenge:
                refused = yield from self._sign_in(challenge, repository, given.now)
                if refused:
                    return refused
                shown = self._authorization(repository, given.now)
                given = yield self._asking(method, url, (*accept, own, *shown), sink)
        hops = 0
        while given.response and given.response.status in _REDIRECTS and hops < MOST_HOPS:
            hops += 1
            there = _joined(url, given.response.header("location"))
            if there is None:
                return Outcome(given.now, reason="The upstream's redirect leads nowhere.")
            same = _origin(there) == _origin(url)
            url = there
            given = yield self._asking(method, url, (*accept, own, *(shown if same else ())), sink)
        return _outcome(given, redirected=hops > 0)

    @property
    def via(self) -> str:
        """How this mirror names itself in ``Via``."""
        return f"1.1 {self._site.name}"

    def _asking(self, method: str, url: str, headers: Headers, sink: Sink | None = None) -> Ask:
        parts = urlsplit(url)
        request = Request(
            method=method,
            host=parts.netloc.rpartition("@")[2],
            path=parts.path or "/",
            query=parts.query,
            headers=(("user-agent", f"simulator-mirror/1 ({self._site.name})"), *headers),
            client=self._site.address,
            scheme="http" if parts.scheme == "http" else "https",
        )
        return Ask(self._site.name, request, self._upstream.timeout, sink)

    def _authorization(self, repository: str, now: float) -> Headers:
        """The header that the upstream let this mirror in with before, if it still does."""
        if self._basic:
            return (self._login(),)
        token, expires = self._tokens.get(repository, ("", 0.0))
        return (("authorization", f"Bearer {token}"),) if token and now < expires else ()

    def _login(self) -> tuple[str, str]:
        login = f"{self._upstream.user}:{self._upstream.password}"
        return "authorization", "Basic " + base64.b64encode(login.encode()).decode()

    def _sign_in(self, challenge: _Challenge, repository: str, now: float) -> Program[Outcome | None]:
        """Get what a challenge asks for; returns why that failed."""
        if challenge.scheme == "basic":
            self._basic = bool(self._upstream.user)
            return None
        asked = {"service": challenge.service, "scope": challenge.scope or f"repository:{repository}:pull"}
        query = urlencode({name: value for name, value in asked.items() if value})
        url = f"{challenge.realm}{'&' if urlsplit(challenge.realm).query else '?'}{query}"
        shown = (self._login(),) if self._upstream.user and self._trusts(challenge.realm) else ()
        given = yield self._asking("GET", url, shown)
        if not given.response or given.response.status != 200:
            refused = _outcome(given)
            return Outcome(given.now, None, status=refused.status, reason=f"No token: {refused.reason}")
        token, life = _token(bytes(given.response.body))
        if not token:
            return Outcome(given.now, reason="The upstream's token service gave no token.")
        self._tokens[repository] = (token, given.now + life)
        self._tokens.move_to_end(repository)
        while self._tokens and next(iter(self._tokens.values()))[1] <= given.now:
            self._tokens.popitem(last=False)
        return None

    def _trusts(self, realm: str) -> bool:
        """Whether a realm may see the mirror's credentials."""
        there = urlsplit(realm)
        known = {self._base.hostname, *(host.lower() for host in self._upstream.realms)}
        return there.hostname in known and (there.scheme == "https" or self._base.scheme == "http")


def _outcome(given: Given, *, redirected: bool = False) -> Outcome:
    response = given.response
    if response is None:
        return Outcome(given.now, status=504 if given.late else 502, reason=given.problem)
    if response.status == 200:
        return Outcome(given.now, response)
    if not redirected and (response.status == 404 or _is_hidden(response)):
        return Outcome(given.now, absent=True)
    reason = f"The upstream answered with {response.status}."
    status = response.status if response.status in (429, 503, 504) else 502
    return Outcome(given.now, None, status=status, reason=reason, retry_after=plain(response, "retry-after"))


def plain(response: Response, name: str) -> str:
    """The value of a header that can be passed on as it is, or ``""``."""
    value = response.header(name)
    return value if value.isascii() and value.isprintable() else ""


def _is_hidden(response: Response) -> bool:
    """Whether a token that was just given is said not to be enough: thus Docker Hub answers where there is no such
    repository, as well as where it is not for everybody.
    """
    return response.status == 401 and 'error="insufficient_scope"' in response.header("www-authenticate")


def _challenge(response: Response, url: str) -> _Challenge | None:
    """The challenge of a 401 that can be met (RFC 9110 section 11.6.1)."""
    match = _CHALLENGE.match(response.header("www-authenticate"))
    if match is None:
        return None
    parameters = {name.lower(): value for name, value in _PARAMETER.findall(match[2])}
    scheme, realm = match[1].lower(), _joined(url, parameters.get("realm", ""))
    if scheme == "bearer" and (realm is None or "realm" not in parameters):
        return None
    return _Challenge(scheme, realm or "", parameters.get("service", ""), parameters.get("scope", ""))


def _token(body: bytes) -> tuple[str, float]:
    """A token and the seconds that it is good for; an empty one where there is none that can be shown."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "", 0.0
    if not isinstance(value, dict):
        return "", 0.0
    token = value.get("token") or value.get("access_token")
    life = value.get("expires_in")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or len(token) > _MOST_CHARACTERS:
        return "", 0.0
    return token, min(life, LONGEST_TOKEN) if isinstance(life, int | float) and life > 0 else SHORTEST_TOKEN


def _joined(url: str, location: str) -> str | None:
    """Where a location leads, if it leads to a server by HTTP."""
    try:
        parts = urlsplit(urljoin(url, location))
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts.geturl() if location and good and parts.geturl().isascii() and parts.geturl().isprintable() else None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
