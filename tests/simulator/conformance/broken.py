"""Registries that are broken on purpose. Each stands between a client and a good one, and spoils one thing."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from simulator.topology import AUTH_HOST
from tests.simulator.conformance.subjects import Send
from tests.simulator.pushes import sha256

Spoil = Callable[[httpx.Request, Send], httpx.Response]


def _request(request: httpx.Request, *, header: str = "", parameters: tuple[str, ...] = ()) -> httpx.Request:
    """The same request without a header, or without some parameters of its query."""
    url = request.url
    for name in parameters:
        url = url.copy_remove_param(name)
    headers = {name: value for name, value in request.headers.items() if name != header}
    return httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)


def _response(
    response: httpx.Response,
    status: int = 0,
    content: bytes | None = None,
    without: str = "",
    headers: Mapping[str, str] = {},
) -> httpx.Response:
    """The same response with something else about it."""
    response.read()
    kept = {name: value for name, value in response.headers.items() if name != without} | dict(headers)
    if content is not None:
        kept["content-length"] = str(len(content))
    body = response.content if content is None else content
    return httpx.Response(status or response.status_code, headers=kept, stream=httpx.ByteStream(body))


def _is_content(request: httpx.Request) -> bool:
    return any(part in request.url.path for part in ("/manifests/", "/blobs/", "/data", "/tags/", "/referrers/"))


def _without(header: str) -> Spoil:
    return lambda request, send: _response(send(request), without=header)


def _instead_of(statuses: tuple[int, ...], status: int, methods: tuple[str, ...]) -> Spoil:
    def spoil(request: httpx.Request, send: Send) -> httpx.Response:
        response = send(request)
        spoiled = response.status_code in statuses and request.method in methods and request.url.host != AUTH_HOST
        return _response(response, status) if spoiled else response

    return spoil


def _header(name: str, value: str) -> Spoil:
    def spoil(request: httpx.Request, send: Send) -> httpx.Response:
        response = send(request)
        good = response.status_code == 200 and request.method in ("GET", "HEAD") and _is_content(request)
        return _response(response, headers={name: value}) if good else response

    return spoil


def _ignores(*parameters: str) -> Spoil:
    return lambda request, send: send(_request(request, parameters=parameters))


def _corrupt(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if request.method != "GET" or response.status_code != 200 or not _is_content(request):
        return response
    data = response.read()
    return _response(response, content=data[:-1] + bytes([data[-1] ^ 1]) if data else data)


def _backwards(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    if not request.url.path.endswith("/tags/list") or response.status_code != 200:
        return response
    response.read()
    listed = response.json()
    return _response(response, content=json.dumps({**listed, "tags": listed["tags"][::-1]}).encode())


def _other_errors(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    wrong = 400 <= response.status_code < 500 and response.status_code != 401
    return _response(response, content=b'{"problem":"something"}') if wrong else response


def _no_referrers(request: httpx.Request, send: Send) -> httpx.Response:
    response = send(request)
    return _response(response, 404) if "/referrers/" in request.url.path else response


def _not_done(*, method: str, status: int) -> Spoil:
    """Says that something was done, and does it not."""

    def spoil(request: httpx.Request, send: Send) -> httpx.Response:
        return httpx.Response(status) if request.method == method else send(request)

    return spoil


@dataclass
class _OneSession:
    location: str = field(default="")

    def __call__(self, request: httpx.Request, send: Send) -> httpx.Response:
        response = send(request)
        if request.method != "POST" or response.status_code != 202:
            return response
        self.location = self.location or response.headers["location"]
        return _response(response, headers={"location": self.location})


def broken(kind: str) -> Spoil:
    """One that is broken in this way."""
    return _OneSession() if kind == "one-session" else BROKEN[kind]


BROKEN: Mapping[str, Spoil] = {
    "believes-everything": _instead_of((202, 400), 201, ("POST", "PUT")),
    "believes-nothing": _instead_of((201,), 400, ("POST", "PUT")),
    "cancels-nothing": _not_done(method="DELETE", status=204),
    "corrupt": _corrupt,
    "deletes-nothing": _not_done(method="DELETE", status=202),
    "errors-of-another-form": _other_errors,
    "everything-is-there": _instead_of((400, 404), 200, ("GET", "HEAD", "PATCH", "DELETE")),
    "head-without-length": lambda request, send: (
        _response(send(request), without="content-length") if request.method == "HEAD" else send(request)
    ),
    "no-filters": _ignores("artifactType"),
    "no-last": _ignores("last"),
    "no-locations": lambda request, send: (
        _response(send(request), without="location") if request.method in ("POST", "PUT") else send(request)
    ),
    "no-pages": _ignores("n"),
    "no-ranges": lambda request, send: send(_request(request, header="range")),
    "no-referrers": _no_referrers,
    "no-subjects": _without("oci-subject"),
    "no-upload-range": _without("range"),
    "nothing-is-there": _instead_of((200,), 404, ("GET", "HEAD")),
    "odd-warnings": _header("warning", '199 example "Sat, 01 Jan 2000"'),
    "one-session": _OneSession(),
    "tags-backwards": _backwards,
    "takes-every-chunk": _instead_of((416,), 202, ("PATCH", "PUT")),
    "takes-no-manifest": lambda request, send: (
        _response(send(request), 400)
        if request.method == "PUT" and "/manifests/" in request.url.path
        else send(request)
    ),
    "wrong-digest": _header("docker-content-digest", sha256(b"something else")),
    "wrong-type": _header("content-type", "application/octet-stream"),
}
