"""Docker Hub: a registry behind bearer tokens and limits, its token service, the CDN that its blobs come from,
and the search of the old index.

Follows Distribution's token authentication specification. As at Docker Hub, a repository that does not
exist is answered like one that the client must not see: with 401 and ``insufficient_scope``.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from simulator.arrangement import Account, Arrangement, ImageSpec
from simulator.hub import cdn, search, tokens
from simulator.hub.accounts import Directory
from simulator.hub.cdn import Cdn
from simulator.hub.limits import Meter, Quote
from simulator.hub.seals import Seal
from simulator.hub.tokens import Claims, TokenService
from simulator.messages import Request, Response
from simulator.registry import answers, pushing
from simulator.registry import reading as registry
from simulator.registry.paths import Route, changes, route
from simulator.registry.store import Store
from simulator.topology import AUTH_HOST, CDN_HOSTS, HTTPS_PORT, INDEX_HOST

SERVICE = "registry.docker.io"

PROBE, PROBE_TAG = "ratelimitpreview/test", "latest"
"""The image whose manifest one asks for to read one's limit (docs.docker.com/docker-hub/usage/pulls)."""

PROBE_IMAGE = ImageSpec(PROBE)


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
        self._cdn = Cdn(self.seal, self._url)

    def publish(self, arrangement: Arrangement) -> None:
        """Have these accounts, private repositories, limits and ways with blobs; nothing was pulled yet."""
        self._tokens.directory = Directory(arrangement.accounts, arrangement.private)
        self._tokens.life = arrangement.token_life
        self._cdn = Cdn(self.seal, self._url, arrangement.blobs)
        self.meter = Meter(arrangement.limits)

    def route(self, host: str, request: Request) -> Route:
        """What a request to one of Hub's names asks for."""
        if host == AUTH_HOST:
            return Route("token", tokens.repository_of(request)) if request.path == "/token" else Route("other")
        if host in CDN_HOSTS:
            return cdn.route(request)
        if host == INDEX_HOST and request.path == "/v1/search":
            return Route("search")
        return route(request.path)

    def answer(self, host: str, store: Store, asked: Route, request: Request, now: float) -> Answer:
        if self.meter.floods(request.client, now):
            return Answer(answers.text(429, "Too Many Requests\n"))
        if host == AUTH_HOST:
            if asked.kind != "token":
                return Answer(answers.text(404, "404 page not found\n"))
            if tokens.is_login(request) and self.meter.refuses_login(request.client, now):
                return Answer(answers.document(429, {"detail": "Rate limit exceeded", "error": False}))
            return Answer(*self._tokens.answer(request, now))
        if host in CDN_HOSTS:
            return Answer(self._cdn.answer(host, store, asked, request, now))
        refused = registry.refusal(asked, request, "hub")
        if refused:
            return Answer(refused)
        if asked.kind == "search":
            return Answer(self._search(store, request))
        return self._registry(store, asked, request, now)

    def noted(self, request: Request, now: float) -> str:
        """Count a request that is kept from its answer; tells the account that its token is of."""
        self.meter.floods(request.client, now)
        return self.whose(request, now)

    def whose(self, request: Request, now: float) -> str:
        """The account that a request's token is of, or ``""``."""
        account = self._account(self._claims(request, now))
        return account.name if account else ""

    def _registry(self, store: Store, asked: Route, request: Request, now: float) -> Answer:
        claims = self._claims(request, now)
        account = self._account(claims)
        name = account.name if account else ""
        pushes = _needs_push(asked, request)
        refused = self._refusal(store, asked, request, claims)
        if refused:
            pulls = asked.kind == "manifest" and not pushes
            source = self.meter.source(request.client, account) if pulls else ()
            return Answer(Response(refused.status, (*refused.headers, *source), refused.body), name)
        if pushes:
            return Answer(self._push(store, asked, request, claims), name)
        if asked.kind == "manifest":
            response = registry.answer(store, asked, request, "hub")
            quote = self.meter.quote(request, account, asked.repository, response, now)
            return Answer(quote.response, name, quote)
        is_redirected = self._cdn.blobs.how == "redirect" and asked.reference.startswith("sha256:")
        if asked.kind != "blob" or not is_redirected:
            return Answer(registry.answer(store, asked, request, "hub"), name)
        if not store.blob(asked.repository, asked.reference):
            return Answer(answers.blob_unknown(asked.reference), name)
        return Answer(answers.redirect(self._cdn.address(asked.repository, asked.reference, now)), name)

    def _claims(self, request: Request, now: float) -> Claims | None:
        """What a request's token says, if it has one that is good."""
        scheme, _, token = request.header("authorization").partition(" ")
        return self._tokens.read(token, now) if scheme.lower() == "bearer" else None

    def _challenge(self, asked: Route, request: Request, more: str = "") -> Response:
        actions = ("pull", "push") if _needs_push(asked, request) else ("pull",)
        name = asked.repository
        scope = f',scope="repository:{name}:{",".join(actions)}"' if name else ""
        header = f'Bearer realm="{self._url(AUTH_HOST)}/token",service="{SERVICE}"{scope}{more}'
        detail = [{"Type": "repository", "Class": "", "Name": name, "Action": action} for action in actions if name]
        return answers.error(401, "UNAUTHORIZED", detail or None, (("Www-Authenticate", header),))

    def _url(self, host: str) -> str:
        """One of Hub's names as the beginning of an address. As everywhere, the usual port is not written."""
        return f"https://{host}" if self.port == HTTPS_PORT else f"https://{host}:{self.port}"

    def _account(self, claims: Claims | None) -> Account | None:
        return self._tokens.directory.account(claims.account) if claims else None

    def _refusal(self, store: Store, asked: Route, request: Request, claims: Claims | None) -> Response | None:
        """The answer to a request whose token is missing, is not good, or does not allow it. Whoever may push to a
        repository may know that it does not exist yet.
        """
        name = asked.repository
        if claims is None:
            return self._challenge(asked, request)
        if not name:
            return None
        allowed = self._may(claims, name, "push")
        if not _needs_push(asked, request):
            allowed = self._may(claims, name, "pull") and (allowed or store.has(name))
        return None if allowed else self._challenge(asked, request, ',error="insufficient_scope"')

    def _may(self, claims: Claims | None, repository: str, action: str) -> bool:
        """Whether a token allows something, and its owner may still do what it allows."""
        if claims is None or not claims.allow(repository, action):
            return False
        return action in self._tokens.directory.rights(self._account(claims), repository)

    def _search(self, store: Store, request: Request) -> Response:
        hidden = self._tokens.directory.is_private
        return search.answer(
            request.query, (name for name in store.repositories() if name != PROBE and not hidden(name))
        )

    def _push(self, store: Store, asked: Route, request: Request, claims: Claims | None) -> Response:
        """Take a push in. From a repository that the token does not let pull from, nothing is mounted."""
        if request.method == "POST":
            _, source = pushing.mount(request)
            if source and not self._may(claims, source, "pull"):
                request = replace(request, query="")
        return registry.answer(store, asked, request, "hub")


def _needs_push(asked: Route, request: Request) -> bool:
    return asked.kind == "upload" or changes(asked, request.method)
