"""Content management (distribution-spec 1.1): a registry deletes what clients tell it to, and Hub does not."""

from tests.simulator.conformance.checks import check
from tests.simulator.conformance.subjects import LAYER, TAG, UNKNOWN, Subject, code, image
from tests.simulator.pushes import IMAGE_TYPE, descriptor, sha256


@check("Deleting tags", ("registry",), broken="deletes-nothing")
def test_a_tag_is_deleted(subject: Subject) -> None:
    data = subject.push(reference=TAG)
    subject.push(reference="kept")
    assert subject.ask("DELETE", f"manifests/{TAG}").status_code == 202
    assert subject.ask("GET", f"manifests/{TAG}").status_code == 404
    assert subject.ask("GET", f"manifests/{sha256(data)}").status_code == 200
    assert subject.tags() == ["kept"]


@check("Deleting Manifests", ("registry",), broken="deletes-nothing")
def test_a_manifest_is_deleted_with_its_tags(subject: Subject) -> None:
    data = subject.push(reference=TAG)
    kept = subject.push(image(annotations={"kept": "yes"}), "kept")
    assert subject.ask("DELETE", f"manifests/{sha256(data)}").status_code == 202
    for reference in (TAG, sha256(data)):
        assert subject.ask("GET", f"manifests/{reference}").status_code == 404
    assert subject.ask("GET", "manifests/kept").content == kept


@check("Deleting Manifests", ("registry",), broken="everything-is-there")
def test_a_manifest_that_is_not_there_cannot_be_deleted(subject: Subject) -> None:
    subject.push(reference=TAG)
    for reference in ("none", UNKNOWN):
        absent = subject.ask("DELETE", f"manifests/{reference}")
        assert (absent.status_code, code(absent)) == (404, "MANIFEST_UNKNOWN")
    assert subject.ask("DELETE", f"manifests/{UNKNOWN}", repository="team/empty").status_code == 404


@check("Deleting Manifests", ("registry",), broken="deletes-nothing")
def test_a_referrer_that_was_deleted_is_not_listed(subject: Subject) -> None:
    root = subject.push()
    about = subject.push(image(subject=descriptor(root, IMAGE_TYPE)))
    assert subject.ask("DELETE", f"manifests/{sha256(about)}").status_code == 202
    assert subject.ask("GET", f"referrers/{sha256(root)}").json()["manifests"] == []


@check("Deleting Blobs", ("registry",), broken="deletes-nothing")
def test_a_blob_is_deleted(subject: Subject) -> None:
    subject.push_blob(LAYER)
    assert subject.ask("DELETE", f"blobs/{sha256(LAYER)}").status_code == 202
    assert subject.ask("GET", f"blobs/{sha256(LAYER)}").status_code == 404
    subject.push_blob(LAYER)
    assert subject.ask("GET", f"blobs/{sha256(LAYER)}").content == LAYER


@check("Deleting Blobs", ("registry",), broken="everything-is-there")
def test_a_blob_that_is_not_there_cannot_be_deleted(subject: Subject) -> None:
    absent = subject.ask("DELETE", f"blobs/{UNKNOWN}")
    assert (absent.status_code, code(absent)) == (404, "BLOB_UNKNOWN")


@check("Content Management", ("hub",), broken="deletes-nothing")
def test_where_nothing_is_deleted_the_registry_says_so(subject: Subject) -> None:
    data = subject.push(reference=TAG)
    for place in (f"manifests/{TAG}", f"manifests/{sha256(data)}", f"blobs/{sha256(LAYER)}"):
        refused = subject.ask("DELETE", place)
        assert (refused.status_code, code(refused)) == (405, "UNSUPPORTED")
        assert subject.ask("GET", place).status_code == 200
