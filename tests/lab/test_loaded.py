"""Images from disk, pulled by a real daemon: what real daemons saved, of old and of late, and an OCI image layout."""

import io
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from fixtures.images.recipe import image_labels
from fixtures.lab.dockerd import API
from fixtures.lab.lab import Lab
from simulator.archives.reading import REF_NAME
from simulator.arrangement import Arrangement, ImageSpec
from simulator.client import SimulatorClient
from simulator.registry.content import build, digest_of
from tests.simulator.archived import layout, root_of, saved, tar

pytestmark = pytest.mark.engine

IMAGE = build(ImageSpec("from disk", "docker", (300, 200)))
LAYOUT = tar(layout(IMAGE, roots=[root_of(IMAGE, **{REF_NAME: "loaded/app:1"})]))


@pytest.fixture
def hub(classic: Lab) -> Iterator[SimulatorClient]:
    """The lab's simulator, whose Hub holds nothing; what the daemon pulled goes."""
    classic.registries.client.arrange(Arrangement())
    yield classic.registries.client
    for image in classic.daemon.images():
        classic.daemon.remove(image["Id"])


def pulled(lab: Lab, tag: str) -> tuple[str, ...]:
    """The layers of an image that the daemon pulls now."""
    result = lab.daemon.pull("loaded/app", tag, None, 30.0)
    assert result.result == "ok", result
    image = lab.daemon.inspect(f"loaded/app:{tag}")
    assert image is not None
    return image.layers


@pytest.mark.parametrize("data", [LAYOUT, tar(saved(IMAGE, "loaded/app:1"))], ids=["layout", "docker-save"])
def test_a_daemon_pulls_what_was_loaded(classic: Lab, hub: SimulatorClient, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "app.tar").write_bytes(data)
    hub.load(tmp_path / "app.tar")
    assert pulled(classic, "1") == IMAGE.content.diff_ids


def test_what_this_daemon_saves_can_be_loaded_and_pulled(classic: Lab, hub: SimulatorClient, tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_bytes(LAYOUT)
    hub.load(tmp_path / "app.tar")
    layers = pulled(classic, "1")
    written = classic.daemon._http.get(f"{API}/images/loaded/app:1/get")
    (tmp_path / "saved.tar").write_bytes(written.content)
    hub.arrange(Arrangement())
    hub.load(tmp_path / "saved.tar", "loaded/app:2")
    classic.daemon.remove("loaded/app:1")
    assert pulled(classic, "2") == layers


def test_what_the_engine_of_this_machine_saves_can_be_loaded_and_pulled(
    classic: Lab, hub: SimulatorClient, client: docker.DockerClient, tmp_path: Path
) -> None:
    layer = tar({"file": b"in a layer"})
    changes = [f'LABEL {name}="{value}"' for name, value in image_labels("tests/loaded").items()]
    client.api.import_image_from_data(layer, repository="loaded/app", tag="3", changes=changes)
    try:
        written = io.BytesIO(b"".join(client.images.get("loaded/app:3").save(named=True)))
    finally:
        client.images.remove("loaded/app:3")
    (tmp_path / "saved.tar").write_bytes(written.getvalue())
    (image,) = hub.load(tmp_path / "saved.tar")
    assert (image.repository, image.tag) == ("loaded/app", "3")
    assert pulled(classic, "3") == (digest_of(layer),)
