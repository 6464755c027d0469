"""Conditional and partial requests (RFC 9110, sections 13 and 14), for manifests and blobs, also from the CDN."""

import pytest

from simulator.messages import Headers, Response
from tests.simulator.worlds import Asker, blob_path, data, digest, manifest_path

CONFIG = blob_path("single", "config")
ETAG = f'"{digest("single", "config")}"'
SIZE = len(data("single", "config"))


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    asker.arrange()
    return asker


def test_the_entity_tag_is_the_digest_in_quotes(asker: Asker) -> None:
    assert asker.ask(CONFIG).header("etag") == ETAG
    for reference in ("1", digest("single", "manifest")):
        assert asker.ask(manifest_path(reference)).header("etag") == f'"{digest("single", "manifest")}"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', '"x",W/{}', "*"])
@pytest.mark.parametrize(("path", "role"), [(CONFIG, "config"), (manifest_path("1"), "manifest")])
def test_what_the_client_has_is_not_sent_again(asker: Asker, path: str, role: str, form: str, method: str) -> None:
    tag = f'"{digest("single", role)}"'
    response = asker.ask(path, method, headers=(("if-none-match", form.format(tag)),))
    assert (response.status, response.body, response.header("content-length")) == (304, b"", "")
    assert (response.header("etag"), response.header("docker-content-digest")) == (tag, digest("single", role))
    assert (asker.last.status, asker.last.length) == (304, 0)


@pytest.mark.parametrize("known", ['"x"', ETAG.strip('"'), ETAG[:-1], ""])
def test_what_the_client_does_not_have_is_sent(asker: Asker, known: str) -> None:
    assert asker.ask(CONFIG, headers=(("if-none-match", known),)).status == 200


def test_what_is_not_there_is_not_there(asker: Asker) -> None:
    assert asker.ask(manifest_path("none"), headers=(("if-none-match", "*"),)).status == 404


@pytest.mark.parametrize(
    ("value", "status", "content_range"),
    [
        ("bytes=0-0", 206, f"bytes 0-0/{SIZE}"),
        ("bytes=-1", 206, f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
        (f"bytes={SIZE - 1}-", 206, f"bytes {SIZE - 1}-{SIZE - 1}/{SIZE}"),
        (f"bytes=0-{10**17}", 206, f"bytes 0-{SIZE - 1}/{SIZE}"),
        (f"bytes={SIZE}-", 416, f"bytes */{SIZE}"),
        (f"bytes={SIZE}-{SIZE}", 416, f"bytes */{SIZE}"),
        ("bytes=-0", 416, f"bytes */{SIZE}"),
        ("bytes=0-1,4-5", 200, ""),
        ("bytes=5-4", 200, ""),
        ("bytes=0-" + "9" * 5000, 200, ""),
        ("bytes=\N{ARABIC-INDIC DIGIT THREE}-", 200, ""),
    ],
)
def test_ranges(asker: Asker, value: str, status: int, content_range: str) -> None:
    headers: Headers = (("range", value),)
    location = asker.hub(CONFIG, token=asker.token()).header("location")
    for response in (asker.ask(CONFIG, headers=headers), asker.cdn(location, headers=headers)):
        assert (response.status, response.header("content-range")) == (status, content_range)
        assert response.header("content-length") == str(len(response.body))


def test_a_range_of_nothing(asker: Asker) -> None:
    assert asker.ask(CONFIG, "HEAD", headers=(("range", "bytes=0-0"),)).status == 200
    known = (("range", "bytes=0-0"), ("if-none-match", ETAG))
    assert asker.ask(CONFIG, headers=known).status == 304


@pytest.mark.parametrize(("tag", "status"), [(ETAG, 206), ('"x"', 200), ("W/" + ETAG, 200), ("Sat, 1 Jan 2000", 200)])
def test_a_range_of_what_the_client_began_with(asker: Asker, tag: str, status: int) -> None:
    response: Response = asker.ask(CONFIG, headers=(("range", "bytes=0-0"), ("if-range", tag)))
    assert response.status == status
