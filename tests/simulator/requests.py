"""Requests for fuzzing: most of them good in all but one or two respects, and some of them odd in every one.

What only a running world can tell is written as ``{upload}``, ``{token}`` and ``{signed}``, for :func:`filled`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from simulator.messages import Headers, Request
from simulator.topology import AUTH_HOST, CDN_HOSTS, HUB_HOSTS, INDEX_HOST, REGISTRY_HOST
from tests.simulator.pushes import EMPTY, IMAGE_TYPE, INDEX_TYPE, OTHER, descriptor, index, manifest, sha256
from tests.simulator.worlds import DEV_LOGIN, REPOSITORY, basic, digest

Mutation = Callable[[Request], Request]

PUSHED = "team/app"
_REGISTRIES = ("one.test", "two.test", REGISTRY_HOST)
_LAYER = digest("single", "layer:0")
_BEARER = (("authorization", "Bearer {token}"),)

_ANYTHING = st.text(st.characters(), max_size=12)
"""Every character, with control characters, NUL and lone surrogates."""

ODD_TEXTS = (
    *("", "..", ".", "//", "\\", "*", ";", "?", "#", "&", "=", ":", '"', "%", "%zz", "%00", "\0", "%2f", "%2e%2e"),
    *("\r\nX: y", "\ud800", "\x7f", "\x85", "\xff", "\N{SNOWMAN}", "\N{ARABIC-INDIC DIGIT ONE}", "-1", "1e999", "null"),
    *("a" * 300, "../" * 90, "%2e%2e%2f" * 30, "9" * 5000, "a/" * 200, "\N{SNOWMAN}" * 200),
)
_ODD = _ANYTHING | st.sampled_from(ODD_TEXTS)
_DIGESTS = st.sampled_from(
    [sha256(EMPTY), _LAYER, digest("many", "index"), OTHER, "sha256:1", "sha512:" + "0" * 128, "md5:0", "sha256:", ":"]
)
_NAMES = st.sampled_from([REPOSITORY, PUSHED, "team/b", "Team", "a//b", "ratelimitpreview/test"])
_NUMBERS = st.integers().map(str) | st.sampled_from(
    ["0", "1", "1e3", "+1", "0x1", "9" * 5000, "\N{ARABIC-INDIC DIGIT ONE}"]
)
_SPANS = st.builds("{}-{}".format, _NUMBERS | st.just(""), _NUMBERS | st.just(""))
_RANGES = _SPANS.map("bytes={}".format) | st.sampled_from(
    ["bytes=0-0,2-3", "bytes=", "bytes", "lines=0-1", "bytes=0-0-0"]
)
_TAGS = _DIGESTS.map('"{}"'.format) | st.sampled_from(["*", 'W/"x"', '"', "x", ", ,", '"' * 999])
_CREDENTIALS = st.sampled_from(
    [
        "Bearer {token}",
        "bearer {token}x",
        "Bearer",
        "Bearer a.b",
        "Bearer " + "a." * 4000,
        "Basic !",
        "Basic ZGV2",
        "Basic /w==",
        basic(DEV_LOGIN)[1],
        basic("dev:wrong")[1],
        "Negotiate x",
        " ",
    ]
)
_HEADERS: Mapping[str, st.SearchStrategy[str]] = {
    "range": _RANGES,
    "if-range": _TAGS,
    "if-none-match": _TAGS,
    "content-range": _SPANS | st.sampled_from(["0-0", "0-1", "bytes 0-1/2"]),
    "content-type": st.sampled_from([IMAGE_TYPE, INDEX_TYPE, "text/plain", ";", IMAGE_TYPE + ";a=b"]),
    "content-length": _NUMBERS,
    "authorization": _CREDENTIALS,
    "accept": st.sampled_from(["*/*", IMAGE_TYPE, ", ,", "a/b;q=2"]),
    "user-agent": st.just("a" * 9000),
    "host": st.sampled_from([*HUB_HOSTS, "one.test:99999", "[::1]", ""]),
}
_PARAMETERS: Mapping[str, st.SearchStrategy[str]] = {
    "n": _NUMBERS,
    "page": _NUMBERS,
    "last": st.sampled_from(["1", "z", ""]),
    "digest": _DIGESTS,
    "mount": _DIGESTS,
    "from": _NAMES,
    "artifactType": st.sampled_from(["a/b", ""]),
    "scope": _NAMES.map("repository:{}:pull,push".format)
    | st.sampled_from(["repository:::", ":", "registry:catalog:*"]),
    "ns": st.sampled_from(["docker.io", ""]),
    "expires": _NUMBERS,
    "signature": st.sampled_from(["", "0" * 64]),
    "offline_token": st.just("true"),
    "q": st.sampled_from(["app", ""]),
}


def _asked(method: str, host: str, target: str, headers: Headers = (), body: bytes = b"") -> Request:
    path, _, query = target.partition("?")
    return Request(method, host, path, query, headers, "10.0.0.9", body)


def _everywhere(method: str, target: str, headers: Headers = (), body: bytes = b"") -> list[Request]:
    """The same to a mirror, to a registry, and to Hub with a token."""
    return [
        _asked(method, host, target, (*headers, *(_BEARER if host == REGISTRY_HOST else ())), body)
        for host in _REGISTRIES
    ]


_UPLOADS = f"/v2/{PUSHED}/blobs/uploads/"
GOOD: list[Request] = [
    *_everywhere("GET", "/v2/"),
    *_everywhere("GET", f"/v2/{REPOSITORY}/manifests/1"),
    *_everywhere("HEAD", f"/v2/{REPOSITORY}/manifests/{digest('many', 'index')}"),
    *_everywhere("GET", f"/v2/{REPOSITORY}/blobs/{_LAYER}", (("range", "bytes=2-9"),)),
    *_everywhere("HEAD", f"/v2/{REPOSITORY}/blobs/{_LAYER}"),
    *_everywhere("GET", f"/v2/{REPOSITORY}/tags/list?n=1&last=1"),
    *_everywhere("GET", f"/v2/{PUSHED}/referrers/{sha256(EMPTY)}?artifactType=a%2Fb"),
    *_everywhere("POST", _UPLOADS),
    *_everywhere("POST", f"{_UPLOADS}?digest={sha256(EMPTY)}", body=EMPTY),
    *_everywhere("POST", f"{_UPLOADS}?mount={_LAYER}&from={REPOSITORY}"),
    *_everywhere("PATCH", _UPLOADS + "{upload}", (("content-range", "0-1"),), EMPTY),
    *_everywhere("PUT", _UPLOADS + "{upload}?digest=" + sha256(EMPTY), (), EMPTY),
    *_everywhere("GET", _UPLOADS + "{upload}"),
    *_everywhere("DELETE", _UPLOADS + "{upload}"),
    *_everywhere("PUT", f"/v2/{PUSHED}/manifests/1", (("content-type", IMAGE_TYPE),), manifest()),
    *_everywhere("PUT", f"/v2/{PUSHED}/manifests/2", (("content-type", INDEX_TYPE),), index(manifest())),
    *_everywhere("PUT", f"/v2/{PUSHED}/manifests/3", (), manifest(subject=descriptor(EMPTY))),
    *_everywhere("DELETE", f"/v2/{PUSHED}/manifests/1"),
    *_everywhere("DELETE", f"/v2/{PUSHED}/blobs/{sha256(EMPTY)}"),
    _asked(
        "GET", AUTH_HOST, f"/token?service=registry.docker.io&scope=repository:{PUSHED}:pull,push", (basic(DEV_LOGIN),)
    ),
    _asked("POST", AUTH_HOST, "/token", body=b"grant_type=password&username=dev&password=secret&access_type=offline"),
    _asked("POST", AUTH_HOST, "/token", body=b"grant_type=refresh_token&refresh_token={token}"),
    *(_asked("GET", host, "{signed}", (("range", "bytes=0-3"),)) for host in CDN_HOSTS),
    _asked("GET", INDEX_HOST, "/v1/search?q=app&n=2&page=1"),
]

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | _ODD
    | _DIGESTS
    | st.sampled_from([descriptor(EMPTY), 1 << 80, IMAGE_TYPE]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_ODD, inner, max_size=3),
    max_leaves=5,
)
_FIELDS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "artifactType", "annotations"]
_PIECES = st.sampled_from(
    [b'"layers":[],"layers":', b"[" * 3000, b'{"a":' * 900, b"1" * 5000, b"1e999", b"NaN", b"\xff\0"]
)


def _with_field(body: bytes, name: str, value: object) -> bytes:
    """A manifest with a field of another value; what is no manifest stays as it is."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(document, dict):
        return body
    return json.dumps({**document, name: value}).encode(errors="surrogatepass")


