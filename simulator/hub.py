"""Docker Hub: a registry behind bearer tokens, its token service, and the CDN that its blobs come from.

Follows Distribution's token authentication specification. As at Docker Hub, a repository that does not
exist is answered like one that the client must not see: with 401 and ``insufficient_scope``.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlencode

from simulator import answers, registry
from simulator.messages import Request, Response
from simulator.registry import Route
from simulator.seals import Seal
from simulator.store import Store
from simulator.topology import AUTH_HOST, CDN_HOST

SERVICE = "registry.docker.io"
TOKEN_LIFE = 300
"""Seconds."""

ADDRESS_LIFE = 1200
"""Seconds for which a signed CDN address can be used."""

_CDN_PATH = re.compile(r"/registry-v2/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")


@dataclass
class Hub:
    """What Hub knows beside what it holds. ``epoch`` is the time of day at second 0 of the caller's clock."""

    seal: Seal
    epoch: datetime
    tokens_issued: int = 0

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
        return registry.route(request.path)

    def answer(self, host: str, store: Store, asked: Route, request: Request, now: float) -> Response:
        if host == AUTH_HOST:
            return self._token(asked, request, now)
        if host == CDN_HOST:
            return self._cdn(store, asked, request, now)
        return self._registry(store, asked, request, now)

    def _registry(self, store: Store, asked: Route, request: Request, now: float) -> Response:
        refused = registry.refusal(asked, request)
        if refused:
            return refused
        scheme, _, token = request.header("authorization").partition(" ")
        if scheme.lower() != "bearer" or not self.seal.opens(token, asked.repository, now):
            return _challenge(asked.repository)
        if asked.repository and not store.has(asked.repository):
            return _challenge(asked.repository, ',error="insufficient_scope"')
        if asked.kind != "blob":
            return registry.answer(store, asked, request)
        if not store.blob(asked.repository, asked.reference):
            return registry.blob_unknown(asked)
        return answers.redirect(self._address(asked, now))

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
        """A token for anonymous pulls. There are no accounts: whatever credentials come are wrong."""
        if asked.kind != "token":
            return answers.text(404, "404 page not found\n")
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.text(405, "Method Not Allowed\n")
        if request.header("authorization") or has_credentials(request):
            return answers.document(401, {"details": "incorrect username or password"})
        self.tokens_issued += 1
        token = self.seal.token(_repositories(request), now + TOKEN_LIFE, self.tokens_issued)
        issued = (self.epoch + timedelta(seconds=now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = {"token": token, "access_token": token, "expires_in": TOKEN_LIFE, "issued_at": issued}
        return answers.document(200, value)


def has_credentials(request: Request) -> bool:
    """Whether a token request carries a password or refresh token in its form (RFC 6749 sections 4.3, 6)."""
    return request.method == "POST" and bool({"password", "refresh_token"} & parse_qs(_form(request)).keys())


def _form(request: Request) -> str:
    return request.body.decode("latin-1")


def _repositories(request: Request) -> tuple[str, ...]:
    """The repositories from which a token request asks to pull."""
    sources = (request.query, _form(request)) if request.method == "POST" else (request.query,)
    scopes = [scope for source in sources for value in parse_qs(source).get("scope", ()) for scope in value.split()]
    parts = [scope.split(":") for scope in scopes]
    return tuple(":".join(part[1:-1]) for part in parts if part[0] == "repository" and "pull" in part[-1].split(","))


def _challenge(repository: str, more: str = "") -> Response:
    scope = f',scope="repository:{repository}:pull"' if repository else ""
    header = f'Bearer realm="https://{AUTH_HOST}/token",service="{SERVICE}"{scope}{more}'
    detail = [{"Type": "repository", "Class": "", "Name": repository, "Action": "pull"}] if repository else None
    return answers.error(401, "UNAUTHORIZED", detail, (("Www-Authenticate", header),))
