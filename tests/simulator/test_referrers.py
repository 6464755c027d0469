"""Referrers (distribution-spec 1.1, "Listing Referrers")."""

import json

import pytest

from simulator.messages import Response
from tests.simulator.pushes import (
    EMPTY,
    IMAGE_TYPE,
    INDEX_TYPE,
    OTHER,
    Pusher,
    asker_with,
    descriptor,
    hub_pusher,
    index,
    sha256,
)
from tests.simulator.worlds import REPOSITORY, Asker, errors

SUBJECT = descriptor(b"subject", IMAGE_TYPE)
PLACE = f"referrers/{SUBJECT['digest']}"


@pytest.fixture(params=["registry", "hub"])
def pusher(request: pytest.FixtureRequest) -> Pusher:
    asker = asker_with()
    return Pusher(asker) if request.param == "registry" else hub_pusher(asker)


def listed(response: Response) -> list[dict[str, object]]:
    assert (response.status, response.header("content-type")) == (200, INDEX_TYPE)
    value = json.loads(bytes(response.body))
    assert (value["schemaVersion"], value["mediaType"]) == (2, INDEX_TYPE)
    found: list[dict[str, object]] = value["manifests"]
    return found


def test_the_list_tells_of_each_what_a_client_wants_to_know(pusher: Pusher) -> None:
    pusher.small("1")
    signature = pusher.small(subject=SUBJECT, artifactType="application/x.signature", annotations={"by": "me"})
    plain = pusher.small(subject=SUBJECT)
    many = index(subject=SUBJECT)
    assert pusher.manifest(many).status == 201
    assert listed(pusher.ask("GET", PLACE)) == [
        descriptor(signature, IMAGE_TYPE) | {"artifactType": "application/x.signature", "annotations": {"by": "me"}},
        descriptor(plain, IMAGE_TYPE) | {"artifactType": "application/vnd.oci.empty.v1+json"},
        descriptor(many, INDEX_TYPE),
    ]
    assert (pusher.asker.last.stage, pusher.asker.last.reference) == ("referrers", SUBJECT["digest"])


def test_the_list_is_filtered_by_type(pusher: Pusher) -> None:
    for kind in ("application/x.a+b", "application/x.c"):
        pusher.small(subject=SUBJECT, artifactType=kind)
    every = pusher.ask("GET", PLACE)
    assert (len(listed(every)), every.header("oci-filters-applied")) == (2, "")
    some = pusher.ask("GET", f"{PLACE}?artifactType=application/x.a%2Bb")
    assert [found["artifactType"] for found in listed(some)] == ["application/x.a+b"]
    assert some.header("oci-filters-applied") == "artifactType"
    none = pusher.ask("GET", f"{PLACE}?artifactType=application/x.d")
    assert (listed(none), none.header("oci-filters-applied")) == ([], "artifactType")


def test_head_is_get_without_the_body(pusher: Pusher) -> None:
    pusher.small(subject=SUBJECT)
    get, head = pusher.ask("GET", PLACE), pusher.ask("HEAD", PLACE)
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.parametrize("repository", [REPOSITORY, "no/such"])
@pytest.mark.parametrize("host", ["one.test", "two.test"])
def test_where_there_are_none_the_list_is_empty(host: str, repository: str) -> None:
    pusher = Pusher(Asker(), repository, host)
    pusher.asker.arrange()
    assert listed(pusher.ask("GET", f"referrers/{OTHER}")) == []


@pytest.mark.parametrize("digest", ["sha256:1", "x", "sha256:", "1.0"])
def test_a_digest_that_is_none_is_refused(pusher: Pusher, digest: str) -> None:
    refused = pusher.ask("GET", f"referrers/{digest}")
    assert (refused.status, errors(refused)[0]["code"]) == (400, "DIGEST_INVALID")


def test_a_referrer_of_another_repository_is_not_listed_and_a_deleted_one_no_more() -> None:
    pusher = Pusher(Asker())
    data = pusher.small(subject=SUBJECT)
    assert listed(Pusher(pusher.asker, "team/other").ask("GET", PLACE)) == []
    assert len(listed(pusher.ask("GET", PLACE))) == 1
    pusher.ask("DELETE", f"manifests/{sha256(data)}")
    assert listed(pusher.ask("GET", PLACE)) == []
    assert pusher.ask("GET", f"blobs/{sha256(EMPTY)}").status == 200
