"""The push part of the distribution-spec 1.1, sentence by sentence, and what becomes of what was pushed."""

import json
from dataclasses import replace

import pytest

from simulator.arrangement import Account, Arrangement, Break, Evict, Fault, FaultKind, ImageSpec, Limits, Publish, Warm
from simulator.bounds import LARGEST_MANIFEST, Bounds
from simulator.messages import Response
from simulator.registry.content import build
from simulator.registry.uploads import MOST_UPLOADS
from simulator.topology import AUTH_HOST, INDEX_HOST, REGISTRY_HOST
from simulator.world import World
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
    manifest,
    scoped_token,
    sha256,
    sha512,
)
from tests.simulator.worlds import (
    DEV,
    DEV_LOGIN,
    MANY,
    REPOSITORY,
    SINGLE,
    TOPOLOGY,
    Asker,
    data,
    digest,
    errors,
    manifest_path,
)

BLOB = b"twelve bytes"
EVE, EVE_LOGIN = Account("eve", "secret"), "eve:secret"


@pytest.fixture(params=["registry", "hub"])
def pusher(request: pytest.FixtureRequest) -> Pusher:
    asker = asker_with()
    return Pusher(asker) if request.param == "registry" else hub_pusher(asker)


@pytest.fixture
def registry() -> Pusher:
    return Pusher(Asker())


def code(response: Response) -> tuple[int, str]:
    return response.status, errors(response)[0]["code"]


def scope_error(response: Response) -> bool:
    return response.status == 401 and response.header("www-authenticate").endswith(
        ':pull,push",error="insufficient_scope"'
    )


def pulled(pusher: Pusher, digest: str, method: str = "GET") -> Response:
    """A blob, by way of the redirect that Hub answers with."""
    response = pusher.ask(method, f"blobs/{digest}")
    return pusher.asker.cdn(response.header("location"), method) if response.status == 307 else response


# Pushing blobs


def test_an_upload_begins(pusher: Pusher) -> None:
    begun = pusher.ask("POST", "blobs/uploads/")
    assert (begun.status, begun.body, begun.header("content-length")) == (202, b"", "0")
    name = begun.header("docker-upload-uuid")
    assert begun.header("location") == f"/v2/team/app/blobs/uploads/{name}"
    assert begun.header("range") == "0-0"
    assert pusher.ask("POST", "blobs/uploads/").header("docker-upload-uuid") != name
    last = pusher.asker.last
    assert (last.stage, last.role, last.image, last.repository) == ("upload", "", "", "team/app")


def test_a_blob_in_one_put(pusher: Pusher) -> None:
    created = pusher.ask("PUT", f"{pusher.begin()}?digest={sha256(BLOB)}", BLOB)
    assert (created.status, created.header("location")) == (201, f"/v2/team/app/blobs/{sha256(BLOB)}")
    assert created.header("docker-content-digest") == sha256(BLOB)
    assert pulled(pusher, sha256(BLOB)).body == BLOB
    assert pulled(pusher, sha256(BLOB), "HEAD").header("content-length") == str(len(BLOB))
    assert (pusher.asker.last.stage, pusher.asker.last.role, pusher.asker.last.image) == ("blob", "", "")


def test_a_blob_in_one_post(pusher: Pusher) -> None:
    created = pusher.ask("POST", f"blobs/uploads/?digest={sha256(BLOB)}", BLOB)
    assert (created.status, created.header("location")) == (201, f"/v2/team/app/blobs/{sha256(BLOB)}")
    assert pulled(pusher, sha256(BLOB)).body == BLOB


def test_a_blob_in_chunks(pusher: Pusher) -> None:
    where = pusher.begin()
    first = pusher.ask("PATCH", where, BLOB[:5], (("content-range", "0-4"),))
    assert (first.status, first.header("range"), first.header("location")) == (202, "0-4", where)
    status = pusher.ask("GET", where)
    assert (status.status, status.header("range"), status.header("location")) == (204, "0-4", where)
    assert status.header("content-length") == ""
    assert pusher.ask("PATCH", where, BLOB[5:8], (("content-range", "5-7"),)).header("range") == "0-7"
    last = pusher.ask("PUT", f"{where}?digest={sha256(BLOB)}", BLOB[8:], (("content-range", "8-11"),))
    assert last.status == 201
    assert pulled(pusher, sha256(BLOB)).body == BLOB
    assert pusher.ask("GET", where).status == 404


def test_a_blob_as_a_stream_without_content_range_as_docker_sends_it(pusher: Pusher) -> None:
    where = pusher.begin()
    assert pusher.ask("PATCH", where, BLOB).header("range") == "0-11"
    assert pusher.ask("PUT", f"{where}?digest={sha256(BLOB)}").status == 201


