"""Docker Hub: a registry behind bearer tokens and limits, its token service, the CDN that its blobs come from,
and the search of the old index.

Follows Distribution's token authentication specification. As at Docker Hub, a repository that does not
exist is answered like one that the client must not see: with 401 and ``insufficient_scope``.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from simulator import answers, registry, search, tokens
from simulator.accounts import Directory
from simulator.arrangement import Arrangement, ImageSpec
from simulator.limits import Meter, Quote
from simulator.messages import Request, Response
from simulator.registry import Route
from simulator.seals import Seal
from simulator.store import Store
from simulator.tokens import Claims, TokenService
from simulator.topology import AUTH_HOST, CDN_HOST, HTTPS_PORT, INDEX_HOST

SERVICE = "registry.docker.io"

ADDRESS_LIFE = 1200
"""Seconds for which a signed CDN address can be used."""

PROBE, PROBE_TAG = "ratelimitpreview/test", "latest"
"""The image whose manifest one asks for to read one's limit (docs.docker.com/docker-hub/usage/pulls)."""

PROBE_IMAGE = ImageSpec(PROBE)

_CDN_PATH = re.compile(r"/registry-v2/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, the account that the request's credentials were of, and what it costs if it comes about."""

    response: Response
    account: str = ""
    quote: Quote | None = None


@dataclass
class Hub:
    """What Hub knows beside what it holds. ``epoch`` is the time of day at second 0 of the caller's clock;
    ``port`` is the one that its addresses lead to.
    """

    seal: Seal
    epoch: datetime
    port: int = HTTPS_PORT
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        self._tokens = TokenService(self.seal, self.epoch)

    def publish(self, arrangement: Arrangement) -> None:
        """Have these accounts, private repositories and limits; nothing was pulled yet."""
        self._tokens.directory = Directory(arrangement.accounts, arrangement.private)
        self.meter = Meter(arrangement.limits)

    def route(self, host: str, request: Request) -> Route:
        """What a request to one of Hub's names asks for."""
        if host == AUTH_HOST:
            return Route("token", tokens.repository_of(request)) if request.path == "/token" else Route("other")
        if host == CDN_HOST:
            match = _CDN_PATH.fullmatch(request.path)
            query = dict(parse_qsl(request.query))
            return Route("blob", query.get("repository", ""), "sha256:" + match[1]) if match else Route("other")
        if host == INDEX_HOST and request.path == "/v1/search":
            return Route("search")
        return registry.route(request.path)

    def answer(self, host: str, store: Store, asked: Route, request: Request, now: float) -> Answer:
        if self.meter.floods(request.client, now):
            return Answer(answers.text(429, "Too Many Requests\n"))
        if host == AUTH_HOST:
            if asked.kind != "token":
                return Answer(answers.text(404, "404 page not found\n"))
            return Answer(*self._tokens.answer(request, now))
        if host == CDN_HOST:
            return Answer(self._cdn(store, asked, request, now))
        refused = registry.refusal(asked, request)
        if refused:
            return Answer(refused)
        if asked.kind == "search":
            return Answer(self._search(store, request))
        return self._registry(store, asked, request, now)

    def _registry(self, store: Store, asked: Route, request: Request, now: float) -> Answer:
        scheme, _, token = request.header("authorization").partition(" ")
        claims = self._tokens.read(token, now) if scheme.lower() == "bearer" else None
        directory = self._tokens.directory
        account = directory.account(claims.account) if claims else None
        name = account.name if account else ""
        refused = self._refusal(store, asked, claims)
        if refused:
            source = self.meter.source(request.client, account) if asked.kind == "manifest" else ()
            return Answer(Response(refused.status, (*refused.headers, *source), refused.body), name)
        if asked.kind == "manifest":
            response = registry.answer(store, asked, request)
            quote = self.meter.quote(request, account, asked.repository, response, now)
            return Answer(quote.response, name, quote)
        if asked.kind != "blob":
            return Answer(registry.answer(store, asked, request), name)
        if not store.blob(asked.repository, asked.reference):
            return Answer(registry.blob_unknown(asked), name)
        return Answer(answers.redirect(self._address(asked, now)), name)

    def _refusal(self, store: Store, asked: Route, claims: Claims | None) -> Response | None:
        """The answer to a request whose token is missing, is not good, or does not allow it."""
        if claims is None:
            return self._challenge(asked.repository)
        if not asked.repository or (store.has(asked.repository) and self._may_pull(claims, asked.repository)):
            return None
        return self._challenge(asked.repository, ',error="insufficient_scope"')

    def _challenge(self, repository: str, more: str = "") -> Response:
        scope = f',scope="repository:{repository}:pull"' if repository else ""
        header = f'Bearer realm="{self._url(AUTH_HOST)}/token",service="{SERVICE}"{scope}{more}'
        detail = [{"Type": "repository", "Class": "", "Name": repository, "Action": "pull"}] if repository else None
        return answers.error(401, "UNAUTHORIZED", detail, (("Www-Authenticate", header),))

    def _url(self, host: str) -> str:
        """One of Hub's names as the beginning of an address. As everywhere, the usual port is not written."""
        return f"https://{host}" if self.port == HTTPS_PORT else f"https://{host}:{self.port}"

    def _may_pull(self, claims: Claims, repository: str) -> bool:
        """Whether a token allows a pull, and its owner may still do what it allows."""
        directory = self._tokens.directory
        return claims.allow(repository) and "pull" in directory.rights(directory.account(claims.account), repository)

    def _search(self, store: Store, request: Request) -> Response:
        hidden = self._tokens.directory.is_private
        return search.answer(
            request.query, (name for name in store.repositories() if name != PROBE and not hidden(name))
        )

    def _address(self, asked: Route, now: float) -> str:
        encoded = asked.reference.removeprefix("sha256:")
        path = f"/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"
        query = urlencode({"repository": asked.repository, "expires": repr(now + ADDRESS_LIFE)})
        return f"{self._url(CDN_HOST)}{path}?{query}&signature={self.seal.sign(f'{path}?{query}')}"

    def _cdn(self, store: Store, asked: Route, request: Request, now: float) -> Response:
        if request.method not in ("GET", "HEAD"):
            return answers.text(405, "Method Not Allowed\n")
        query, _, signature = request.query.rpartition("&signature=")
        if self.seal.sign(f"{request.path}?{query}") != signature:
            return answers.text(403, "The signature does not fit.\n")
        if now >= float(dict(parse_qsl(query))["expires"]):
            return answers.text(403, "The signature has expired.\n")
        found = store.blob(asked.repository, asked.reference)
        if not found:
            return answers.text(404, "Not Found\n")
        served = registry.blob(found, request)
        headers = tuple(header for header in served.headers if not header[0].startswith("Docker-"))
        return Response(served.status, headers, served.body)
