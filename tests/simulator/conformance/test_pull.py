"""Pull, and the determining of support (distribution-spec 1.1)."""

from tests.simulator.conformance.checks import READERS, check
from tests.simulator.conformance.subjects import LAYER, TAG, UNKNOWN, Subject, code
from tests.simulator.pushes import EMPTY, IMAGE_TYPE, INDEX_TYPE, sha256


@check("Determining Support", READERS, broken="nothing-is-there")
def test_the_base_says_that_this_is_a_registry(subject: Subject) -> None:
    assert subject.ask("GET", "/v2/").status_code == 200


@check("Pulling manifests", READERS, broken="corrupt")
def test_a_manifest_by_tag(subject: Subject) -> None:
    index, _ = subject.stock()
    found = subject.ask("GET", f"manifests/{TAG}")
    assert (found.status_code, found.content) == (200, index)


@check("Pulling manifests", READERS, broken="corrupt")
def test_manifests_by_digest(subject: Subject) -> None:
    for data in subject.stock():
        found = subject.ask("GET", f"manifests/{sha256(data)}")
        assert (found.status_code, found.content) == (200, data)


@check("Pulling manifests", READERS, broken="wrong-type")
def test_a_manifest_is_of_the_type_that_was_pushed_without_parameters(subject: Subject) -> None:
    index, manifest = subject.stock()
    for reference, media_type in ((TAG, INDEX_TYPE), (sha256(index), INDEX_TYPE), (sha256(manifest), IMAGE_TYPE)):
        assert subject.ask("GET", f"manifests/{reference}").headers["content-type"] == media_type


@check("Pulling manifests", READERS, broken="wrong-digest")
def test_a_manifest_comes_with_its_digest(subject: Subject) -> None:
    index, manifest = subject.stock()
    for reference, data in ((TAG, index), (sha256(index), index), (sha256(manifest), manifest)):
        assert subject.ask("GET", f"manifests/{reference}").headers["docker-content-digest"] == sha256(data)


@check("Pulling manifests", READERS, broken="everything-is-there")
def test_a_manifest_that_is_not_there(subject: Subject) -> None:
    _, manifest = subject.stock()
    for reference in ("none", UNKNOWN, sha256(EMPTY)):
        absent = subject.ask("GET", f"manifests/{reference}")
        assert (absent.status_code, code(absent)) == (404, "MANIFEST_UNKNOWN")
    elsewhere = subject.ask("GET", f"manifests/{sha256(manifest)}", repository="team/empty")
    assert (elsewhere.status_code, code(elsewhere) in ("MANIFEST_UNKNOWN", "NAME_UNKNOWN")) == (404, True)


@check("Pulling blobs", READERS, broken="corrupt")
def test_blobs(subject: Subject) -> None:
    subject.stock()
    for data in (EMPTY, LAYER):
        found = subject.ask("GET", f"blobs/{sha256(data)}")
        assert (found.status_code, found.content) == (200, data)


@check("Pulling blobs", READERS, broken="wrong-digest")
def test_a_blob_comes_with_its_own_digest_or_with_none(subject: Subject) -> None:
    subject.stock()
    found = subject.ask("GET", f"blobs/{sha256(LAYER)}")
    assert found.headers.get("docker-content-digest", sha256(LAYER)) == sha256(LAYER)
    assert subject.name == "hub" or "docker-content-digest" in found.headers


@check("Pulling blobs", READERS, broken="everything-is-there")
def test_a_blob_that_is_not_there(subject: Subject) -> None:
    _, manifest = subject.stock()
    for digest in (UNKNOWN, sha256(manifest)):
        absent = subject.ask("GET", f"blobs/{digest}")
        assert (absent.status_code, code(absent)) == (404, "BLOB_UNKNOWN")
    elsewhere = subject.ask("GET", f"blobs/{sha256(LAYER)}", repository="team/empty")
    assert (elsewhere.status_code, code(elsewhere) in ("BLOB_UNKNOWN", "NAME_UNKNOWN")) == (404, True)


