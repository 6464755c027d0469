"""A registry that holds what it holds and asks nobody: every mirror, and the inner part of Hub.

Follows the OCI distribution-spec 1.1 for pulls, with the error bodies of Distribution. A manifest is
served as it is stored, whatever ``Accept`` says.
"""

import re
from dataclasses import dataclass
from typing import Literal

from simulator import answers, conditions, listing, names
from simulator.answers import API_VERSION
from simulator.messages import Request, Response
from simulator.store import Found, Store

RouteKind = Literal["ping", "manifest", "blob", "tags", "token", "other"]

_OBJECT_PATH = re.compile(r"/v2/(.+)/(manifests|blobs)/([^/]+)")
_TAGS_PATH = re.compile(r"/v2/(.+)/tags/list")


@dataclass(frozen=True, slots=True)
class Route:
    """What a path asks for."""

    kind: RouteKind
    repository: str = ""
    reference: str = ""

    @property
    def by_tag(self) -> bool:
        return self.kind == "manifest" and ":" not in self.reference


def route(path: str) -> Route:
    if path in ("/v2/", "/v2"):
        return Route("ping")
    if match := _OBJECT_PATH.fullmatch(path):
        return Route("manifest" if match[2] == "manifests" else "blob", match[1], match[3])
    if match := _TAGS_PATH.fullmatch(path):
        return Route("tags", match[1])
    return Route("other")


def refusal(asked: Route, request: Request) -> Response | None:
    """The answer to what no registry of ours would do or could know, or ``None`` where there is more to say."""
    if request.method not in ("GET", "HEAD"):
        return answers.error(405, "UNSUPPORTED", None, (("Allow", "GET, HEAD"),))
    if asked.kind == "other":
        return answers.text(404, "404 page not found\n")
    if asked.repository and not names.is_repository(asked.repository):
        return answers.error(400, "NAME_INVALID", {"name": asked.repository})
    if asked.kind in ("manifest", "blob") and not asked.by_tag and not names.is_digest(asked.reference):
        return answers.error(400, "DIGEST_INVALID", {"digest": asked.reference})
    return None


def answer(store: Store, asked: Route, request: Request) -> Response:
    """The answer of an open registry that holds ``store``."""
    refused = refusal(asked, request)
    if refused:
        return refused
    if asked.kind == "ping":
        return answers.document(200, {}, (API_VERSION,))
    if asked.kind == "tags":
        return listing.tags(store, asked.repository, request)
    if asked.kind == "manifest":
        return _manifest(store, asked, request)
    found = store.blob(asked.repository, asked.reference)
    return blob(found, request) if found else blob_unknown(asked)


def blob_unknown(asked: Route) -> Response:
    return answers.error(404, "BLOB_UNKNOWN", {"digest": asked.reference})


def blob(found: Found, request: Request) -> Response:
    """A blob, or the range of it that was asked for."""
    tag = conditions.entity_tag(found.object.digest)
    headers = (
        ("Accept-Ranges", "bytes"),
        ("Docker-Content-Digest", found.object.digest),
        ("ETag", tag),
        API_VERSION,
    )
    if conditions.is_known(request, tag):
        return Response(304, headers)
    size = len(found.data)
    asked = conditions.bounds(request, tag, size)
    if asked is None:
        return answers.body(200, found.data, "application/octet-stream", headers)
    first, last = asked
    if first > last:
        return answers.body(416, b"", "application/octet-stream", (("Content-Range", f"bytes */{size}"), API_VERSION))
    within = ("Content-Range", f"bytes {first}-{last}/{size}")
    return answers.body(206, found.data[first : last + 1], "application/octet-stream", (within, *headers))


def _manifest(store: Store, asked: Route, request: Request) -> Response:
    found = store.manifest(asked.repository, asked.reference)
    if found:
        tag = conditions.entity_tag(found.object.digest)
        headers = (("Docker-Content-Digest", found.object.digest), ("ETag", tag), API_VERSION)
        if conditions.is_known(request, tag):
            return Response(304, headers)
        return answers.body(200, found.data, found.object.media_type, headers)
    if asked.by_tag:
        return answers.error(404, "MANIFEST_UNKNOWN", {"Tag": asked.reference})
    return answers.error(404, "MANIFEST_UNKNOWN", {"Name": asked.repository, "Revision": asked.reference})
