"""A registry that holds what it holds and asks nobody: every mirror, and the inner part of Hub.

Follows the OCI distribution-spec 1.1, with the error bodies of Distribution. A manifest is served as it is
stored, whatever ``Accept`` says.
"""

from simulator.messages import Request, Response
from simulator.registry import answers, conditions, listing, names, pushing
from simulator.registry.answers import API_VERSION
from simulator.registry.paths import Route, changes, methods
from simulator.registry.store import BLOB_TYPE, Found, Store
from simulator.topology import Kind


def refusal(asked: Route, request: Request, server: Kind) -> Response | None:
    """The answer to what a server of this kind would not do or could not know, or ``None`` where there is more
    to say.
    """
    allowed = methods(asked, server)
    if request.method not in allowed:
        return answers.error(405, "UNSUPPORTED", None, (("Allow", ", ".join(allowed)),))
    if asked.kind == "other":
        return answers.text(404, "404 page not found\n")
    if asked.repository and not names.is_repository(asked.repository):
        return answers.error(400, "NAME_INVALID", {"name": asked.repository})
    if asked.by_digest and not names.is_digest(asked.reference):
        return answers.error(400, "DIGEST_INVALID", {"digest": asked.reference})
    return None


def appetite(store: Store, asked: Route, request: Request, server: Kind) -> int:
    """How many bytes of a request's body its answer may depend on; no others need be read."""
    return 0 if refusal(asked, request, server) else pushing.appetite(asked, request, store.bounds.blob)


def answer(store: Store, asked: Route, request: Request, server: Kind) -> Response:
    """The answer of an open registry that holds ``store``."""
    refused = refusal(asked, request, server)
    if refused:
        return refused
    if asked.kind == "ping":
        return answers.document(200, {}, (API_VERSION,))
    if asked.kind == "tags":
        return listing.tags(store, asked.repository, request)
    if asked.kind == "referrers":
        return listing.referrers(store, asked.repository, asked.reference, request)
    if asked.kind == "upload" or changes(asked, request.method):
        return pushing.answer(store, asked, request)
    if asked.kind == "manifest":
        return _manifest(store, asked, request)
    found = store.blob(asked.repository, asked.reference)
    return blob(found, request) if found else answers.blob_unknown(asked.reference)


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
        return answers.body(200, found.data, BLOB_TYPE, headers)
    first, last = asked
    if first > last:
        return answers.body(416, b"", BLOB_TYPE, (("Content-Range", f"bytes */{size}"), API_VERSION))
    within = ("Content-Range", f"bytes {first}-{last}/{size}")
    return answers.body(206, found.data[first : last + 1], BLOB_TYPE, (within, *headers))


def _manifest(store: Store, asked: Route, request: Request) -> Response:
    found = store.manifest(asked.repository, asked.reference)
    return manifest(found, request) if found else answers.manifest_unknown(asked.repository, asked.reference)


def manifest(found: Found, request: Request) -> Response:
    """A manifest, unless the client has it already."""
    tag = conditions.entity_tag(found.object.digest)
    headers = (("Docker-Content-Digest", found.object.digest), ("ETag", tag), API_VERSION)
    if conditions.is_known(request, tag):
        return Response(304, headers)
    return answers.body(200, found.data, found.object.media_type, headers)