@pytest.mark.parametrize(
    "content_range", ["0-4", "4-8", "6-10", "x", "5", "9-5", "5-", "bytes 5-9/12", "5-" + "9" * 99]
)
def test_a_chunk_that_is_not_the_next_is_refused_and_changes_nothing(registry: Pusher, content_range: str) -> None:
    where = registry.begin()
    registry.ask("PATCH", where, BLOB[:5])
    for method, target in (("PATCH", where), ("PUT", f"{where}?digest={sha256(BLOB)}")):
        refused = registry.ask(method, target, BLOB[5:10], (("content-range", content_range),))
        assert (refused.status, refused.header("range"), refused.header("location")) == (416, "0-4", where)
    assert registry.ask("PUT", f"{where}?digest={sha256(BLOB)}", BLOB[5:]).status == 201


def test_a_chunk_of_another_length_than_it_says_is_refused(registry: Pusher) -> None:
    where = registry.begin()
    assert code(registry.ask("PATCH", where, BLOB, (("content-range", "0-5"),))) == (400, "SIZE_INVALID")
    assert registry.ask("GET", where).header("range") == "0-0"


@pytest.mark.parametrize(
    "wrong", ["", "?digest=", f"?digest={OTHER}", "?digest=md5:0", "?digest=sha256:1", "?digest=x"]
)
def test_a_blob_whose_digest_does_not_fit_is_refused_and_the_upload_over(registry: Pusher, wrong: str) -> None:
    where = registry.begin()
    assert code(registry.ask("PUT", where + wrong, BLOB)) == (400, "DIGEST_INVALID")
    assert code(registry.ask("GET", where)) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.ask("GET", f"blobs/{sha256(BLOB)}").status == 404


def test_a_blob_can_be_named_by_sha512(pusher: Pusher) -> None:
    assert pusher.ask("POST", f"blobs/uploads/?digest={sha512(BLOB)}", BLOB).status == 201
    assert pulled(pusher, sha512(BLOB)).body == BLOB
    assert pusher.ask("GET", f"blobs/{sha256(BLOB)}").status == 404


