"""Push (distribution-spec 1.1)."""

import json

import pytest

from tests.simulator.conformance.checks import TAKERS, check
from tests.simulator.conformance.subjects import (
    CONFIG_TYPE,
    LAYER,
    LAYER_TYPE,
    OTHER_REPOSITORY,
    TAG,
    UNKNOWN,
    Subject,
    code,
    image,
    with_digest,
)
from tests.simulator.pushes import EMPTY, IMAGE_TYPE, INDEX_TYPE, descriptor, sha256, sha512

CHUNKS = (LAYER[:2000], LAYER[2000:2001], LAYER[2001:])
FOREIGN = {"mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar", "digest": UNKNOWN, "size": 9}


def chunk(subject: Subject, where: str, data: bytes, first: int) -> str:
    """Send a chunk that is the next; tells where the upload goes on."""
    last = first + len(data) - 1
    taken = subject.ask("PATCH", where, content=data, headers={"content-range": f"{first}-{last}"})
    assert (taken.status_code, taken.headers.get("range")) == (202, f"0-{last}")
    assert taken.headers.get("location"), "no Location"
    return str(taken.headers["location"])


def is_there(subject: Subject, location: str, data: bytes) -> None:
    """What was pushed can be pulled from where the registry said."""
    assert location, "no Location"
    found = subject.ask("GET", location)
    assert (found.status_code, found.content) == (200, data)


@check("POST then PUT", TAKERS, broken="no-locations")
def test_a_blob_by_post_then_put(subject: Subject) -> None:
    for data in (LAYER, b"", EMPTY):
        pushed = subject.ask("PUT", with_digest(subject.begin(), sha256(data)), content=data)
        assert pushed.status_code == 201
        is_there(subject, pushed.headers.get("location", ""), data)
        is_there(subject, f"/v2/team/app/blobs/{sha256(data)}", data)


@check("POST then PUT", TAKERS, broken="one-session")
def test_every_upload_is_a_session_of_its_own(subject: Subject) -> None:
    assert subject.begin() != subject.begin()


@check("Pushing blobs", TAKERS, broken="believes-everything")
def test_a_blob_under_another_digest_is_refused(subject: Subject) -> None:
    for digest in (UNKNOWN, "sha256:1", "md5:d41d8cd98f00b204e9800998ecf8427e", "x"):
        refused = subject.ask("PUT", with_digest(subject.begin(), digest), content=LAYER)
        assert (refused.status_code, code(refused)) == (400, "DIGEST_INVALID")
    assert subject.ask("GET", f"blobs/{UNKNOWN}").status_code == 404


@check("Single POST", TAKERS, broken="no-locations")
def test_a_blob_by_a_single_post(subject: Subject) -> None:
    pushed = subject.ask("POST", f"blobs/uploads/?digest={sha256(LAYER)}", content=LAYER)
    assert pushed.status_code == 201
    is_there(subject, pushed.headers.get("location", ""), LAYER)


@check("Single POST", TAKERS, broken="believes-everything")
def test_a_single_post_under_another_digest_is_refused(subject: Subject) -> None:
    refused = subject.ask("POST", f"blobs/uploads/?digest={UNKNOWN}", content=LAYER)
    assert (refused.status_code, code(refused)) == (400, "DIGEST_INVALID")
    assert subject.ask("GET", f"blobs/{UNKNOWN}").status_code == 404


@check("Pushing a blob in chunks", TAKERS, broken="no-upload-range")
def test_a_blob_in_chunks(subject: Subject) -> None:
    where, first = subject.begin(), 0
    for data in CHUNKS:
        where = chunk(subject, where, data, first)
        first += len(data)
    closed = subject.ask("PUT", with_digest(where, sha256(LAYER)))
    assert closed.status_code == 201
    is_there(subject, closed.headers.get("location", ""), LAYER)


@check("Pushing a blob in chunks", TAKERS, broken="no-locations")
def test_the_last_chunk_may_come_with_the_put(subject: Subject) -> None:
    where = chunk(subject, subject.begin(), LAYER[:2000], 0)
    span = {"content-range": f"2000-{len(LAYER) - 1}"}
    closed = subject.ask("PUT", with_digest(where, sha256(LAYER)), content=LAYER[2000:], headers=span)
    assert closed.status_code == 201
    is_there(subject, closed.headers.get("location", ""), LAYER)


