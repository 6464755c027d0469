"""Images from disk: what archives hold, and every way in which one can be broken."""

import contextlib
import dataclasses
import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.archives import naming
from simulator.archives.files import MOST_MEMBERS, ArchiveError
from simulator.archives.naming import Load, Placed, Renaming
from simulator.archives.reading import NAME, REF_NAME, Archive, read, read_tar
from simulator.arrangement import Arrangement, ImageSpec, Warm
from simulator.bounds import STANDARD
from simulator.checks import ArrangementError
from simulator.command.imagespec import SpecError
from simulator.registry.content import build, digest_of
from simulator.world import World
from tests.simulator.archived import Files, blob, descriptor, index, layout, link, root_of, saved, tar, unpack
from tests.simulator.worlds import TOPOLOGY, Asker

ONE = build(ImageSpec("one", "docker", (100, 200)))
MANY = build(ImageSpec("many", "oci", (100,), ("linux/amd64", "linux/arm64")))
FULL = "docker.io/library/alpine:3.20"
NAMED = layout(MANY, roots=[root_of(MANY, **{NAME: FULL, REF_NAME: "3.20"})])
OLD = saved(ONE, "alpine:3.20", "ada/app:1")
SMALL = dataclasses.replace(STANDARD, blob=150)
TINY = dataclasses.replace(STANDARD, pushed=300)


def in_memory(data: bytes) -> Archive:
    return read_tar(io.BytesIO(data))


