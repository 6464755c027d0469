"""Docker Hub: a registry behind bearer tokens, its token service, and the CDN that its blobs come from.

Follows Distribution's token authentication specification. As at Docker Hub, a repository that does not
exist is answered like one that the client must not see: with 401 and ``insufficient_scope``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode

from simulator import answers, names, pushing, registry
from simulator.messages import Request, Response
from simulator.paths import Route, changes, route
from simulator.seals import Seal
from simulator.store import Store
from simulator.topology import AUTH_HOST, CDN_HOST

SERVICE = "registry.docker.io"
TOKEN_LIFE = 300
"""Seconds."""

ADDRESS_LIFE = 1200
"""Seconds for which a signed CDN address can be used."""

MayPush = Callable[[Request, str], bool]
"""Whether whoever makes this token request may push to a repository."""

_CDN_PATH = re.compile(r"/registry-v2/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")


def nobody(_request: Request, _repository: str) -> bool:
    return False


@dataclass
class Hub:
    """What Hub knows beside what it holds. ``epoch`` is the time of day at second 0 of the caller's clock."""

    seal: Seal
    epoch: datetime
    tokens_issued: int = 0
    may_push: MayPush = nobody

    def route(self, host: str, request: Request) -> Route:
        """What a request to one of Hub's names asks for."""
        query = dict(parse_qsl(request.query)) if host in (AUTH_HOST, CDN_HOST) else {}
        if host == AUTH_HOST:
            if request.path != "/token":
                return Route("other")
            return Route("token", next(iter(_repositories(request)), ""))
        if host == CDN_HOST:
            match = _CDN_PATH.fullmatch(request.path)
            return Route("blob", query.get("repository", ""), "sha256:" + match[1]) if match else Route("other")
        return route(request.path)

    def answer(self, host: str, store: Store, asked: Route, request: Request, now: float) -> Response:
        if host == AUTH_HOST:
            return self._token(asked, request, now)
        if host == CDN_HOST:
            return self._cdn(store, asked, request, now)
        return self._registry(store, asked, request, now)

    def _registry(self, store: Store, asked: Route, request: Request, now: float) -> Response:
        refused = registry.refusal(asked, request, "hub")
        if refused:
            return refused
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer":
            return _challenge(asked, request)
        pushes = bool(asked.repository) and self.seal.opens(token, _to_push(asked.repository), now)
        if _needs_push(asked, request):
            return self._push(store, asked, request, token, now) if pushes else _challenge(asked, request)
        if not self.seal.opens(token, asked.repository, now):
            return _challenge(asked, request)
        if asked.repository and not pushes and not store.has(asked.repository):
            return _challenge(asked, request, ',error="insufficient_scope"')
        if asked.kind != "blob" or not asked.reference.startswith("sha256:"):
            return registry.answer(store, asked, request, "hub")
        if not store.blob(asked.repository, asked.reference):
            return answers.blob_unknown(asked.reference)
        return answers.redirect(self._address(asked, now))

    def _push(self, store: Store, asked: Route, request: Request, token: str, now: float) -> Response:
        """Take a push in. From a repository that the token does not open, nothing is mounted."""
        _, source = pushing.mount(request)
        allowed = not source or self.seal.opens(token, source, now)
        return registry.answer(store, asked, request if allowed else replace(request, query=""), "hub")

    def _address(self, asked: Route, now: float) -> str:
        encoded = asked.reference.removeprefix("sha256:")
        path = f"/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"
        query = urlencode({"repository": asked.repository, "expires": repr(now + ADDRESS_LIFE)})
        return f"https://{CDN_HOST}{path}?{query}&signature={self.seal.sign(f'{path}?{query}')}"

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

    def _token(self, asked: Route, request: Request, now: float) -> Response:
        """A token for anonymous pulls, and for the pushes that ``may_push`` allows. There are no accounts: whatever
        credentials come are wrong.
        """
        if asked.kind != "token":
            return answers.text(404, "404 page not found\n")
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.text(405, "Method Not Allowed\n")
        if request.header("authorization") or has_credentials(request):
            return answers.document(401, {"details": "incorrect username or password"})
        self.tokens_issued += 1
        pushed = (name for name in _repositories(request, "push") if self.may_push(request, name))
        scopes = (*_repositories(request), *map(_to_push, pushed))
        token = self.seal.token(scopes, now + TOKEN_LIFE, self.tokens_issued)
        issued = (self.epoch + timedelta(seconds=now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = {"token": token, "access_token": token, "expires_in": TOKEN_LIFE, "issued_at": issued}
        return answers.document(200, value)


def has_credentials(request: Request) -> bool:
    """Whether a token request carries a password or refresh token in its form (RFC 6749 sections 4.3, 6)."""
    return request.method == "POST" and bool({"password", "refresh_token"} & parse_qs(_form(request)).keys())


def _form(request: Request) -> str:
    return request.body.decode("latin-1")


def _repositories(request: Request, action: str = "pull") -> tuple[str, ...]:
    """The repositories that a token request asks to pull from, or to do something else with."""
    sources = (request.query, _form(request)) if request.method == "POST" else (request.query,)
    scopes = [scope for source in sources for value in parse_qs(source).get("scope", ()) for scope in value.split()]
    parts = [scope.split(":") for scope in scopes]
    asked = (":".join(part[1:-1]) for part in parts if part[0] == "repository" and action in part[-1].split(","))
    return tuple(name for name in asked if names.is_repository(name))


def _to_push(repository: str) -> str:
    """What a token that allows pushes to a repository names: no repository's name has a colon."""
    return f"{repository}:push"


def _needs_push(asked: Route, request: Request) -> bool:
    return asked.kind == "upload" or changes(asked, request.method)


def _challenge(asked: Route, request: Request, more: str = "") -> Response:
    actions = ("pull", "push") if _needs_push(asked, request) else ("pull",)
    name = asked.repository
    scope = f',scope="repository:{name}:{",".join(actions)}"' if name else ""
    header = f'Bearer realm="https://{AUTH_HOST}/token",service="{SERVICE}"{scope}{more}'
    detail = [{"Type": "repository", "Class": "", "Name": name, "Action": action} for action in actions if name]
    return answers.error(401, "UNAUTHORIZED", detail or None, (("Www-Authenticate", header),))
