"""Images and references as one writes them on a command line."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Arrangement, ImageSpec
from simulator.checks import LARGEST_LAYER, check_arrangement
from simulator.command.imagespec import Reference, SpecError, named_image, reference
from tests.simulator.worlds import TOPOLOGY


def test_everything_that_can_be_said() -> None:
    image = named_image("ada/app:3.20,layers=3,size=2MiB,platforms=amd64+linux/arm/v7,format=oci,seed=x")
    assert image.reference == Reference("ada/app", "3.20")
    assert image.spec == ImageSpec("x", "oci", (2 << 20,) * 3, ("linux/amd64", "linux/arm/v7"))


def test_what_is_not_said() -> None:
    assert named_image("ada/app").spec == ImageSpec("ada/app:latest", "docker", (512,), ())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("alpine", Reference("library/alpine", "latest")),
        ("alpine:3.20", Reference("library/alpine", "3.20")),
        ("docker.io/library/alpine", Reference("library/alpine", "latest")),
        ("docker.io/alpine:1", Reference("library/alpine", "1")),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, read: Reference) -> None:
    assert reference(text) == read
    assert reference(str(read)) == read


@pytest.mark.parametrize(("size", "count"), [("7", 7), ("7B", 7), ("2kB", 2000), ("3MB", 3_000_000), ("4KiB", 4096)])
def test_sizes(size: str, count: int) -> None:
    assert named_image(f"a/b,size={size}").spec.layers == (count,)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "'' does not begin with the name of a repository, like library/alpine."),
        ("Ada/app", "'Ada/app' does not begin with the name of a repository, like library/alpine."),
        ("a/b:", "'' (in 'a/b:') is not a tag."),
        ("a/b:1:2", "'1:2' (in 'a/b:1:2') is not a tag."),
        (
            "a/b,x=1",
            "'x' (in 'a/b,x=1') is nothing that an image can have; there are: layers, size, platforms, format, seed.",
        ),
        ("a/b,size", "'a/b,size' must give 'size' one value, as in size=VALUE."),
        ("a/b,size=1,size=2", "'a/b,size=1,size=2' must give 'size' one value, as in size=VALUE."),
        ("a/b,layers=0", "layers=0 is not a number from 1 to 127."),
        ("a/b,layers=128", "layers=128 is not a number from 1 to 127."),
        ("a/b,size=2mib", "size=2mib is not a size; write it like 512, 20kB or 2MiB."),
        ("a/b,size=-1", "size=-1 is not a size; write it like 512, 20kB or 2MiB."),
        (
            "a/b,platforms=arm/v7",
            "'arm/v7' is not a platform; write it like arm64 or linux/arm/v7, and several as amd64+arm64.",
        ),
        ("a/b,platforms=amd64+linux/amd64", "The image 'a/b' names the same platform twice: 'amd64+linux/amd64'."),
        ("a/b,format=tar", "format=tar is none of: docker, oci."),
        ("a/b,layers=5,size=256MiB", "The image 'a/b' is larger than 1 GiB; all images are kept in memory."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        named_image(text)
    assert str(caught.value) == sentence


@given(st.text("ab:/,=+0123Mlayersizepfomtd", max_size=40).map("a/b".__add__))
def test_whatever_is_written_is_an_image_that_can_be_or_is_refused(text: str) -> None:
    with contextlib.suppress(SpecError):
        image = named_image(text)
        if max(image.spec.layers) <= LARGEST_LAYER:
            check_arrangement(TOPOLOGY, Arrangement({"image": image.spec}))