@check("Pushing a blob in chunks", TAKERS, broken="takes-every-chunk")
def test_a_chunk_out_of_order_is_refused_and_the_upload_resumed(subject: Subject) -> None:
    start = subject.begin()
    early = subject.ask("PATCH", start, content=LAYER[10:], headers={"content-range": f"10-{len(LAYER) - 1}"})
    assert early.status_code == 416
    where = chunk(subject, start, LAYER[:2000], 0)
    for method, place in (("PATCH", where), ("PUT", with_digest(where, sha256(LAYER)))):
        for first in (0, 1999, 2001):
            span = {"content-range": f"{first}-{first + 9}"}
            assert subject.ask(method, place, content=LAYER[first : first + 10], headers=span).status_code == 416
    status = subject.ask("GET", where)
    assert (status.status_code, status.headers["range"]) == (204, "0-1999")
    where = chunk(subject, status.headers["location"], LAYER[2000:], 2000)
    assert subject.ask("PUT", with_digest(where, sha256(LAYER))).status_code == 201
    is_there(subject, f"/v2/team/app/blobs/{sha256(LAYER)}", LAYER)


@check("Pushing a blob in chunks", TAKERS, broken="no-upload-range")
def test_the_status_of_an_upload(subject: Subject) -> None:
    where = chunk(subject, subject.begin(), LAYER[:7], 0)
    status = subject.ask("GET", where)
    assert (status.status_code, status.content, status.headers.get("range")) == (204, b"", "0-6")
    assert status.headers.get("location")


@check("Pushing a blob in chunks", TAKERS, broken="everything-is-there")
def test_an_upload_that_is_not_there_or_over(subject: Subject) -> None:
    where = subject.begin()
    assert subject.ask("PUT", with_digest(where, sha256(EMPTY)), content=EMPTY).status_code == 201
    for method in ("GET", "PATCH"):
        absent = subject.ask(method, where)
        assert (absent.status_code, code(absent)) == (404, "BLOB_UPLOAD_UNKNOWN")


@check("Cancel a blob upload (after 1.1)", TAKERS, broken="cancels-nothing")
def test_an_upload_is_cancelled(subject: Subject) -> None:
    where = subject.begin()
    assert subject.ask("DELETE", where).status_code == 204
    assert code(subject.ask("GET", where)) == "BLOB_UPLOAD_UNKNOWN"


@check("Mounting a blob from another repository", TAKERS, broken="no-locations")
def test_a_blob_is_mounted(subject: Subject) -> None:
    subject.push_blob(LAYER, repository=OTHER_REPOSITORY)
    mounted = subject.ask("POST", f"blobs/uploads/?mount={sha256(LAYER)}&from={OTHER_REPOSITORY}")
    assert mounted.status_code == 201
    is_there(subject, mounted.headers.get("location", ""), LAYER)
    assert "team/app" in mounted.headers["location"]


@check("Mounting a blob from another repository", TAKERS, broken="believes-everything")
def test_what_cannot_be_mounted_is_to_be_uploaded(subject: Subject) -> None:
    subject.push_blob(LAYER, repository=OTHER_REPOSITORY)
    for query in (f"mount={UNKNOWN}&from={OTHER_REPOSITORY}", f"mount={sha256(LAYER)}&from=team/empty"):
        begun = subject.ask("POST", f"blobs/uploads/?{query}")
        assert begun.status_code == 202
        pushed = subject.ask("PUT", with_digest(begun.headers["location"], sha256(EMPTY)), content=EMPTY)
        assert pushed.status_code == 201


@check("Pushing Manifests", TAKERS, broken="no-locations")
def test_a_manifest_is_stored_as_it_came(subject: Subject) -> None:
    subject.push()
    for data in (image(), image() + b"\n", image(**{"io.example": {"extra": [1, None]}})):
        for reference in (TAG, sha256(data)):
            pushed = subject.push_manifest(data, reference)
            assert pushed.status_code == 201
            assert pushed.headers.get("docker-content-digest") == sha256(data)
            is_there(subject, pushed.headers.get("location", ""), data)
            is_there(subject, f"/v2/team/app/manifests/{reference}", data)


@check("Pushing Manifests", TAKERS, broken="takes-no-manifest")
def test_manifests_of_every_kind(subject: Subject) -> None:
    manifest = subject.push()
    parts = [descriptor(manifest, IMAGE_TYPE)]
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": parts}).encode()
    nested = json.dumps(
        {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [descriptor(index, INDEX_TYPE)]}
    ).encode()
    hollow = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}).encode()
    for data in (index, nested, hollow):
        assert subject.push_manifest(data, media_type=INDEX_TYPE).status_code == 201
    for data in (
        image(layers=[]),
        image(layers=[descriptor(LAYER, LAYER_TYPE), FOREIGN]),
        image(artifactType="application/vnd.example+type"),
        image(config={**descriptor(EMPTY, CONFIG_TYPE), "data": "e30="}),
        image(annotations={"org.example": "value"}),
    ):
        assert subject.push_manifest(data).status_code == 201


