"""What changes a registry: blobs and manifests that clients push or delete (distribution-spec 1.1, "Push" and
"Content Management").
"""

import hashlib
from urllib.parse import parse_qsl

from simulator.bounds import LARGEST_MANIFEST
from simulator.filed import Data
from simulator.messages import Headers, Request, Response
from simulator.registry import answers, manifests, names
from simulator.registry.paths import Route
from simulator.registry.store import Store
from simulator.registry.uploads import Upload, chunk

_HASHES = ("sha256", "sha512")


def appetite(asked: Route, request: Request, limit: int) -> int:
    """How many bytes of its body a request that pushes may have; none are read of any other."""
    if asked.kind == "manifest" and request.method == "PUT":
        return LARGEST_MANIFEST
    return limit if asked.kind == "upload" and request.method in ("POST", "PATCH", "PUT") else 0


def mount(request: Request) -> tuple[str, str]:
    """The blob that a request asks to mount, and the repository to take it from, or empty strings
    (distribution-spec 1.1, "Mounting a blob from another repository").
    """
    query = dict(parse_qsl(request.query))
    return query.get("mount", ""), query.get("from", "")


def answer(store: Store, asked: Route, request: Request) -> Response:
    """Do what is asked, by a method that the route has."""
    if asked.kind == "manifest":
        return _put_manifest(store, asked, request) if request.method == "PUT" else _delete_manifest(store, asked)
    if asked.kind == "blob":
        return _delete_blob(store, asked)
    return _begin(store, asked.repository, request) if request.method == "POST" else _continue(store, asked, request)


def too_large(detail: object = None) -> Response:
    return answers.error(413, "SIZE_INVALID", detail)


def _begin(store: Store, repository: str, request: Request) -> Response:
    digest, source = mount(request)
    if digest:
        mounted = store.blob(source, digest)
        if mounted and store.put_blob(repository, digest, mounted.data):
            return _blob_created(repository, digest)
    elif expected := _digest(request):
        upload = store.uploads.begin(repository)
        refused = _append(store, upload, request)
        if refused:
            store.uploads.end(upload)
        return refused or _finish(store, upload, expected)
    return _progress(202, store.uploads.begin(repository))


def _continue(store: Store, asked: Route, request: Request) -> Response:
    upload = store.uploads.find(asked.repository, asked.reference)
    if upload is None:
        return answers.error(404, "BLOB_UPLOAD_UNKNOWN", {"upload": asked.reference})
    if request.method in ("GET", "HEAD"):
        return _progress(204, upload)
    if request.method == "DELETE":
        store.uploads.end(upload)
        return answers.empty(204)
    refused = _append(store, upload, request)
    if refused:
        return refused
    return _progress(202, upload) if request.method == "PATCH" else _finish(store, upload, _digest(request))


def _append(store: Store, upload: Upload, request: Request) -> Response | None:
    """Take in the body of a request, if it is what comes next; else tell why not. What came before the client
    went away counts, so that the upload can be resumed there.
    """
    announced = request.header("content-range")
    if announced:
        span = chunk(announced)
        if span is None or span[0] != upload.size:
            return _progress(416, upload)
        if request.arrival == "whole" and span[1] - span[0] + 1 != len(request.body):
            return answers.error(400, "SIZE_INVALID", {"Content-Range": announced})
    if upload.size + len(request.body) > store.bounds.blob or not store.uploads.append(upload, request.body):
        return too_large({"upload": upload.name})
    if request.arrival == "broken-off":
        return answers.error(400, "BLOB_UPLOAD_INVALID", {"upload": upload.name})
    return None


def _finish(store: Store, upload: Upload, expected: str) -> Response:
    """End an upload, whether its bytes are what the digest names or not."""
    data = store.uploads.end(upload)
    if not expected or _digest_of(data, expected) != expected:
        return answers.error(400, "DIGEST_INVALID", {"digest": expected})
    if not store.put_blob(upload.repository, expected, data):
        return too_large({"digest": expected})
    return _blob_created(upload.repository, expected)


def _progress(status: int, upload: Upload) -> Response:
    """How far an upload has come: where it goes on, and the range that is there (``0-0`` for one byte and for none)."""
    headers = (
        ("Location", f"/v2/{upload.repository}/blobs/uploads/{upload.name}"),
        ("Range", f"0-{max(upload.size - 1, 0)}"),
        ("Docker-Upload-UUID", upload.name),
    )
    return answers.empty(status, headers)


def _blob_created(repository: str, digest: str) -> Response:
    return _created(f"/v2/{repository}/blobs/{digest}", digest)


def _created(location: str, digest: str, more: Headers = ()) -> Response:
    return answers.empty(201, (("Location", location), ("Docker-Content-Digest", digest), *more))


def _digest(request: Request) -> str:
    return dict(parse_qsl(request.query)).get("digest", "")


def _digest_of(data: Data, like: str) -> str:
    """The digest of some bytes by the algorithm of another digest, or ``""`` where that is not one of ours."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}" if algorithm in _HASHES else ""


def _put_manifest(store: Store, asked: Route, request: Request) -> Response:
    """Distribution-spec 1.1, "Pushing Manifests" and "Pushing Manifests with Subject"."""
    if asked.by_tag and not names.is_tag(asked.reference):
        return answers.error(400, "MANIFEST_INVALID", {"Tag": asked.reference})
    if request.arrival == "broken-off":
        return answers.error(400, "MANIFEST_INVALID", "The body broke off.")
    digest = _digest_of(request.body, "sha256" if asked.by_tag else asked.reference)
    if not asked.by_tag and digest != asked.reference:
        return answers.error(400, "DIGEST_INVALID", {"digest": asked.reference})
    try:
        manifest = manifests.read(request.body, request.header("content-type"))
    except manifests.ManifestError as error:
        return answers.error(400, "MANIFEST_INVALID", str(error))
    repository = asked.repository
    missing = [part for part in manifest.blobs if not store.blob(repository, part)]
    missing += [part for part in manifest.manifests if not store.manifest(repository, part)]
    if missing:
        return answers.error(400, "MANIFEST_BLOB_UNKNOWN", {"digests": missing})
    if not store.put_manifest(repository, digest, asked.reference if asked.by_tag else None, manifest):
        return too_large({"digest": digest})
    subject = (("OCI-Subject", manifest.subject),) if manifest.subject else ()
    return _created(f"/v2/{repository}/manifests/{digest}", digest, subject)


def _delete_manifest(store: Store, asked: Route) -> Response:
    """Distribution-spec 1.1, "Deleting tags" and "Deleting Manifests"."""
    delete = store.delete_tag if asked.by_tag else store.delete_manifest
    if delete(asked.repository, asked.reference):
        return answers.empty(202)
    return answers.manifest_unknown(asked.repository, asked.reference)


def _delete_blob(store: Store, asked: Route) -> Response:
    """Distribution-spec 1.1, "Deleting Blobs"."""
    if store.delete_blob(asked.repository, asked.reference):
        return answers.empty(202)
    return answers.blob_unknown(asked.reference)
