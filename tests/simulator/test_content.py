import gzip
import hashlib
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import ImageFormat, ImageSpec
from simulator.registry.content import build
from tests.simulator import QUICK

SPECS = st.builds(
    ImageSpec,
    seed=st.text(max_size=5),
    format=st.sampled_from(["docker", "oci"]),
    layers=st.lists(st.integers(0, 2000), max_size=3).map(tuple),
    platforms=st.lists(st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v7"]), max_size=3, unique=True).map(
        tuple
    ),
)


@QUICK
@given(SPECS)
def test_every_digest_and_size_is_that_of_the_bytes(spec: ImageSpec) -> None:
    image = build(spec)
    assert image.content.objects[0].digest == image.content.root
    for part in image.content.objects:
        data = image.bytes_of[part.digest]
        assert part.digest == "sha256:" + hashlib.sha256(data).hexdigest()
        assert part.size == len(data)


@QUICK
@given(SPECS)
def test_equal_specs_give_equal_images(spec: ImageSpec) -> None:
    assert build.__wrapped__(spec) == build.__wrapped__(spec)


@QUICK
@given(SPECS)
def test_no_object_of_an_image_is_another(spec: ImageSpec) -> None:
    objects = build(spec).content.objects
    assert len({part.digest for part in objects}) == len(objects) == len({part.role for part in objects})


@QUICK
@given(SPECS, SPECS)
def test_other_seeds_give_other_bytes(one: ImageSpec, other: ImageSpec) -> None:
    if one.seed != other.seed:
        digests = {part.digest for part in build(other).content.objects if one.platforms or not other.platforms}
        shared = digests & {part.digest for part in build(one).content.objects}
        assert not shared


def test_the_bytes_never_change() -> None:
    """A change here changes every digest that a saved history tells of."""
    assert build(ImageSpec("1")).content.root == (
        "sha256:45bf2e2564ec5f83e0d70317584a0921650e9b587c7f3d484c6c0bbed6d7a9d1"
    )


@pytest.mark.parametrize("size", [0, 1, 512, 65_535, 200_000])
def test_a_layer_is_a_gzipped_tar_of_one_file_that_does_not_shrink(size: int) -> None:
    image = build(ImageSpec("seed", layers=(size,)))
    [layer] = [part for part in image.content.objects if part.role == "layer:0"]
    tar = gzip.decompress(image.bytes_of[layer.digest])
    assert image.content.diff_ids == ("sha256:" + hashlib.sha256(tar).hexdigest(),)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        [member] = archive.getmembers()
        assert (member.size, member.mtime) == (size, 0)
        content = archive.extractfile(member)
        assert content is not None
        assert len(gzip.compress(content.read())) >= size


@pytest.mark.parametrize(
    ("image_format", "manifest_type", "config_type"),
    [
        (
            "docker",
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
        ),
        ("oci", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json"),
    ],
)
def test_a_manifest_describes_its_config_and_layers(
    image_format: ImageFormat, manifest_type: str, config_type: str
) -> None:
    image = build(ImageSpec("s", image_format, (10, 20)))
    assert [part.role for part in image.content.objects] == ["manifest", "config", "layer:0", "layer:1"]
    manifest = json.loads(bytes(image.bytes_of[image.content.root]))
    assert manifest["mediaType"] == manifest_type
    assert manifest["config"]["mediaType"] == config_type
    described = [manifest["config"], *manifest["layers"]]
    parts = image.content.objects[1:]
    assert [(item["digest"], item["size"], item["mediaType"]) for item in described] == [
        (part.digest, part.size, part.media_type) for part in parts
    ]
    config = json.loads(bytes(image.bytes_of[manifest["config"]["digest"]]))
    assert (config["os"], config["architecture"]) == ("linux", "amd64")
    assert tuple(config["rootfs"]["diff_ids"]) == image.content.diff_ids


def test_an_index_names_a_manifest_for_each_platform() -> None:
    image = build(ImageSpec("s", "oci", (10,), ("linux/arm64/v8", "linux/amd64")))
    by_role = {part.role: part for part in image.content.objects}
    assert list(by_role) == [
        "index",
        "linux/arm64/v8:manifest",
        "linux/arm64/v8:config",
        "linux/arm64/v8:layer:0",
        "linux/amd64:manifest",
        "linux/amd64:config",
        "linux/amd64:layer:0",
    ]
    manifests = json.loads(bytes(image.bytes_of[image.content.root]))["manifests"]
    assert [entry["platform"] for entry in manifests] == [
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
        {"os": "linux", "architecture": "amd64"},
    ]
    assert manifests[1]["digest"] == by_role["linux/amd64:manifest"].digest
    config = json.loads(bytes(image.bytes_of[by_role["linux/amd64:config"].digest]))
    assert tuple(config["rootfs"]["diff_ids"]) == image.content.diff_ids