def problem(data: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        in_memory(data)
    sentence = str(caught.value)
    assert sentence.startswith("The archive cannot be loaded: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def without(files: Files, *names: str) -> Files:
    return {name: data for name, data in files.items() if name not in names}


@pytest.mark.parametrize("kind", ["directory", "tar", "tar.gz"])
def test_an_image_layout_is_taken_as_it_is(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "directory":
        unpack(NAMED, path)
    else:
        path.write_bytes(tar(NAMED) if kind == "tar" else gzip.compress(tar(NAMED)))
    archive = read(path)
    assert [(root.digest, root.name) for root in archive.roots] == [(MANY.content.root, FULL)]
    held = {digest: manifest.data for digest, manifest in archive.manifests.items()} | dict(archive.blobs)
    assert held == MANY.bytes_of
    assert set(archive.needed(MANY.content.root)) == set(MANY.bytes_of)


@pytest.mark.parametrize("compressed", [True, False])
def test_what_docker_save_wrote_of_old_gets_a_manifest(compressed: bool) -> None:
    archive = in_memory(tar(saved(ONE, "alpine:3.20", "ada/app:1", compressed=compressed)))
    assert [root.name for root in archive.roots] == ["alpine:3.20", "ada/app:1"]
    (root,) = {root.digest for root in archive.roots}
    manifest = json.loads(archive.manifests[root].data)
    made = json.loads(bytes(ONE.bytes_of[ONE.content.root]))
    assert manifest["config"] == made["config"]
    if compressed:
        assert root == ONE.content.root
    else:
        assert [layer["digest"] for layer in manifest["layers"]] == list(ONE.content.diff_ids)
        assert {layer["mediaType"] for layer in manifest["layers"]} == {"application/vnd.docker.image.rootfs.diff.tar"}
    for layer in manifest["layers"]:
        assert digest_of(archive.blobs[layer["digest"]]) == layer["digest"]
        assert len(archive.blobs[layer["digest"]]) == layer["size"]


def test_docker_save_shares_layers_by_links_within_the_tar() -> None:
    (layer,) = [name for name in OLD if name.startswith(ONE.content.diff_ids[0][7:])]
    for member in (link(layer, "../elsewhere/layer.tar"), link(layer, "elsewhere/layer.tar", tarfile.LNKTYPE)):
        files = {**without(OLD, layer), "elsewhere/layer.tar": OLD[layer]}
        assert in_memory(tar(files, member)).blobs == in_memory(tar(OLD)).blobs


def test_of_an_index_platforms_may_be_absent_but_not_all() -> None:
    arm = [part.digest for part in MANY.content.objects if part.role.startswith("linux/arm64:")]
    archive = in_memory(tar(without(NAMED, *map(blob, arm))))
    assert set(archive.needed(MANY.content.root)) == set(MANY.bytes_of) - set(arm)
    manifests = [part.digest for part in MANY.content.objects if part.role.endswith("manifest")]
    assert "none is in it" in problem(tar(without(NAMED, *map(blob, manifests))))


def test_nested_indexes_and_attestations_are_kept_whole() -> None:
    attestation = build(ImageSpec("attestation", "oci"))
    platform = {"architecture": "unknown", "os": "unknown"}
    inner = index({**root_of(attestation), "platform": platform}, root_of(MANY))
    outer = index(descriptor(digest_of(inner), "application/vnd.oci.image.index.v1+json", len(inner)))
    top = descriptor(digest_of(outer), "application/vnd.oci.image.index.v1+json", len(outer), **{NAME: FULL})
    files = layout(attestation, MANY, roots=[top]) | {blob(digest_of(data)): data for data in (inner, outer)}
    archive = in_memory(tar(files))
    assert archive.manifests[digest_of(outer)].data == outer
    assert set(archive.needed(digest_of(outer))) == {
        digest_of(outer),
        digest_of(inner),
        *attestation.bytes_of,
        *MANY.bytes_of,
    }


def broken(files: Files, digest: str) -> Files:
    return {**files, blob(digest): b"X" + files[blob(digest)][1:]}


LAYER = next(part.digest for part in MANY.content.objects if part.role.endswith("layer:0"))
CONFIG = next(name for name in OLD if name.endswith(".json") and name != "manifest.json")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no tar archive"),
        (b"nonsense" * 200, "it is no tar archive"),
        (b"\x1f\x8bnonsense", "it is no tar archive"),
        (gzip.compress(tar(NAMED))[:-20], "it is no tar archive"),
        (tar(NAMED)[:3000], "it is no tar archive"),
        (tar({"hello": b""}), "it is neither an OCI image layout (oci-layout) nor what docker save writes"),
        (tar({**NAMED, "oci-layout": b"{}"}), "the version in oci-layout is not 1.0.0"),
        (tar({**NAMED, "oci-layout": b"[" * 100_000}), "oci-layout is not JSON"),
        (tar(without(NAMED, "index.json")), "index.json is not in it"),
        (tar({**NAMED, "index.json": b"[]"}), "index.json is no index: it is not a JSON object"),
        (tar({**NAMED, "index.json": index()}), "there is no image in it"),
        (tar({**NAMED, "index.json": bytes((4 << 20) + 1)}), "index.json has 4194305 bytes"),
        (tar(without(NAMED, blob(LAYER))), f"the blob {LAYER} is not in it"),
        (tar(without(NAMED, blob(MANY.content.root))), f"the manifest {MANY.content.root} is not in it"),
        (tar(broken(NAMED, LAYER)), f"the blob {LAYER} has other bytes than its digest says"),
        (tar(broken(NAMED, MANY.content.root)), f"the blob {MANY.content.root} has other bytes"),
        (tar({**NAMED, "index.json": index(descriptor("md5:ab", "x", 1))}), "the algorithm of md5:ab is not known"),
        (tar({**NAMED, "index.json": index(descriptor(LAYER, "text/x", 1))}), f"{LAYER} is no manifest: it is not"),
        (tar({**NAMED, "../evil": b""}), "the name '../evil' leads out of it"),
        (tar({**NAMED, "/etc/passwd": b""}), "the name '/etc/passwd' leads out of it"),
        (tar(without(NAMED, blob(LAYER)), link(blob(LAYER), "../../../etc/passwd")), "leads out of it"),
        (tar(without(NAMED, blob(LAYER)), link(blob(LAYER), "/etc/passwd")), "leads out of it"),
        (tar(without(NAMED, blob(LAYER)), link(blob(LAYER), LAYER[7:])), "leads nowhere"),
        (tar(without(NAMED, blob(LAYER)), link(blob(LAYER), "", tarfile.DIRTYPE)), "is not a file"),
        (tar(without(NAMED, blob(LAYER)), link(blob(LAYER), "", tarfile.FIFOTYPE)), "is not a file"),
        (tar({}, *map(tarfile.TarInfo, map(str, range(MOST_MEMBERS + 1)))), f"it has more than {MOST_MEMBERS} members"),
        (tar({**OLD, "manifest.json": b"{}"}), "manifest.json is not a list of images"),
        (tar({**OLD, "manifest.json": b'[{"Config": 1}]'}), "manifest.json does not name each image's Config"),
        (tar({**OLD, "manifest.json": b"[]"}), "there is no image in it"),
        (tar(without(OLD, CONFIG)), f"{CONFIG} is not in it"),
        (tar({**OLD, CONFIG: b"{}"}), f"the config {CONFIG} has other bytes than its name says"),
        (tar({**OLD, next(n for n in OLD if "layer" in n): b"x"}), "has other bytes than the config's sha256:"),
        (tar({**OLD, next(n for n in OLD if "layer" in n): b"\x1f\x8bx"}), "a layer is not gzip as it begins"),
        (
            tar({"c": b"{}", "manifest.json": b'[{"Config": "c", "Layers": [], "RepoTags": null}]'}),
            "the config c does not list the 0 layers of manifest.json",
        ),
        (
            tar({"manifest.json": b'[{"Config": "../c", "Layers": [], "RepoTags": null}]'}),
            "the name '../c' leads out of it",
        ),
    ],
)
def test_what_is_broken_is_told_in_a_sentence(data: bytes, words: str) -> None:
    assert words in problem(data)


def test_a_header_that_promises_too_much_reads_nothing() -> None:
    huge = tarfile.TarInfo(blob(LAYER))
    huge.size = 1 << 40
    assert "it is no tar archive" in problem(huge.tobuf(tarfile.GNU_FORMAT) + tar(NAMED))


def test_no_more_is_taken_than_there_is_room_for() -> None:
    for bounds, words in ((SMALL, "and no more than 150 are taken"), (TINY, "more than 300 bytes in it")):
        with pytest.raises(ArchiveError, match=words):
            read_tar(io.BytesIO(tar(NAMED)), bounds)
    with pytest.raises(ArchiveError, match="too large when it is decompressed"):
        read_tar(io.BytesIO(gzip.compress(tar(NAMED))), TINY)


def test_a_path_that_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"none cannot be loaded: No such file or directory\.$"):
        read(tmp_path / "none")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="neither a directory nor a file"):
        read(tmp_path / "pipe")
    with pytest.raises(ArchiveError, match="neither an OCI image layout"):
        read(tmp_path)


