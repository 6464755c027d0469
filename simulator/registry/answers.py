"""The answers that registries give, as responses."""

import json
from collections.abc import Mapping

from simulator.filed import Data
from simulator.messages import Headers, Response

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")

MESSAGES: Mapping[str, str] = {
    "BLOB_UNKNOWN": "blob unknown to registry",
    "BLOB_UPLOAD_INVALID": "blob upload invalid",
    "BLOB_UPLOAD_UNKNOWN": "blob upload unknown to registry",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_BLOB_UNKNOWN": "blob unknown to registry",
    "MANIFEST_INVALID": "manifest invalid",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_INVALID": "invalid repository name",
    "NAME_UNKNOWN": "repository name not known to registry",
    "PAGINATION_NUMBER_INVALID": "invalid number of results requested",
    "SIZE_INVALID": "provided length did not match content length",
    "TOOMANYREQUESTS": "You have reached your pull rate limit. You may increase the limit by authenticating and "
    "upgrading: https://www.docker.com/increase-rate-limits",
    "UNAVAILABLE": "service unavailable",
    "UNAUTHORIZED": "authentication required",
    "UNSUPPORTED": "The operation is unsupported.",
}
"""Error codes of the distribution-spec 1.1 ("Error Codes"), with the messages of Distribution,
and of Docker Hub for pull limits (docs.docker.com/docker-hub/usage/pulls)."""


def body(status: int, data: Data, media_type: str, headers: Headers = ()) -> Response:
    length = ("Content-Length", str(len(data)))
    return Response(status, (("Content-Type", media_type), length, *headers), data)


def text(status: int, sentence: str) -> Response:
    return body(status, sentence.encode(), "text/plain; charset=utf-8")


def document(status: int, value: object, headers: Headers = (), media_type: str = "application/json") -> Response:
    data = json.dumps(value, separators=(",", ":")).encode()
    return body(status, data, media_type, headers)


def error(status: int, code: str, detail: object, headers: Headers = ()) -> Response:
    """An error as the distribution-spec describes it ("Error Codes")."""
    value = {"errors": [{"code": code, "message": MESSAGES[code], "detail": detail}]}
    return document(status, value, (API_VERSION, *headers))


def blob_unknown(digest: str) -> Response:
    return error(404, "BLOB_UNKNOWN", {"digest": digest})


def manifest_unknown(repository: str, reference: str) -> Response:
    if ":" in reference:
        return error(404, "MANIFEST_UNKNOWN", {"Name": repository, "Revision": reference})
    return error(404, "MANIFEST_UNKNOWN", {"Tag": reference})


def empty(status: int, headers: Headers = ()) -> Response:
    """An answer without content. 204 and 304 never have any, and tell no length (RFC 9110 section 8.6)."""
    length = () if status in (204, 304) else (("Content-Length", "0"),)
    return Response(status, (*length, API_VERSION, *headers))


def redirect(location: str, status: int = 307) -> Response:
    return empty(status, (("Location", location),))


def without_body(response: Response) -> Response:
    """The answer to HEAD: the headers of GET alone (RFC 9110 section 9.3.2)."""
    return Response(response.status, response.headers, b"", response.delivery)
