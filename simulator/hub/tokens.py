"""Hub's token service, auth.docker.io: who asks, what for, and the token that says so.

Follows Distribution's token authentication specification ("Token Authentication Specification", GET) and its
"Oauth2 Token Authentication" (POST; RFC 6749 sections 4.3, 5 and 6). A token allows what was asked for and is
one's right, which may be nothing: it is the registry that refuses.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qs

from simulator.arrangement import Account
from simulator.hub.accounts import Directory
from simulator.hub.seals import Seal
from simulator.messages import Request, Response
from simulator.registry import answers

MOST_READ = 1 << 12
"""Tokens of which it is remembered what they say."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: for whom it was issued (``""``: an anonymous client), and what it allows where."""

    account: str
    access: Mapping[str, tuple[str, ...]]

    def allow(self, repository: str, action: str = "pull") -> bool:
        return action in self.access.get(repository, ())


@dataclass(frozen=True, slots=True)
class _Scope:
    """One resource scope: a repository, and what is to be done there."""

    repository: str
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Access:
    """An access token as it is written."""

    claims: Claims
    expires: float


class _StrangeTokenError(Exception):
    """A token that is not ours, or for something else."""


class _WrongCredentialsError(Exception):
    """Credentials that are nobody's."""


class _UnsupportedGrantError(Exception):
    """A form with a grant type that the service does not know."""


@dataclass
class TokenService:
    """Issues and reads tokens. ``epoch`` is the time of day at second 0 of the caller's clock.

    An access token is good for ``life`` seconds, a refresh token for as long as its account exists.
    """

    seal: Seal
    epoch: datetime
    directory: Directory = field(default_factory=Directory)
    life: int = 300
    issued: int = 0

    def __post_init__(self) -> None:
        self._opened = lru_cache(MOST_READ)(self._open)

    def answer(self, request: Request, now: float) -> tuple[Response, str]:
        """The answer to a request for a token, and the name of the account that it is for."""
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.text(405, "Method Not Allowed\n"), ""
        try:
            account = self._account(request)
        except _WrongCredentialsError:
            return answers.document(401, {"details": "incorrect username or password"}), ""
        except _UnsupportedGrantError:
            return answers.document(400, {"error": "unsupported_grant_type"}), ""
        return self._issue(request, account, now), account.name if account else ""

    def read(self, token: str, now: float) -> Claims | None:
        """What an access token says, or ``None`` where it is not ours, has expired, or its account is gone."""
        try:
            access = self._opened(token)
        except _StrangeTokenError:
            return None
        account = access.claims.account
        if now >= access.expires or (account and not self.directory.account(account)):
            return None
        return access.claims

    def _open(self, token: str) -> _Access:
        """What an access token of ours says. Of a strange one nothing is remembered, however long it is."""
        text = self.seal.unwrap(token)
        kind, _, account, *rest = json.loads(text) if text else ("", 0, "")
        if kind != "access":
            raise _StrangeTokenError
        expires, access = rest
        return _Access(Claims(account, access), expires)

    def _account(self, request: Request) -> Account | None:
        """The account whose credentials came, or ``None`` where none came."""
        if request.header("authorization"):
            return self._login(*_basic(request.header("authorization")))
        form = _form(request)
        match form.get("grant_type", ""):
            case "password":
                return self._login(form.get("username", ""), form.get("password", ""))
            case "refresh_token":
                return self._refreshed(form.get("refresh_token", ""))
            case "":
                if has_credentials(request):
                    raise _WrongCredentialsError
                return None
            case _:
                raise _UnsupportedGrantError

    def _login(self, name: str, secret: str) -> Account:
        account = self.directory.login(name, secret)
        if account is None:
            raise _WrongCredentialsError
        return account

    def _refreshed(self, token: str) -> Account:
        text = self.seal.unwrap(token)
        kind, _, name, *_ = json.loads(text) if text else ("", 0, "")
        account = self.directory.account(name) if kind == "refresh" else None
        if account is None:
            raise _WrongCredentialsError
        return account

    def _issue(self, request: Request, account: Account | None, now: float) -> Response:
        access: dict[str, list[str]] = {}
        for scope in _scopes(request):
            granted = scope.actions & self.directory.rights(account, scope.repository)
            if granted:
                access[scope.repository] = sorted(granted.union(access.get(scope.repository, ())))
        name = account.name if account else ""
        token = self._sealed("access", name, now + self.life, access)
        issued = (self.epoch + timedelta(seconds=now)).strftime("%Y-%m-%dT%H:%M:%SZ")
        value = {"token": token, "access_token": token, "expires_in": self.life, "issued_at": issued}
        if request.method == "POST":
            value["scope"] = " ".join(f"repository:{place}:{','.join(granted)}" for place, granted in access.items())
        if account and _is_offline(request):
            value["refresh_token"] = self._sealed("refresh", name)
        return answers.document(200, value)

    def _sealed(self, kind: str, account: str, *more: object) -> str:
        """A token. Its number makes it unlike every other."""
        self.issued += 1
        return self.seal.wrap(json.dumps([kind, self.issued, account, *more], separators=(",", ":")))


def is_login(request: Request) -> bool:
    """Whether a token request says who asks."""
    return bool(request.header("authorization")) or has_credentials(request)


def has_credentials(request: Request) -> bool:
    """Whether a token request carries a password or refresh token in its form (RFC 6749 sections 4.3, 6)."""
    return request.method == "POST" and bool({"password", "refresh_token"} & _form(request).keys())


def repository_of(request: Request) -> str:
    """The first repository that a token request asks for, or ``""``."""
    return next((scope.repository for scope in _scopes(request)), "")


def _basic(header: str) -> tuple[str, str]:
    """Name and secret of an ``Authorization`` header (RFC 7617)."""
    scheme, _, encoded = header.partition(" ")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        raise _WrongCredentialsError from error
    if scheme.lower() != "basic" or not colon:
        raise _WrongCredentialsError
    return name, secret


def _form(request: Request) -> Mapping[str, str]:
    """The fields of a form, each as it came last; none where the request has no form."""
    if request.method != "POST":
        return {}
    return {name: values[-1] for name, values in parse_qs(bytes(request.body).decode("latin-1")).items()}


def _is_offline(request: Request) -> bool:
    """Whether a refresh token is asked for."""
    if request.method == "POST":
        return _form(request).get("access_type") == "offline"
    return parse_qs(request.query).get("offline_token", [""])[-1] == "true"


def _scopes(request: Request) -> Iterator[_Scope]:
    """What a token request asks for. Scopes of other resources than repositories give nothing."""
    sources = (request.query, bytes(request.body).decode("latin-1")) if request.method == "POST" else (request.query,)
    for source in sources:
        for value in parse_qs(source).get("scope", ()):
            for scope in value.split():
                kind, _, rest = scope.partition(":")
                name, colon, actions = rest.rpartition(":")
                if kind == "repository" and colon:
                    yield _Scope(name, frozenset(actions.split(",")))