@check("Pulling blobs", READERS, broken="no-ranges")
def test_ranges_of_a_blob(subject: Subject) -> None:
    subject.stock()
    size = len(LAYER)
    for asked, first, end in (("0-0", 0, 1), ("10-99", 10, 100), ("5000-", 5000, size), ("-7", size - 7, size)):
        part = subject.ask("GET", f"blobs/{sha256(LAYER)}", headers={"range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, LAYER[first:end])
        assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"


@check("Pulling blobs", READERS, broken="no-ranges")
def test_a_range_beyond_a_blob(subject: Subject) -> None:
    subject.stock()
    beyond = subject.ask("GET", f"blobs/{sha256(LAYER)}", headers={"range": f"bytes={len(LAYER)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(LAYER)}")


@check("Pulling blobs", READERS, broken="no-ranges")
def test_a_pull_that_broke_off_is_resumed(subject: Subject) -> None:
    subject.stock()
    had = LAYER[:3000]
    rest = subject.ask("GET", f"blobs/{sha256(LAYER)}", headers={"range": f"bytes={len(had)}-"})
    assert rest.status_code == 206
    assert sha256(had + rest.content) == sha256(LAYER)


@check("Checking if content exists in the registry", READERS, broken="head-without-length")
def test_head_of_manifests_and_blobs(subject: Subject) -> None:
    index, manifest = subject.stock()
    objects = {
        f"manifests/{TAG}": index,
        f"manifests/{sha256(index)}": index,
        f"manifests/{sha256(manifest)}": manifest,
    }
    for place, data in (objects | {f"blobs/{sha256(data)}": data for data in (EMPTY, LAYER)}).items():
        there = subject.ask("HEAD", place)
        assert (there.status_code, there.content) == (200, b"")
        assert there.headers.get("content-length") == str(len(data))
        assert place.startswith("blobs") or there.headers["docker-content-digest"] == sha256(data)


@check("Checking if content exists in the registry", READERS, broken="head-without-length")
def test_head_tells_what_get_tells(subject: Subject) -> None:
    subject.stock()
    for place in (f"manifests/{TAG}", f"blobs/{sha256(LAYER)}"):
        head, get = subject.ask("HEAD", place), subject.ask("GET", place)
        assert dict(head.headers) == dict(get.headers)


@check("Checking if content exists in the registry", READERS, broken="everything-is-there")
def test_head_of_what_is_not_there(subject: Subject) -> None:
    subject.stock()
    for place in ("manifests/none", f"manifests/{UNKNOWN}", f"blobs/{UNKNOWN}"):
        absent = subject.ask("HEAD", place)
        assert (absent.status_code, absent.content) == (404, b"")


@check("Error Codes", READERS, broken="errors-of-another-form")
def test_errors_have_a_code_and_a_message(subject: Subject) -> None:
    subject.stock()
    for place in ("manifests/none", f"blobs/{UNKNOWN}", "blobs/sha256:1"):
        refused = subject.ask("GET", place)
        assert refused.status_code in (400, 404)
        assert refused.json()["errors"][0]["message"]


@check("Error Codes", READERS, broken="everything-is-there")
def test_a_digest_or_a_name_that_is_none(subject: Subject) -> None:
    for place, expected in (("blobs/sha256:1", "DIGEST_INVALID"), ("/v2/Team/App/manifests/1", "NAME_INVALID")):
        refused = subject.ask("GET", place)
        assert (refused.status_code, code(refused)) == (400, expected)


@check("Warnings", READERS, broken="odd-warnings")
def test_warnings_are_of_the_form_that_is_allowed(subject: Subject) -> None:
    """There need be none. Every answer to every check is held to this."""
    subject.stock()
    assert subject.ask("GET", f"manifests/{TAG}").status_code == 200
