"""The answers that registries give, as responses."""

import json
from collections.abc import Mapping

from simulator.messages import Headers, Response

API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")

MESSAGES: Mapping[str, str] = {
    "BLOB_UNKNOWN": "blob unknown to registry",
    "DIGEST_INVALID": "provided digest did not match uploaded content",
    "MANIFEST_UNKNOWN": "manifest unknown",
    "NAME_INVALID": "invalid repository name",
    "NAME_UNKNOWN": "repository name not known to registry",
    "PAGINATION_NUMBER_INVALID": "invalid number of results requested",
    "UNAUTHORIZED": "authentication required",
    "UNSUPPORTED": "The operation is unsupported.",
}
"""Error codes of the distribution-spec 1.1 ("Error Codes"), with the messages of Distribution."""


def body(status: int, data: bytes, media_type: str, headers: Headers = ()) -> Response:
    length = ("Content-Length", str(len(data)))
    return Response(status, (("Content-Type", media_type), length, *headers), data)


def text(status: int, sentence: str) -> Response:
    return body(status, sentence.encode(), "text/plain; charset=utf-8")


def document(status: int, value: object, headers: Headers = ()) -> Response:
    data = json.dumps(value, separators=(",", ":")).encode()
    return body(status, data, "application/json", headers)


def error(status: int, code: str, detail: object, headers: Headers = ()) -> Response:
    """An error as the distribution-spec describes it ("Error Codes")."""
    value = {"errors": [{"code": code, "message": MESSAGES[code], "detail": detail}]}
    return document(status, value, (API_VERSION, *headers))


def redirect(location: str, status: int = 307) -> Response:
    return Response(status, (("Location", location), ("Content-Length", "0"), API_VERSION))


def without_body(response: Response) -> Response:
    """The answer to HEAD: the headers of GET alone (RFC 9110 section 9.3.2)."""
    return Response(response.status, response.headers, b"", response.delivery)
