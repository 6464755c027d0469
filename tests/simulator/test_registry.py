"""What an open registry answers, straight from the core."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Copy, Stage
from simulator.registry.content import build
from tests.simulator import QUICK
from tests.simulator.worlds import MANY, REPOSITORY, Asker, blob_path, data, digest, errors, manifest_path

UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.arrange()
    return asker


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "stage"),
    [
        ("GET", "/v2/", 200, "", "ping"),
        ("GET", "/v2", 200, "", "ping"),
        ("GET", manifest_path("1"), 200, "", "manifest-by-tag"),
        ("GET", manifest_path(digest("single", "manifest")), 200, "", "manifest-by-digest"),
        ("GET", manifest_path(digest("many", "linux/arm64:manifest")), 200, "", "manifest-by-digest"),
        ("GET", blob_path("single", "config"), 200, "", "config"),
        ("GET", blob_path("many", "linux/arm64:config"), 200, "", "config"),
        ("GET", blob_path("single", "layer:1"), 200, "", "layer"),
        ("GET", f"/v2/{REPOSITORY}/tags/list", 200, "", "tags"),
        ("GET", manifest_path("none"), 404, "MANIFEST_UNKNOWN", "manifest-by-tag"),
        ("GET", manifest_path("-no-tag-"), 404, "MANIFEST_UNKNOWN", "manifest-by-tag"),
        ("GET", manifest_path(UNKNOWN), 404, "MANIFEST_UNKNOWN", "manifest-by-digest"),
        ("GET", manifest_path(digest("single", "config")), 404, "MANIFEST_UNKNOWN", "manifest-by-digest"),
        ("GET", f"/v2/{REPOSITORY}/blobs/{UNKNOWN}", 404, "BLOB_UNKNOWN", "blob"),
        ("GET", "/v2/library/none/manifests/1", 404, "MANIFEST_UNKNOWN", "manifest-by-tag"),
        ("GET", "/v2/library/none/tags/list", 404, "NAME_UNKNOWN", "tags"),
        ("GET", "/v2/Library/manifests/1", 400, "NAME_INVALID", "manifest-by-tag"),
        ("GET", f"/v2/{REPOSITORY}/blobs/sha256:1", 400, "DIGEST_INVALID", "blob"),
        ("GET", f"/v2/{REPOSITORY}/blobs/1", 400, "DIGEST_INVALID", "blob"),
        ("GET", manifest_path("sha256:1"), 400, "DIGEST_INVALID", "manifest-by-digest"),
        ("PUT", manifest_path("1"), 405, "UNSUPPORTED", "manifest-by-tag"),
        ("DELETE", blob_path("single", "config"), 405, "UNSUPPORTED", "config"),
        ("POST", f"/v2/{REPOSITORY}/blobs/uploads/", 405, "UNSUPPORTED", "upload"),
        ("GET", "/v2/_catalog", 404, "", "other"),
        ("GET", "/v1/search", 404, "", "other"),
        ("GET", "/", 404, "", "other"),
    ],
)
def test_statuses(asker: Asker, *, method: str, path: str, status: int, code: str, stage: Stage) -> None:
    response = asker.ask(path, method)
    assert response.status == status
    assert (asker.last.status, asker.last.stage) == (status, stage)
    if code:
        [error] = errors(response)
        assert error["code"] == code
        assert error["message"]
        assert "detail" in error
        assert response.header("docker-distribution-api-version") == "registry/2.0"


@pytest.mark.parametrize("path", ["/v2/", manifest_path("1"), manifest_path("none"), blob_path("single", "layer:0")])
def test_head_is_get_without_the_body(asker: Asker, path: str) -> None:
    get, head = asker.ask(path), asker.ask(path, "HEAD")
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")
    assert int(head.header("content-length")) == len(get.body)
    assert asker.last.length == len(get.body)


@pytest.mark.parametrize("accept", ["", "*/*", "application/vnd.docker.distribution.manifest.v1+json"])
def test_a_manifest_is_never_converted(asker: Asker, accept: str) -> None:
    response = asker.ask(manifest_path("2"), headers=(("accept", accept),))
    assert response.body == data("many", "index")
    assert response.header("content-type") == "application/vnd.oci.image.index.v1+json"
    assert response.header("docker-content-digest") == build(MANY).content.root


def test_the_list_of_tags(asker: Asker) -> None:
    assert json.loads(bytes(asker.ask(f"/v2/{REPOSITORY}/tags/list").body)) == {"name": REPOSITORY, "tags": ["1", "2"]}


@QUICK
@given(st.integers(0, 400), st.integers(0, 400))
def test_a_range_is_those_bytes(first: int, last: int) -> None:
    asker = Asker()
    asker.arrange()
    whole = data("single", "config")
    response = asker.ask(blob_path("single", "config"), headers=(("range", f"bytes={first}-{last}"),))
    if last < first:
        assert (response.status, response.body) == (200, whole)
    elif first >= len(whole):
        assert response.status == 416
        assert response.header("content-range") == f"bytes */{len(whole)}"
    else:
        assert (response.status, response.body) == (206, whole[first : last + 1])
        end = min(last, len(whole) - 1)
        assert response.header("content-range") == f"bytes {first}-{end}/{len(whole)}"


@pytest.mark.parametrize(
    ("value", "status", "start"),
    [("bytes=10-", 206, 10), ("bytes=-10", 206, -10), ("bytes=-9999", 206, 0), ("bytes=-0", 416, None)]
    + [(value, 200, 0) for value in ("bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b")],
)
def test_open_and_odd_ranges(asker: Asker, value: str, status: int, start: int | None) -> None:
    response = asker.ask(blob_path("single", "config"), headers=(("range", value),))
    assert response.status == status
    assert response.body == (b"" if start is None else data("single", "config")[start:])


def test_an_object_that_a_copy_lacks_is_unknown_but_the_journal_knows_its_role(asker: Asker) -> None:
    asker.arrange(copies=(Copy(REPOSITORY, "1", "single", ("config",)),))
    assert errors(asker.ask(blob_path("single", "config")))[0]["code"] == "BLOB_UNKNOWN"
    assert (asker.last.stage, asker.last.role, asker.last.image) == ("config", "config", "single")


@QUICK
@given(st.text())
def test_no_path_is_too_odd(path: str) -> None:
    asker = Asker()
    asker.arrange()
    for host in ("one.test", "auth.docker.io", "production.cloudflare.docker.com", "registry-1.docker.io"):
        assert asker.ask("/v2/" + path, host=host).status < 500
    assert asker.world.journal.errors == []
