import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.registry import names
from tests.simulator import QUICK


@pytest.mark.parametrize("name", ["alpine", "library/alpine", "a/b/c", "a.b_c__d-e--f/0", "a" * 255])
def test_a_repository_name(name: str) -> None:
    assert names.is_repository(name)


@pytest.mark.parametrize(
    "name", ["", "Alpine", "a//b", "/a", "a/", "a..b", "a___b", "-a", "a-", "a:b", "a b", "a\n", "a" * 256]
)
def test_no_repository_name(name: str) -> None:
    assert not names.is_repository(name)


@pytest.mark.parametrize("tag", ["latest", "_", "1.0-rc.1", "A" * 128])
def test_a_tag(tag: str) -> None:
    assert names.is_tag(tag)


@pytest.mark.parametrize("tag", ["", ".a", "-a", "a/b", "a:b", "a\n", "A" * 129])
def test_no_tag(tag: str) -> None:
    assert not names.is_tag(tag)


@pytest.mark.parametrize("digest", ["sha256:" + "0a" * 32, "sha512:" + "f" * 128, "multihash+base58:QmRZ", "a.b:c="])
def test_a_digest(digest: str) -> None:
    assert names.is_digest(digest)


@pytest.mark.parametrize(
    "digest", ["", "sha256", "sha256:", "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha512:" + "f" * 64, "SHA256:aa"]
)
def test_no_digest(digest: str) -> None:
    assert not names.is_digest(digest)


@QUICK
@given(st.text())
def test_no_text_is_both_a_tag_and_a_digest(text: str) -> None:
    assert not (names.is_tag(text) and names.is_digest(text))
