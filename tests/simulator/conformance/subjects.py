"""The registries that the checks are about, and how to speak with one of them and nothing else."""

import json
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulator.arrangement import Account, Arrangement, Warm
from simulator.topology import HUB_HOSTS, REGISTRY_HOST
from tests.simulator.conftest import Bench
from tests.simulator.pushes import EMPTY, IMAGE_TYPE, INDEX_TYPE, descriptor, sha256

REPOSITORY, OTHER_REPOSITORY, EMPTY_REPOSITORY = "team/app", "team/other", "team/empty"
ACCOUNT = Account("dev", "secret", pushes=(REPOSITORY, OTHER_REPOSITORY, EMPTY_REPOSITORY))
TAG = "1.0"
LAYER = bytes(range(256)) * 20
UNKNOWN = "sha256:" + "0" * 64
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"

_CODES = {
    "BLOB_UNKNOWN",
    "BLOB_UPLOAD_INVALID",
    "BLOB_UPLOAD_UNKNOWN",
    "DIGEST_INVALID",
    "MANIFEST_BLOB_UNKNOWN",
    "MANIFEST_INVALID",
    "MANIFEST_UNKNOWN",
    "NAME_INVALID",
    "NAME_UNKNOWN",
    "SIZE_INVALID",
    "UNAUTHORIZED",
    "DENIED",
    "UNSUPPORTED",
    "TOOMANYREQUESTS",
}
_WARNING = re.compile(r'299 - "[^"]*"(?:, 299 - "[^"]*")*')

Send = Callable[[httpx.Request], httpx.Response]


def image(**more: object) -> bytes:
    """A manifest of :data:`EMPTY` as its config and :data:`LAYER` as its one layer, and of whatever else is said."""
    parts = {"config": descriptor(EMPTY, CONFIG_TYPE), "layers": [descriptor(LAYER, LAYER_TYPE)]}
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE_TYPE, **parts, **more}).encode()


class _Transport(httpx.BaseTransport):
    """Sends requests where the hosts are, rather than where their names lead; ``spoil`` stands in between."""

    def __init__(self, inner: httpx.BaseTransport, places: dict[str, tuple[str, int]]) -> None:
        self._inner = inner
        self._places = places
        self.spoil: Callable[[httpx.Request, Send], httpx.Response] = lambda request, send: send(request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.spoil(request, self._send)

    def _send(self, request: httpx.Request) -> httpx.Response:
        address, port = self._places.get(request.url.host, (request.url.host, request.url.port))
        extensions = {**request.extensions, "sni_hostname": request.url.host}
        url = request.url.copy_with(host=address, port=port)
        return self._inner.handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
        )

    def close(self) -> None:
        self._inner.close()


class _TokenAuth(httpx.Auth):
    """Gets a token where the registry says so, with the account's name and password."""

    requires_response_body = True

    def __init__(self) -> None:
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code != 401:
            return
        told = dict(re.findall(r'(\w+)="([^"]*)"', response.headers["www-authenticate"]))
        scopes = {told.get("scope", "")} | {f"repository:{name}:pull,push" for name in ACCOUNT.pushes}
        asked = {"service": told["service"], "scope": " ".join(sorted(scopes)).strip()}
        login = httpx.BasicAuth(ACCOUNT.name, ACCOUNT.password)
        answered = yield next(login.auth_flow(httpx.Request("GET", told["realm"], params=asked)))
        self._token = answered.json()["token"]
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