def test_an_upload_is_cancelled(pusher: Pusher) -> None:
    where = pusher.begin()
    assert pusher.ask("DELETE", where).status == 204
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        assert code(pusher.ask(method, where)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_an_upload_belongs_to_its_repository_its_server_and_its_arrangement(registry: Pusher) -> None:
    where = registry.begin()
    assert registry.ask("GET", where.replace("team/app", "team/other")).status == 404
    assert registry.ask("GET", where).status == 204
    registry.asker.world.arrange(Arrangement())
    assert registry.ask("GET", where).status == 404
    assert registry.begin() != where


def test_what_came_before_the_client_went_away_is_kept(registry: Pusher) -> None:
    where = registry.begin()
    broken = registry.ask("PATCH", where, BLOB[:3], (("content-range", "0-11"),), "broken-off")
    assert code(broken) == (400, "BLOB_UPLOAD_INVALID")
    assert registry.ask("GET", where).header("range") == "0-2"
    assert registry.ask("PUT", f"{where}?digest={sha256(BLOB)}", BLOB[3:], (("content-range", "3-11"),)).status == 201


def test_a_post_that_breaks_off_leaves_nothing(registry: Pusher) -> None:
    broken = registry.ask("POST", f"blobs/uploads/?digest={sha256(BLOB)}", BLOB[:3], arrival="broken-off")
    assert code(broken) == (400, "BLOB_UPLOAD_INVALID")
    assert registry.ask("GET", f"blobs/{sha256(BLOB)}").status == 404


def test_a_blob_is_mounted_from_another_repository(pusher: Pusher) -> None:
    pusher.blob(BLOB)
    other = (
        pusher
        if pusher.host == "two.test"
        else hub_pusher(pusher.asker, "team/b", {"team/b": "push", "team/app": "pull"})
    )
    path = f"/v2/team/b/blobs/uploads/?mount={sha256(BLOB)}&from=team/app"
    mounted = other.ask("POST", path)
    assert (mounted.status, mounted.header("location")) == (201, f"/v2/team/b/blobs/{sha256(BLOB)}")
    assert mounted.header("docker-content-digest") == sha256(BLOB)


@pytest.mark.parametrize("query", [f"mount={OTHER}&from=team/app", f"mount={sha256(BLOB)}", "mount=x&from=A//"])
def test_what_cannot_be_mounted_is_to_be_uploaded(pusher: Pusher, query: str) -> None:
    pusher.blob(BLOB)
    begun = pusher.ask("POST", f"blobs/uploads/?{query}")
    assert begun.status == 202
    assert pusher.ask("PUT", f"{begun.header('location')}?digest={sha256(BLOB)}", BLOB).status == 201


def test_an_arranged_blob_can_be_mounted(registry: Pusher) -> None:
    registry.asker.arrange()
    layer = digest("single", "layer:0")
    assert registry.ask("POST", f"blobs/uploads/?mount={layer}&from={REPOSITORY}").status == 201
    assert registry.ask("GET", f"blobs/{layer}").body == data("single", "layer:0")
    assert (registry.asker.last.stage, registry.asker.last.role) == ("layer", "layer:0")


def test_of_too_many_uploads_the_one_that_rested_longest_ends(registry: Pusher) -> None:
    first, second = registry.begin(), registry.begin()
    for _ in range(MOST_UPLOADS - 2):
        registry.begin()
    assert registry.ask("GET", first).status == 204
    registry.begin()
    assert (registry.ask("GET", first).status, registry.ask("GET", second).status) == (204, 404)


# Pushing manifests


@pytest.mark.parametrize("reference", ["", "1.0", "A" * 128])
def test_a_manifest_is_pushed_and_pulled(pusher: Pusher, reference: str) -> None:
    pusher.blob(EMPTY)
    pushed = manifest()
    created = pusher.manifest(pushed, reference)
    assert created.status == 201
    assert created.header("location") == f"/v2/team/app/manifests/{sha256(pushed)}"
    assert created.header("docker-content-digest") == sha256(pushed)
    assert created.header("oci-subject") == ""
    assert (pusher.asker.last.role, pusher.asker.last.method) == ("", "PUT")
    for name in filter(None, (reference, sha256(pushed))):
        found = pusher.ask("GET", f"manifests/{name}")
        assert (found.status, found.body, found.header("content-type")) == (200, pushed, IMAGE_TYPE)
        assert pusher.ask("HEAD", f"manifests/{name}").headers == found.headers
    assert pusher.json("tags/list")["tags"] == ([reference] if reference else [])


@pytest.mark.parametrize("spec", [SINGLE, MANY], ids=["docker", "oci-index"])
def test_an_image_comes_back_as_it_was_pushed(pusher: Pusher, spec: ImageSpec) -> None:
    built = build(spec)
    pusher.image(built, "1")
    for part in built.content.objects:
        kind = "manifests" if "manifest" in part.role or part.role == "index" else "blobs"
        found = pusher.ask("GET", f"manifests/{part.digest}") if kind == "manifests" else pulled(pusher, part.digest)
        assert found.body == built.bytes_of[part.digest]
        assert kind == "blobs" or found.header("content-type") == part.media_type


def test_a_manifest_by_sha512(registry: Pusher) -> None:
    registry.blob(EMPTY)
    assert registry.manifest(manifest(), sha512(manifest())).header("docker-content-digest") == sha512(manifest())
    assert registry.ask("GET", f"manifests/{sha512(manifest())}").body == manifest()


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b"\xff\xfe\xfd",
        b"[]",
        b"[" * 100_000,
        b"9" * 10_000,
        b"{}",
        manifest(schemaVersion=1),
        manifest(schemaVersion=True),
        manifest(mediaType=7),
        manifest(mediaType="text/plain"),
        manifest(mediaType=INDEX_TYPE),
        manifest(config=None),
        manifest(config={"mediaType": "x", "digest": "x", "size": 1}),
        manifest(layers={}),
        manifest(layers=["x"]),
        manifest(layers=[{**descriptor(EMPTY), "size": -1}]),
        manifest(layers=[{**descriptor(EMPTY), "size": "2"}]),
        manifest(subject="x"),
        manifest(subject=None),
        manifest(artifactType=[]),
        manifest(annotations={"a": 1}),
        manifest(annotations=[]),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_what_is_no_manifest_is_refused(registry: Pusher, bad: bytes) -> None:
    registry.blob(EMPTY)
    assert code(registry.ask("PUT", "manifests/1", bad)) == (400, "MANIFEST_INVALID")
    assert registry.ask("GET", "manifests/1").status == 404
    assert not registry.asker.world.journal.errors


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("", 201), (IMAGE_TYPE, 201), (IMAGE_TYPE + "; charset=utf-8", 201), (INDEX_TYPE, 400), ("text/plain", 400)],
)
def test_the_content_type_is_the_manifests_own(registry: Pusher, content_type: str, status: int) -> None:
    registry.blob(EMPTY)
    headers = (("content-type", content_type),) if content_type else ()
    assert registry.ask("PUT", "manifests/1", manifest(), headers).status == status


def test_a_manifest_without_a_type_is_what_the_content_type_says(registry: Pusher) -> None:
    registry.blob(EMPTY)
    untyped = manifest(mediaType="")
    assert registry.ask("PUT", "manifests/1", untyped).status == 400
    assert registry.ask("PUT", "manifests/1", untyped, (("content-type", IMAGE_TYPE),)).status == 201
    assert registry.ask("GET", "manifests/1").header("content-type") == IMAGE_TYPE