def _with_parameter(query: str, name: str, value: str) -> str:
    return "&".join(filter(None, (query, f"{name}={quote(value, errors='surrogatepass')}")))


def _with_segment(path: str, at: int, segment: str) -> str:
    parts = path.split("/")
    parts[min(at, len(parts) - 1)] = segment
    return "/".join(parts)


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode(errors="surrogatepass")


def _set(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Mutation]:
    return values.map(lambda value: lambda request: replace(request, **{field: value}))


def _add_parameter(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Mutation]:
    return (values | _ODD).map(
        lambda value: lambda request: replace(request, query=_with_parameter(request.query, name, value))
    )


def _add_header(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Mutation]:
    return (values | _ODD).map(
        lambda value: lambda request: replace(request, headers=(*request.headers, (name, value)))
    )


_MUTATIONS: st.SearchStrategy[Mutation] = st.one_of(
    _set("method", st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]) | _ODD),
    _set("host", st.sampled_from([*_REGISTRIES, *HUB_HOSTS, "ONE.TEST:5000"]) | _ODD),
    _set("path", st.sampled_from(["", "*", "/v2", "/token", "/v2/_catalog", "/v1/search", "//v2//"]) | _ODD),
    _set("query", _ODD),
    _set("headers", st.just(())),
    _set("body", st.binary(max_size=40) | _PIECES | _JSON.map(_encoded)),
    _set("arrival", st.sampled_from(["broken-off", "too-large"])),
    st.tuples(st.integers(1, 6), _ODD | _DIGESTS | _NAMES).map(
        lambda part: lambda request: replace(request, path=_with_segment(request.path, *part))
    ),
    st.tuples(st.sampled_from(_FIELDS), _JSON).map(
        lambda field: lambda request: replace(request, body=_with_field(bytes(request.body), *field))
    ),
    st.sampled_from(sorted(_PARAMETERS)).flatmap(lambda name: _add_parameter(name, _PARAMETERS[name])),
    st.sampled_from(sorted(_HEADERS)).flatmap(lambda name: _add_header(name, _HEADERS[name])),
)
"""Each makes a request odd in one respect."""


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request that is good but for nothing, or for one to three things."""
    request = draw(st.sampled_from(GOOD))
    for mutate in draw(st.just([]) | st.lists(_MUTATIONS, max_size=3)):
        request = mutate(request)
    return request


def with_text_anywhere(request: Request, text: str) -> Iterator[Request]:
    """A request with a text in each of the places that a client can write to, one after the other."""
    yield replace(request, method=text)
    yield replace(request, host=text)
    yield replace(request, query=text)
    yield replace(request, body=text.encode(errors="surrogatepass"))
    for at in range(request.path.count("/") + 1):
        yield replace(request, path=_with_segment(request.path, at, text))
    for name in _PARAMETERS:
        yield replace(request, query=_with_parameter(request.query, name, text))
    yield replace(request, query=f"{request.query}&last={text}")
    for name in _HEADERS:
        others = tuple(header for header in request.headers if header[0] != name)
        yield replace(request, headers=(*others, (name, f"Bearer {text}" if name == "authorization" else text)))
    for name in _FIELDS:
        yield replace(request, body=_with_field(bytes(request.body), name, text))


def filled(request: Request, upload: str, token: str, signed: str) -> Request:
    """A request with what only the running world can tell: the name of an upload, a token, a signed address."""
    path, query = request.path, request.query
    if path == "{signed}":
        path, _, signature = signed.partition("?")
        query = "&".join(filter(None, (signature, query)))
    return replace(
        request,
        path=path.replace("{upload}", upload),
        query=query,
        headers=tuple((name, value.replace("{token}", token)) for name, value in request.headers),
        body=bytes(request.body).replace(b"{token}", token.encode()),
    )