@dataclass(frozen=True)
class Subject:
    """A registry, and the one beside it that fills it, where clients cannot."""

    name: str
    http: httpx.Client
    transport: _Transport
    filler: "Subject | None" = None
    warm: Callable[[str], object] = field(default=lambda _: None)

    def ask(self, method: str, place: str, *, repository: str = REPOSITORY, **more: Any) -> httpx.Response:
        """Ask for a place in a repository, or, where it begins with a slash or a scheme, for just that."""
        url = place if place.startswith(("/", "http")) else f"/v2/{repository}/{place}"
        headers = {"accept": f"{IMAGE_TYPE}, {INDEX_TYPE}, */*", **more.pop("headers", {})}
        response = self.http.request(method, url, headers=headers, **more)
        _hold_to_what_is_said_of_every_answer(response)
        return response

    def begin(self, **more: Any) -> str:
        """Begin an upload; tells where it goes on."""
        begun = self.ask("POST", "blobs/uploads/", headers={"content-length": "0"}, **more)
        assert begun.status_code == 202, begun.text
        assert begun.headers.get("location"), "no Location"
        return str(begun.headers["location"])

    def push_blob(self, data: bytes, **more: Any) -> str:
        pushed = self.ask("PUT", with_digest(self.begin(**more), sha256(data)), content=data)
        assert pushed.status_code == 201, pushed.text
        return sha256(data)

    def push_manifest(
        self, data: bytes, reference: str = "", media_type: str = IMAGE_TYPE, **more: Any
    ) -> httpx.Response:
        place = f"manifests/{reference or sha256(data)}"
        return self.ask("PUT", place, content=data, headers={"content-type": media_type}, **more)

    def push(self, data: bytes = b"", reference: str = "", media_type: str = IMAGE_TYPE) -> bytes:
        """Push a manifest with the parts of :func:`image`."""
        data = data or image()
        for part in (EMPTY, LAYER):
            self.push_blob(part)
        pushed = self.push_manifest(data, reference, media_type)
        assert pushed.status_code == 201, pushed.text
        return data

    def stock(self) -> tuple[bytes, bytes]:
        """Have the subject hold an index under :data:`TAG`, with one image in it; returns both."""
        source = self.filler or self
        manifest = source.push()
        index = json.dumps(
            {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [descriptor(manifest, IMAGE_TYPE)]}
        ).encode()
        source.push(index, TAG, INDEX_TYPE)
        self.warm(TAG)
        return index, manifest

    def stock_tags(self, *tags: str) -> None:
        source = self.filler or self
        for tag in tags:
            source.push(reference=tag)
            self.warm(tag)

    def tags(self, query: str = "") -> list[str]:
        listed = self.ask("GET", f"tags/list{query}")
        assert listed.status_code == 200, listed.text
        assert listed.json()["name"] == REPOSITORY
        return list(listed.json()["tags"] or [])


def with_digest(location: str, digest: str) -> str:
    """A location may have a query of its own ("POST then PUT")."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def code(response: httpx.Response) -> str:
    """The first error's code, or ``""``."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    return str(response.json()["errors"][0]["code"])


def _hold_to_what_is_said_of_every_answer(response: httpx.Response) -> None:
    """The form of errors ("Error Codes") and of warnings ("Warnings")."""
    if 400 <= response.status_code < 500 and "json" in response.headers.get("content-type", "") and response.content:
        told = response.json()
        assert told.get("errors"), "the body of an error has no errors"
        assert all(error["code"] in _CODES for error in told["errors"]), told
        assert all(isinstance(error.get("message", ""), str) for error in told["errors"]), told
    assert response.status_code < 500, response.text
    warnings = response.headers.get_list("warning")
    assert all(_WARNING.fullmatch(warning) for warning in warnings), warnings
    assert sum(map(len, warnings)) <= 4096


@contextmanager
def subject_at(bench: Bench, name: str) -> Iterator[Subject]:
    """The subject of this name, empty."""
    bench.client.arrange(Arrangement(accounts=(ACCOUNT,)))
    hub, own, mirror = (bench.site(site) for site in ("hub", "own", "one"))
    places = dict.fromkeys(HUB_HOSTS, (hub.address, hub.tls_ports[0]))
    with ExitStack() as clients:

        def client(base_url: str, auth: httpx.Auth | None = None) -> tuple[httpx.Client, _Transport]:
            transport = _Transport(httpx.HTTPTransport(verify=bench.trust), places)
            made = httpx.Client(
                base_url=base_url, auth=auth, transport=transport, follow_redirects=True, trust_env=False, timeout=5
            )
            return clients.enter_context(made), transport

        if name == "registry":
            yield Subject(name, *client(f"http://{own.address}:{own.plain_ports[0]}"))
            return
        source = Subject("hub", *client(f"https://{REGISTRY_HOST}", _TokenAuth()))
        if name == "hub":
            yield source
            return
        yield Subject(
            name,
            *client(f"http://{mirror.address}:{mirror.plain_ports[0]}"),
            source,
            lambda tag: bench.client.apply(Warm("one", REPOSITORY, tag)),
        )