def test_links_in_a_directory_stay_in_it(tmp_path: Path) -> None:
    directory = unpack(NAMED, tmp_path / "layout")
    place = directory / blob(LAYER)
    place.rename(place.with_name("moved"))
    place.symlink_to("moved")
    assert LAYER in read(directory).blobs
    place.with_name("moved").rename(tmp_path / "outside")
    place.unlink()
    place.symlink_to(tmp_path / "outside")
    with pytest.raises(ArchiveError, match="leads out of it"):
        read(directory)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(ArchiveError, match="is not a file"):
        read(directory)


SPOILED = {"docker save": tar(OLD), "layout": tar(NAMED)}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(SPOILED)),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=40)), min_size=1, max_size=4),
)
def test_whatever_is_spoiled_is_read_or_refused(kind: str, changes: list[tuple[int, bytes]]) -> None:
    spoiled = bytearray(SPOILED[kind])
    for place, piece in changes:
        at = place % len(spoiled)
        spoiled[at : at + len(piece)] = piece
    with contextlib.suppress(ArchiveError):
        in_memory(bytes(spoiled))


# names


def places(files: Files, name: str = "") -> list[str]:
    archive = in_memory(tar(files))
    return [str(place) for place in naming.placed(archive, naming.renaming(name) if name else None, "x.tar")]


def called(*names: str, annotation: str = REF_NAME) -> Files:
    return layout(MANY, roots=[root_of(MANY, **({annotation: name} if name else {})) for name in names])


def test_what_is_said_of_an_archive() -> None:
    assert naming.load("a/b.tar") == Load(Path("a/b.tar"))
    assert naming.load("b,c.tar,as=alpine") == Load(Path("b,c.tar"), Renaming("library/alpine"))
    assert naming.load("b,as=ada/app:1") == Load(Path("b"), Renaming("ada/app", "1"))
    with pytest.raises(SpecError, match="not a tag"):
        naming.load("b,as=ada/app:")


