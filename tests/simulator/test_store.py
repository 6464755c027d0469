import pytest

from simulator.arrangement import ImageSpec
from simulator.registry.content import Image, build
from simulator.registry.store import Holding, Store, role_matches

V1 = build(ImageSpec("v1"))
V2 = build(ImageSpec("v2"))
MANY = build(ImageSpec("many", "oci", (10,), ("linux/amd64", "linux/arm64")))


def digest(image: Image, role: str) -> str:
    return next(part.digest for part in image.content.objects if part.role == role)


def store(*copies: tuple[str | None, Image], without: tuple[str, ...] = ()) -> Store:
    made = Store()
    for tag, image in copies:
        made.put("r", tag, Holding("image", image, frozenset(without)))
    return made


@pytest.mark.parametrize(
    ("role", "pattern", "expected"),
    [
        ("layer:0", "layer:0", True),
        ("linux/amd64:layer:0", "layer:0", True),
        ("linux/amd64:config", "linux/amd64:config", True),
        ("linux/arm64:config", "linux/amd64:config", False),
        ("layer:10", "layer:1", False),
        ("layer:10", "layer:0", False),
    ],
)
def test_a_role_without_platform_stands_for_that_of_every_platform(role: str, pattern: str, expected: bool) -> None:
    assert role_matches(role, pattern) is expected


def test_manifests_are_found_by_tag_and_digest_and_blobs_by_digest() -> None:
    held = store(("1", V1))
    assert (found := held.manifest("r", "1"))
    assert found.data == V1.bytes_of[V1.content.root]
    assert held.manifest("r", V1.content.root) == found
    assert (config := held.blob("r", digest(V1, "config")))
    assert config.object.role == "config"


def test_a_blob_is_no_manifest_and_a_manifest_no_blob() -> None:
    held = store(("1", V1))
    assert held.manifest("r", digest(V1, "config")) is None
    assert held.blob("r", V1.content.root) is None


def test_nothing_is_found_in_another_repository() -> None:
    held = store(("1", V1))
    assert held.manifest("other", V1.content.root) is None
    assert held.blob("other", digest(V1, "config")) is None


def test_a_copy_without_a_role_lacks_it_on_every_platform() -> None:
    held = store(("1", MANY), without=("layer:0", "linux/amd64:config"))
    missing = {part.role for part in MANY.content.objects if not held.blob("r", part.digest)} - {
        "index",
        "linux/amd64:manifest",
        "linux/arm64:manifest",
    }
    assert missing == {"linux/amd64:layer:0", "linux/arm64:layer:0", "linux/amd64:config"}


def test_a_tag_whose_manifest_is_missing_is_not_listed() -> None:
    held = store(("1", V1), without=("manifest",))
    assert held.manifest("r", "1") is None
    assert held.tags("r") == []
    assert held.blob("r", digest(V1, "config"))


def test_an_untagged_copy_is_reachable_by_digest_alone() -> None:
    held = store((None, V1))
    assert held.tags("r") == []
    assert held.manifest("r", V1.content.root)


def test_what_a_tag_named_before_stays_reachable_by_digest() -> None:
    held = store(("1", V1), ("1", V2))
    assert (now := held.manifest("r", "1"))
    assert now.object.digest == V2.content.root
    assert held.manifest("r", V1.content.root)


def test_taking_the_same_image_again_mends_the_copy_and_leaves_no_other() -> None:
    held = store(("1", V1))
    held.evict("r", "1", ["config"])
    assert not held.blob("r", digest(V1, "config"))
    held.put("r", "1", Holding("image", V1))
    assert held.blob("r", digest(V1, "config"))
    held.evict("r", "1")
    assert not held.manifest("r", V1.content.root)


def test_evicting_a_tag_leaves_what_others_name() -> None:
    held = store(("1", V1), ("2", V2))
    held.evict("r", "1")
    assert held.tags("r") == ["2"]
    assert not held.manifest("r", V1.content.root)
    assert held.manifest("r", V2.content.root)


def test_evicting_without_a_tag_takes_the_repository_or_objects_of_all_its_copies() -> None:
    held = store(("1", V1), (None, V2))
    held.evict("r", None, ["layer:0"])
    assert not held.blob("r", digest(V1, "layer:0"))
    assert not held.blob("r", digest(V2, "layer:0"))
    assert held.has("r")
    held.evict("r", None)
    assert not held.has("r")


def test_evicting_what_is_not_there_changes_nothing() -> None:
    held = store(("1", V1))
    held.evict("r", "2")
    held.evict("other", None)
    assert held.tags("r") == ["1"]