@check("Pushing Manifests", TAKERS, broken="takes-no-manifest")
def test_parameters_of_the_content_type_are_ignored(subject: Subject) -> None:
    data = subject.push()
    assert subject.push_manifest(data, TAG, f"{IMAGE_TYPE}; charset=utf-8").status_code == 201
    assert subject.ask("GET", f"manifests/{TAG}").headers["content-type"] == IMAGE_TYPE


@check("Pushing Manifests", TAKERS, broken="takes-no-manifest")
def test_a_tag_is_moved(subject: Subject) -> None:
    old, new = image(), image(annotations={"version": "2"})
    subject.push(old, TAG)
    subject.push(new, TAG)
    is_there(subject, f"/v2/team/app/manifests/{TAG}", new)
    is_there(subject, f"/v2/team/app/manifests/{sha256(old)}", old)


@check("Pushing Manifests", TAKERS, broken="takes-no-manifest")
def test_a_manifest_of_four_mebibytes_is_taken_and_a_larger_one_refused(subject: Subject) -> None:
    subject.push()
    spare = (4 << 20) - len(image(annotations={"a": ""}))
    assert subject.push_manifest(image(annotations={"a": "x" * spare})).status_code == 201
    assert subject.push_manifest(image(annotations={"a": "x" * (spare + 1)})).status_code == 413


@check("Pushing Manifests", TAKERS, broken="believes-everything")
def test_what_is_no_manifest_is_refused(subject: Subject) -> None:
    subject.push()
    for data in (b"", b"{", b"[]", b"\xff", image(schemaVersion=1), image(layers=7)):
        refused = subject.push_manifest(data, TAG)
        assert (refused.status_code, code(refused)) == (400, "MANIFEST_INVALID")
    assert subject.ask("GET", f"manifests/{TAG}").status_code == 404


@check("Pushing Manifests", TAKERS, broken="believes-everything")
def test_a_manifest_under_another_digest_is_refused(subject: Subject) -> None:
    subject.push()
    refused = subject.push_manifest(image(), UNKNOWN)
    assert (refused.status_code, code(refused)) == (400, "DIGEST_INVALID")


@check("Push", TAKERS, broken="believes-everything")
def test_a_manifest_whose_blobs_are_missing_is_refused(subject: Subject) -> None:
    refused = subject.push_manifest(image(), TAG)
    assert (refused.status_code, code(refused)) == (400, "MANIFEST_BLOB_UNKNOWN")


@check("Pushing Manifests with Subject", TAKERS, broken="no-subjects")
def test_the_subject_is_processed_whether_it_is_there_or_not(subject: Subject) -> None:
    there = subject.push()
    for data in (there, b"nowhere"):
        about = image(subject=descriptor(data, IMAGE_TYPE))
        for reference in ("", "about"):
            pushed = subject.push_manifest(about, reference)
            assert (pushed.status_code, pushed.headers.get("oci-subject")) == (201, sha256(data))
    assert "oci-subject" not in subject.push_manifest(there).headers


@check("Content Digests (image-spec)", ("registry",), broken="believes-nothing")
def test_content_by_sha512(subject: Subject) -> None:
    pushed = subject.ask("PUT", with_digest(subject.begin(), sha512(LAYER)), content=LAYER)
    assert pushed.status_code == 201
    is_there(subject, f"/v2/team/app/blobs/{sha512(LAYER)}", LAYER)
    data = image(layers=[{"mediaType": LAYER_TYPE, "digest": sha512(LAYER), "size": len(LAYER)}])
    subject.push_blob(EMPTY)
    stored = subject.push_manifest(data, sha512(data))
    assert (stored.status_code, stored.headers["docker-content-digest"]) == (201, sha512(data))
    is_there(subject, f"/v2/team/app/manifests/{sha512(data)}", data)


@pytest.mark.parametrize("subject", ["mirror"], indirect=True)
def test_a_mirror_takes_nothing(subject: Subject) -> None:
    subject.stock()
    for method, place in (("POST", "blobs/uploads/"), ("PUT", f"manifests/{TAG}"), ("DELETE", f"manifests/{TAG}")):
        refused = subject.ask(method, place)
        assert (refused.status_code, code(refused)) == (405, "UNSUPPORTED")