@pytest.mark.parametrize(
    ("files", "name", "found"),
    [
        (NAMED, "", ["library/alpine:3.20"]),
        (NAMED, "ada/app", ["ada/app:3.20"]),
        (NAMED, "ada/app:1", ["ada/app:1"]),
        (OLD, "", ["library/alpine:3.20", "ada/app:1"]),
        (OLD, "ada/own", ["ada/own:3.20", "ada/own:1"]),
        (OLD, "ada/own:2", ["ada/own:2"]),
        (saved(ONE), "ada/own", ["ada/own:latest"]),
        (called("ada/app"), "", ["ada/app:latest"]),
        (called("3.20"), "alpine", ["library/alpine:3.20"]),
        (called(""), "alpine", ["library/alpine:latest"]),
        (called("quay.io/a/b:1"), "ada/b", ["ada/b:1"]),
        (called("quay.io:5000/a/b"), "ada/b", ["ada/b:latest"]),
        (called(f"ada/app@{MANY.content.root}"), "ada/b", ["ada/b:latest"]),
    ],
)
def test_names(files: Files, name: str, found: list[str]) -> None:
    assert places(files, name) == found


TWO = layout(ONE, MANY, roots=[root_of(ONE, **{REF_NAME: "a/b:1"}), root_of(MANY, **{REF_NAME: "c/d:1"})])


@pytest.mark.parametrize(
    ("files", "name", "sentence"),
    [
        (called("3.20"), "", "An image in x.tar is called '3.20' alone; say what it shall be: x.tar,as=REPO:TAG."),
        (saved(ONE), "", "An image in x.tar has no name; say what it shall be: x.tar,as=REPO:TAG."),
        (
            called("quay.io/a/b:1"),
            "",
            "The image quay.io/a/b:1 in x.tar is not of Docker Hub; say what it shall be: x.tar,as=REPO:TAG.",
        ),
        (called("A/b:1"), "", "'A/b:1' does not begin with the name of a repository, like library/alpine."),
        (TWO, "a/c:1", "There are several images in x.tar, so its as= can give no tag; write as=a/c."),
        (TWO, "a/c", "Of the images of x.tar, more than one would be a/c:1."),
    ],
)
def test_a_name_that_will_not_do(files: Files, name: str, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        places(files, name)
    assert str(caught.value) == sentence


def test_what_is_about_an_image_goes_where_that_goes() -> None:
    config = ONE.content.objects[1]
    about = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor(config.digest, config.media_type, config.size),
        "layers": [],
        "subject": root_of(ONE),
    }
    data = json.dumps(about).encode()
    entry = descriptor(digest_of(data), "application/vnd.oci.image.manifest.v1+json", len(data))
    files = layout(ONE, roots=[root_of(ONE, **{REF_NAME: "a/b:1"}), entry]) | {blob(digest_of(data)): data}
    assert places(files) == [f"a/b@{digest_of(data)}", "a/b:1"]


# in a world


def test_a_loaded_image_is_had_as_if_it_had_been_pushed() -> None:
    asker = Asker()
    archive = in_memory(tar(OLD))
    for place in naming.placed(archive, None, "x.tar"):
        asker.world.load("one", archive, place.repository, place.tag, place.root)
    manifest = asker.ask("/v2/ada/app/manifests/1")
    assert manifest.header("docker-content-digest") == archive.roots[0].digest
    value = json.loads(bytes(manifest.body))
    for part in (value["config"], *value["layers"]):
        assert digest_of(asker.ask(f"/v2/ada/app/blobs/{part['digest']}").body) == part["digest"]
    assert asker.ask("/v2/library/alpine/manifests/3.20").body == manifest.body


def test_a_mirror_is_warmed_with_what_was_loaded_and_an_arrangement_ends_it() -> None:
    world = World(TOPOLOGY)
    archive = in_memory(tar(NAMED))
    world.load("hub", archive, "a/b", "1", MANY.content.root)
    world.apply(Warm("one", "a/b", "1"))
    asker = Asker(world)
    assert asker.ask("/v2/a/b/manifests/1").body == MANY.bytes_of[MANY.content.root]
    world.arrange(Arrangement())
    assert asker.ask("/v2/a/b/manifests/1").status == 404


def test_where_there_is_no_room_nothing_is_tagged() -> None:
    world = World(TOPOLOGY, bounds=TINY)
    place = Placed("a/b", "1", MANY.content.root)
    with pytest.raises(ArrangementError, match="There is no room left on server 'one' for a/b"):
        world.load("one", in_memory(tar(NAMED)), place.repository, place.tag, place.root)
    assert Asker(world).ask("/v2/a/b/manifests/1").status == 404