def test_a_manifest_whose_parts_are_missing_is_refused(pusher: Pusher) -> None:
    refused = pusher.manifest(manifest(), "1")
    assert code(refused) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert sha256(EMPTY) in errors(refused)[0]["detail"]["digests"]
    assert code(pusher.manifest(index(manifest()), "1")) == (400, "MANIFEST_BLOB_UNKNOWN")
    pusher.small()
    assert pusher.manifest(index(manifest()), "1").status == 201


def test_a_layer_that_may_be_elsewhere_need_not_be_there(registry: Pusher) -> None:
    registry.blob(EMPTY)
    foreign = descriptor(b"elsewhere", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    assert registry.manifest(manifest(layers=[foreign])).status == 201


@pytest.mark.parametrize("reference", [OTHER, "sha512:" + "0" * 128, "sha999:00"])
def test_a_manifest_under_another_digest_is_refused(registry: Pusher, reference: str) -> None:
    registry.blob(EMPTY)
    assert code(registry.manifest(manifest(), reference)) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("reference", ["-1", ".x", "a" * 129, "a b"])
def test_a_manifest_under_what_is_no_tag_is_refused(registry: Pusher, reference: str) -> None:
    registry.blob(EMPTY)
    assert code(registry.manifest(manifest(), reference)) == (400, "MANIFEST_INVALID")


def test_a_manifest_that_breaks_off_is_refused(registry: Pusher) -> None:
    registry.blob(EMPTY)
    assert code(registry.ask("PUT", "manifests/1", manifest(), arrival="broken-off")) == (400, "MANIFEST_INVALID")


def test_a_subject_need_not_be_there(pusher: Pusher) -> None:
    pusher.blob(EMPTY)
    created = pusher.manifest(manifest(subject=descriptor(b"nowhere", IMAGE_TYPE)), "1")
    assert (created.status, created.header("oci-subject")) == (201, sha256(b"nowhere"))


def test_a_tag_moves_and_what_it_named_stays(pusher: Pusher) -> None:
    old = pusher.small("1")
    new = pusher.small("1", annotations={"version": "2"})
    assert pusher.ask("GET", "manifests/1").body == new
    assert pusher.ask("GET", f"manifests/{sha256(old)}").body == old
    assert pusher.json("tags/list")["tags"] == ["1"]


# Bounds


def test_a_manifest_has_a_largest_size(registry: Pusher) -> None:
    registry.blob(EMPTY)
    spare = LARGEST_MANIFEST - len(manifest(annotations={"a": ""}))
    assert registry.manifest(manifest(annotations={"a": "x" * spare})).status == 201
    assert code(registry.manifest(manifest(annotations={"a": "x" * (spare + 1)}))) == (413, "SIZE_INVALID")
    assert code(registry.ask("PUT", "manifests/1", arrival="too-large")) == (413, "SIZE_INVALID")


def test_a_blob_has_a_largest_size() -> None:
    pusher = Pusher(Asker(World(TOPOLOGY, bounds=Bounds(blob=10))))
    assert pusher.ask("POST", f"blobs/uploads/?digest={sha256(b'x' * 10)}", b"x" * 10).status == 201
    assert code(pusher.ask("POST", f"blobs/uploads/?digest={sha256(b'x' * 11)}", b"x" * 11)) == (413, "SIZE_INVALID")
    where = pusher.begin()
    assert pusher.ask("PATCH", where, b"x" * 6).status == 202
    assert code(pusher.ask("PATCH", where, b"x" * 5)) == (413, "SIZE_INVALID")
    assert pusher.ask("PATCH", where, b"x" * 4).status == 202


def test_a_server_takes_so_much_and_takes_more_when_something_goes() -> None:
    pusher = Pusher(Asker(World(TOPOLOGY, bounds=Bounds(pushed=10))))
    pusher.blob(b"1234")
    where = pusher.begin()
    pusher.ask("PATCH", where, b"12345")
    assert pusher.ask("POST", f"blobs/uploads/?digest={sha256(b'ab')}", b"ab").status == 413
    assert pusher.ask("POST", f"/v2/b/blobs/uploads/?mount={sha256(b'1234')}&from=team/app").status == 202
    pusher.ask("DELETE", where)
    pusher.blob(b"123456")
    pusher.ask("DELETE", f"blobs/{sha256(b'1234')}")
    pusher.blob(b"abcd")


def test_a_server_takes_so_many_objects_and_tags_and_takes_more_when_some_go() -> None:
    pusher = Pusher(Asker(World(TOPOLOGY, bounds=Bounds(objects=4))))
    pushed = pusher.small("1")
    assert pusher.manifest(pushed, "2").status == 201
    assert code(pusher.manifest(pushed, "3")) == (413, "SIZE_INVALID")
    assert code(pusher.manifest(manifest(annotations={"new": "yes"}), "1")) == (413, "SIZE_INVALID")
    assert pusher.ask("GET", "manifests/1").body == pushed
    for repository in ("team/b", "team/c"):
        path = f"/v2/{repository}/blobs/uploads/?digest={sha256(b'')}"
        assert code(pusher.ask("POST", path)) == (413, "SIZE_INVALID")
        assert pusher.ask("GET", f"/v2/{repository}/tags/list").status == 404
    assert pusher.manifest(pushed, "1").status == 201
    assert pusher.ask("DELETE", f"manifests/{sha256(pushed)}").status == 202
    assert [pusher.manifest(pushed, tag).status for tag in ("1", "2", "3")] == [201, 201, 413]


# Content management


def test_deleting_a_tag(registry: Pusher) -> None:
    pushed = registry.small("1")
    registry.small("2")
    deleted = registry.ask("DELETE", "manifests/1")
    assert (deleted.status, deleted.body) == (202, b"")
    assert code(registry.ask("GET", "manifests/1")) == (404, "MANIFEST_UNKNOWN")
    assert registry.ask("GET", f"manifests/{sha256(pushed)}").status == 200
    assert registry.json("tags/list")["tags"] == ["2"]
    assert code(registry.ask("DELETE", "manifests/1")) == (404, "MANIFEST_UNKNOWN")


def test_deleting_a_manifest_takes_its_tags_with_it(registry: Pusher) -> None:
    pushed = registry.small("1")
    kept = registry.small("2", annotations={"kept": "yes"})
    assert registry.ask("DELETE", f"manifests/{sha256(pushed)}").status == 202
    assert registry.ask("GET", "manifests/1").status == 404
    assert registry.ask("GET", "manifests/2").body == kept
    assert registry.json("tags/list")["tags"] == ["2"]
    assert code(registry.ask("DELETE", f"manifests/{sha256(pushed)}")) == (404, "MANIFEST_UNKNOWN")


def test_deleting_a_blob(registry: Pusher) -> None:
    registry.small("1")
    assert registry.ask("DELETE", f"blobs/{sha256(EMPTY)}").status == 202
    assert code(registry.ask("GET", f"blobs/{sha256(EMPTY)}")) == (404, "BLOB_UNKNOWN")
    assert code(registry.ask("DELETE", f"blobs/{sha256(EMPTY)}")) == (404, "BLOB_UNKNOWN")
    assert registry.ask("GET", "manifests/1").status == 200


def test_deleting_what_was_arranged(registry: Pusher) -> None:
    registry.asker.arrange()
    registry.repository = REPOSITORY
    layer, root, child = digest("single", "layer:0"), digest("many", "index"), digest("many", "linux/arm64:manifest")
    assert [registry.ask("DELETE", f"blobs/{layer}").status for _ in range(2)] == [202, 404]
    assert registry.ask("GET", f"blobs/{digest('single', 'layer:1')}").status == 200
    assert registry.ask("DELETE", "manifests/1").status == 202
    assert registry.ask("GET", f"manifests/{digest('single', 'manifest')}").status == 200
    assert registry.ask("DELETE", f"manifests/{child}").status == 202
    assert registry.ask("GET", f"manifests/{digest('many', 'linux/amd64:manifest')}").status == 200
    assert registry.ask("DELETE", f"manifests/{root}").status == 202
    assert registry.json("tags/list")["tags"] == []
    assert registry.asker.ask(manifest_path("2")).status == 200


@pytest.mark.parametrize(
    ("host", "method", "place", "allow"),
    [
        ("one.test", "PUT", "manifests/1", "GET, HEAD"),
        ("one.test", "DELETE", "manifests/1", "GET, HEAD"),
        ("one.test", "POST", "blobs/uploads/", ""),
        ("one.test", "GET", "blobs/uploads/x", ""),
        ("one.test", "PATCH", "blobs/uploads/x", ""),
        (REGISTRY_HOST, "DELETE", "manifests/1", "GET, HEAD, PUT"),
        (REGISTRY_HOST, "DELETE", f"blobs/{OTHER}", "GET, HEAD"),
        ("two.test", "PUT", f"blobs/{OTHER}", "GET, HEAD, DELETE"),
        ("two.test", "GET", "blobs/uploads/", "POST"),
        ("two.test", "POST", "blobs/uploads/x", "GET, HEAD, PATCH, PUT, DELETE"),
        ("two.test", "POST", "tags/list", "GET, HEAD"),
        ("two.test", "PUT", f"referrers/{OTHER}", "GET, HEAD"),
    ],
)
def test_what_a_server_does_not_do(registry: Pusher, host: str, method: str, place: str, allow: str) -> None:
    registry.host = host
    refused = registry.ask(method, place)
    assert (code(refused), refused.header("allow")) == ((405, "UNSUPPORTED"), allow)


@pytest.mark.parametrize("place", ["/v2/Team/blobs/uploads/", "/v2/a//b/blobs/uploads/", "/v2/Team/manifests/1"])
def test_a_name_that_is_none_is_refused(registry: Pusher, place: str) -> None:
    assert code(registry.ask("POST" if "uploads" in place else "PUT", place)) == (400, "NAME_INVALID")


# Pushed beside arranged


def test_pushing_to_an_arranged_tag_and_publishing_to_a_pushed_one(pusher: Pusher) -> None:
    world = pusher.asker.world
    pusher.asker.arrange()
    server = "hub" if pusher.token else "two"
    world.apply(Publish("team/app", "1", "single", server=server))
    pushed = pusher.small("1")
    assert pusher.ask("GET", "manifests/1").body == pushed
    assert pusher.ask("GET", f"manifests/{digest('single', 'manifest')}").body == data("single", "manifest")
    world.apply(Publish("team/app", "1", "many", server=server))
    assert pusher.ask("GET", "manifests/1").body == data("many", "index")
    assert pusher.ask("GET", f"manifests/{sha256(pushed)}").body == pushed
    assert pusher.json("tags/list")["tags"] == ["1"]


def test_an_arrangement_takes_away_what_was_pushed(registry: Pusher) -> None:
    registry.small("1")
    registry.asker.world.arrange(Arrangement())
    assert registry.ask("GET", "manifests/1").status == 404
    assert registry.ask("GET", f"blobs/{sha256(EMPTY)}").status == 404
    assert registry.ask("GET", "tags/list").status == 404


def test_what_was_pushed_is_evicted_with_its_tag(registry: Pusher) -> None:
    image = build(MANY)
    registry.image(image, "1")
    registry.image(build(SINGLE), "2")
    kept = registry.small("3", layers=[descriptor(data("many", "linux/arm64:layer:0"))])
    registry.asker.world.apply(Evict("two", "team/app", "1"))
    left = [
        part.role
        for part in image.content.objects
        if 200 in (registry.ask("GET", f"{kind}/{part.digest}").status for kind in ("blobs", "manifests"))
    ]
    assert left == ["linux/arm64:layer:0"]
    assert registry.json("tags/list")["tags"] == ["2", "3"]
    assert registry.ask("GET", "manifests/3").body == kept
    registry.asker.world.apply(Evict("two", "team/app"))
    assert registry.ask("GET", "tags/list").status == 404


def test_of_two_tags_of_one_pushed_manifest_one_is_evicted(registry: Pusher) -> None:
    pushed = registry.small("1")
    registry.small("2")
    registry.asker.world.apply(Evict("two", "team/app", "1"))
    assert registry.ask("GET", "manifests/1").status == 404
    assert registry.ask("GET", "manifests/2").body == pushed


def test_a_mirror_takes_over_what_was_pushed_to_hub() -> None:
    asker = asker_with()
    asker.arrange()
    asker.world.apply(Publish("team/app", "arranged", "many"))
    pusher = hub_pusher(asker)
    pusher.image(build(SINGLE), "1")
    combined = index(data("many", "linux/arm64:manifest"))
    assert pusher.manifest(combined, "2").status == 201
    mirror = Pusher(asker, host="one.test")
    for _ in range(2):
        asker.world.apply(Warm("one", "team/app", "1"))
        asker.world.apply(Warm("one", "team/app", "2"))
    assert mirror.json("tags/list")["tags"] == ["1", "2"]
    assert mirror.ask("GET", "manifests/1").body == data("single", "manifest")
    assert mirror.ask("GET", f"blobs/{digest('single', 'layer:1')}").body == data("single", "layer:1")
    assert mirror.ask("GET", "manifests/2").body == combined
    assert mirror.ask("GET", f"blobs/{digest('many', 'linux/arm64:layer:0')}").status == 200


# Faults


@pytest.mark.parametrize("kind", ["status", "redirect", "reset", "hang"])
def test_a_push_that_is_struck_has_no_effect(kind: FaultKind) -> None:
    asker = Asker()
    pusher = Pusher(asker)
    where = pusher.begin()
    asker.world.apply(Break("two", Fault(kind, "upload", "PATCH", skip=1, times=1, status=307, location="/x")))
    sent = [pusher.ask("PATCH", where, b"a") for _ in range(3)]
    assert [response.status == 202 for response in sent] == [True, False, True]
    assert [exchange.fault for exchange in asker.world.journal.since()[-3:]] == ["", kind, ""]
    assert pusher.ask("GET", where).header("range") == "0-1"


def test_a_slow_push_has_its_effect() -> None:
    asker = Asker()
    asker.arrange(Fault("wrong-type"), Fault("slow", "upload", seconds=1), Fault("corrupt"), server="two")
    pusher = Pusher(asker)
    begun = pusher.ask("POST", "blobs/uploads/")
    assert (begun.status, begun.delivery.kind) == (202, "slow")
    assert pusher.ask("PUT", f"{begun.header('location')}?digest={sha256(BLOB)}", BLOB).status == 201


# Hub


def test_hub_tells_where_to_get_a_token_to_push_with() -> None:
    pusher = Pusher(Asker(), "team/app", REGISTRY_HOST)
    for method, place in (("POST", "blobs/uploads/"), ("PUT", "manifests/1"), ("GET", "blobs/uploads/x")):
        refused = pusher.ask(method, place)
        assert refused.status == 401
        assert refused.header("www-authenticate").endswith(',scope="repository:team/app:pull,push"')
        assert [part["Action"] for part in errors(refused)[0]["detail"]] == ["pull", "push"]


@pytest.mark.parametrize(
    ("repository", "scope", "actions"),
    [
        ("team/app", "team/app", "pull"),
        ("team/app", "team/other", "pull,push"),
        ("team/app", "team/app:push", "pull"),
        ("library/app", "library/app", "pull,push"),
        ("team/app", "library/app", "pull,push"),
    ],
)
def test_a_token_for_something_else_pushes_nothing(repository: str, scope: str, actions: str) -> None:
    asker = asker_with()
    pusher = hub_pusher(asker, repository, {scope: actions})
    for method, place in (("POST", "blobs/uploads/"), ("PUT", "manifests/1"), ("GET", "blobs/uploads/x")):
        assert scope_error(pusher.ask(method, place))


def test_whoever_may_push_sees_a_repository_before_there_is_one() -> None:
    asker = asker_with()
    assert code(hub_pusher(asker).ask("GET", f"blobs/{OTHER}")) == (404, "BLOB_UNKNOWN")
    assert hub_pusher(asker, scopes={"team/app": "pull"}).ask("GET", f"blobs/{OTHER}").status == 401


@pytest.mark.parametrize(
    ("scopes", "private", "status"),
    [
        ({"team/b": "pull,push"}, (), 202),
        ({"team/b": "pull,push", "team/a": "push"}, (), 202),
        ({"team/b": "pull,push", "eve/a": "pull"}, (), 201),
        ({"team/b": "pull,push", "eve/a": "pull"}, ("eve/a",), 202),
    ],
)
def test_nobody_mounts_from_a_repository_that_their_token_does_not_open(
    scopes: dict[str, str], private: tuple[str, ...], status: int
) -> None:
    asker = asker_with(DEV, EVE, private=private)
    hub_pusher(asker, "team/a").blob(BLOB)
    hub_pusher(asker, "eve/a", login=EVE_LOGIN).blob(BLOB)
    source = "eve/a" if "eve/a" in scopes else "team/a"
    thief = hub_pusher(asker, "team/b", scopes)
    begun = thief.ask("POST", f"blobs/uploads/?mount={sha256(BLOB)}&from={source}")
    assert begun.status == status
    if status == 202:
        assert thief.ask("PUT", f"{begun.header('location')}?digest={sha256(BLOB)}", BLOB).status == 201


def test_rights_that_went_let_nothing_be_pushed_or_mounted() -> None:
    asker = asker_with(DEV, EVE)
    token = scoped_token(asker, "team/app:pull,push", "eve/a:pull")
    asker.world.arrange(Arrangement(accounts=(replace(DEV, pushes=("team/b",)),)))
    assert scope_error(Pusher(asker, "team/app", REGISTRY_HOST, token).ask("POST", "blobs/uploads/"))
    asker.world.arrange(Arrangement(accounts=(DEV, EVE), private=("eve/a",)))
    hub_pusher(asker, "eve/a", login=EVE_LOGIN).blob(BLOB)
    pusher = Pusher(asker, "team/app", REGISTRY_HOST, token)
    assert pusher.ask("POST", f"blobs/uploads/?mount={sha256(BLOB)}&from=eve/a").status == 202


def test_an_account_pushes_to_its_own_namespace_and_pulls_back() -> None:
    asker = asker_with(DEV, EVE)
    owner = hub_pusher(asker, "eve/new", login=EVE_LOGIN)
    pushed = owner.small("1")
    assert asker.last.account == "eve"
    assert owner.ask("GET", "manifests/1").body == pushed
    assert pulled(owner, sha256(EMPTY)).body == EMPTY


@pytest.mark.parametrize("login", [DEV_LOGIN, ""])
def test_nobody_else_pushes_there(login: str) -> None:
    asker = asker_with(DEV, EVE)
    where = hub_pusher(asker, "eve/new", login=EVE_LOGIN).begin()
    other = hub_pusher(asker, "eve/new", login=login)
    for method, place in (
        ("POST", "blobs/uploads/"),
        ("POST", f"blobs/uploads/?digest={sha256(BLOB)}"),
        ("POST", f"blobs/uploads/?mount={sha256(BLOB)}&from=team/a"),
        ("GET", where),
        ("PATCH", where),
        ("PUT", f"{where}?digest={sha256(BLOB)}"),
        ("DELETE", where),
        ("PUT", "manifests/1"),
    ):
        refused = other.ask(method, place, BLOB)
        assert scope_error(refused), (method, place)
        assert asker.last.account == login.partition(":")[0]
    assert not json.loads(bytes(asker.ask("/v1/search?q=eve", host=INDEX_HOST).body))["results"]


def test_a_token_to_push_with_alone_pulls_nothing() -> None:
    asker = asker_with()
    pusher = hub_pusher(asker, scopes={"team/app": "push"})
    pusher.small("1")
    assert pusher.ask("GET", "manifests/1").status == 401


@pytest.mark.parametrize("login", [EVE_LOGIN, ""])
def test_what_is_pushed_to_a_private_repository_is_seen_by_none_but_those_who_may(login: str) -> None:
    asker = asker_with(DEV, EVE, private=("team/app",))
    owner = hub_pusher(asker)
    root = owner.small("1", subject=descriptor(b"subject", IMAGE_TYPE))
    places = [
        "manifests/1",
        f"manifests/{sha256(root)}",
        f"blobs/{sha256(EMPTY)}",
        f"referrers/{sha256(b'subject')}",
        "tags/list",
        "manifests/none",
        f"blobs/{OTHER}",
    ]
    stranger = hub_pusher(asker, login=login)
    for method in ("GET", "HEAD"):
        for place in places:
            absent = hub_pusher(asker, "team/no", login=login).ask(method, place)
            hidden = stranger.ask(method, place)
            assert hidden.status == 401
            assert hidden.body == bytes(absent.body).replace(b"team/no", b"team/app")
            assert stranger.ask(method, place, headers=(("if-none-match", f'"{sha256(root)}"'),)).status == 401
        assert [owner.ask(method, place).status for place in places] == [200, 200, 307, 200, 200, 404, 404]
    assert not json.loads(bytes(asker.ask("/v1/search?q=team", host=INDEX_HOST).body))["results"]


def test_a_push_is_no_pull() -> None:
    asker = Asker()
    asker.world.arrange(Arrangement(accounts=(DEV,), limits=Limits(personal=1)))
    pusher = hub_pusher(asker)
    pusher.image(build(MANY), "1")
    pushed = pusher.manifest(data("single", "manifest"))
    assert pushed.header("ratelimit-limit") + pushed.header("docker-ratelimit-source") == ""
    assert asker.world.ledger.since() == ()
    assert [pusher.ask("GET", "manifests/1").status for _ in range(2)] == [200, 429]
    assert pusher.small("2")
    assert [entry.cost for entry in asker.world.ledger.since()] == [1, 0]


def test_a_push_that_never_gets_to_hub_still_counts_as_a_request_of_its_account() -> None:
    asker = Asker()
    asker.world.arrange(Arrangement(accounts=(DEV,), limits=Limits(requests=3)))
    pusher = hub_pusher(asker)
    asker.world.apply(Break("hub", Fault("status", "upload", status=503, times=1)))
    assert pusher.ask("POST", "blobs/uploads/").status == 503
    assert (asker.last.account, asker.last.fault) == ("dev", "status")
    assert pusher.ask("PUT", "manifests/1", arrival="too-large").status == 413
    assert asker.last.account == "dev"
    assert pusher.ask("POST", "blobs/uploads/").status == 429


def test_a_form_that_is_too_long_is_refused() -> None:
    assert Asker().ask("/token", "POST", AUTH_HOST, body=b"x" * 70_000).status == 413


def test_a_push_is_public_to_whoever_pulls() -> None:
    asker = asker_with()
    pushed = hub_pusher(asker).small("1")
    assert asker.hub("/v2/team/app/manifests/1", token=asker.token("team/app")).body == pushed
    assert json.loads(bytes(asker.hub("/v2/team/app/tags/list", token=asker.token("team/app")).body))["tags"] == ["1"]
