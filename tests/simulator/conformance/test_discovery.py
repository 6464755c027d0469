"""Content discovery (distribution-spec 1.1)."""

import json
import re

from tests.simulator.conformance.checks import READERS, TAKERS, check
from tests.simulator.conformance.subjects import CONFIG_TYPE, UNKNOWN, Subject, code, image
from tests.simulator.pushes import IMAGE_TYPE, INDEX_TYPE, descriptor, sha256

TAGS = ("b", "a", "B2", "1.0", "_x", "A", "c-3", "b.1")
SIGNATURE, LIST = "application/vnd.example.signature+json", "application/vnd.example.list"


def referrers(subject: Subject, digest: str, query: str = "") -> tuple[list[dict[str, object]], str]:
    """The descriptors of the answer, and the filters that it says were applied."""
    listed = subject.ask("GET", f"referrers/{digest}{query}")
    assert (listed.status_code, listed.headers["content-type"]) == (200, INDEX_TYPE)
    index = listed.json()
    assert (index["schemaVersion"], index["mediaType"]) == (2, INDEX_TYPE)
    return index["manifests"], listed.headers.get("oci-filters-applied", "")


@check("Listing Tags", READERS, broken="tags-backwards")
def test_the_tags_are_listed_in_order(subject: Subject) -> None:
    subject.stock_tags(*TAGS)
    assert subject.tags() in (sorted(TAGS), sorted(TAGS, key=str.lower))


@check("Listing Tags", READERS, broken="no-pages")
def test_so_many_tags(subject: Subject) -> None:
    subject.stock_tags(*TAGS)
    every = subject.tags()
    for number in (1, 3, len(TAGS), 100):
        assert subject.tags(f"?n={number}") == every[:number]


@check("Listing Tags", READERS, broken="no-pages")
def test_no_tags_at_all(subject: Subject) -> None:
    subject.stock_tags("1", "2")
    listed = subject.ask("GET", "tags/list?n=0")
    assert (listed.status_code, listed.json()["tags"] or [], "link" in listed.headers) == (200, [], False)


@check("Listing Tags", READERS, broken="no-last")
def test_the_tags_after_one(subject: Subject) -> None:
    subject.stock_tags(*TAGS)
    every = subject.tags()
    for place, last in enumerate(every):
        assert subject.tags(f"?last={last}") == every[place + 1 :]
        assert subject.tags(f"?n=2&last={last}") == every[place + 1 : place + 3]


@check("Listing Tags", READERS, broken="no-last")
def test_the_links_lead_through_all_tags(subject: Subject) -> None:
    subject.stock_tags(*TAGS)
    place, seen = "tags/list?n=3", []
    for _ in range(len(TAGS)):
        listed = subject.ask("GET", place)
        seen += listed.json()["tags"]
        link = re.fullmatch(r'<([^>]+)>; *rel="?next"?', listed.headers.get("link", ""))
        if link is None:
            break
        place = link[1]
    assert seen == subject.tags()


@check("Listing Tags", READERS, broken="everything-is-there")
def test_the_tags_of_a_repository_that_is_not_there(subject: Subject) -> None:
    absent = subject.ask("GET", "tags/list", repository="team/empty")
    assert (absent.status_code, code(absent)) == (404, "NAME_UNKNOWN")


@check("Listing Referrers", TAKERS, broken="no-referrers")
def test_referrers_are_listed_with_what_they_are(subject: Subject) -> None:
    root = subject.push()
    about = {"subject": descriptor(root, IMAGE_TYPE)}
    signature = subject.push(image(**about, artifactType=SIGNATURE, annotations={"org.example": "yes"}))
    plain = subject.push(image(**about))
    body = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [], **about}
    typed, untyped = json.dumps({**body, "artifactType": LIST}).encode(), json.dumps(body).encode()
    for data in (typed, untyped):
        subject.push(data, media_type=INDEX_TYPE)
    found, applied = referrers(subject, sha256(root))
    expected = [
        descriptor(signature, IMAGE_TYPE) | {"artifactType": SIGNATURE, "annotations": {"org.example": "yes"}},
        descriptor(plain, IMAGE_TYPE) | {"artifactType": CONFIG_TYPE},
        descriptor(typed, INDEX_TYPE) | {"artifactType": LIST},
        descriptor(untyped, INDEX_TYPE),
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert applied == ""


@check("Listing Referrers", TAKERS, broken="no-filters")
def test_referrers_of_one_type(subject: Subject) -> None:
    root = subject.push()
    about = {"subject": descriptor(root, IMAGE_TYPE)}
    signature = subject.push(image(**about, artifactType=SIGNATURE))
    subject.push(image(**about))
    found, applied = referrers(subject, sha256(root), f"?artifactType={SIGNATURE.replace('+', '%2B')}")
    assert [part["digest"] for part in found] == [sha256(signature)]
    assert applied == "artifactType"


@check("Listing Referrers", READERS, broken="no-referrers")
def test_without_referrers_the_list_is_empty(subject: Subject) -> None:
    index, manifest = subject.stock()
    for digest in (sha256(index), sha256(manifest), UNKNOWN):
        assert referrers(subject, digest) == ([], "")


@check("Listing Referrers", READERS, broken="everything-is-there")
def test_referrers_to_what_is_no_digest(subject: Subject) -> None:
    subject.stock()
    for digest in ("sha256:1", "none"):
        assert subject.ask("GET", f"referrers/{digest}").status_code == 400


@check("Listing Referrers", TAKERS, broken="no-referrers")
def test_referrers_to_what_came_later(subject: Subject) -> None:
    root = image(annotations={"late": "yes"})
    about = subject.push(image(subject=descriptor(root, IMAGE_TYPE)))
    subject.push(root)
    assert [part["digest"] for part in referrers(subject, sha256(root))[0]] == [sha256(about)]
