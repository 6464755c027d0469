"""The image of the tool: made by the project, and by the Dockerfile of docs/ci.md."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata

import docker
import pytest

from fixtures.engine.cleanup import labels
from fixtures.engine.discovery import Engine
from fixtures.images import tool
from fixtures.images.making import Images, ensure_tool
from suites.inventory import SUITES
from suites.plugin import OPTIONS
from tests.docs.test_ci import PAGE
from tests.docs.test_docs import blocks

pytestmark = pytest.mark.engine


@pytest.fixture
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    with closing(engine.client(600)) as client:
        yield client


def test_the_tool_runs_in_its_image_with_no_network(
    engine: Engine, client: docker.DockerClient, pytestconfig: pytest.Config
) -> None:
    packages = {name: SUITES.with_name(name) for name in ("simulator", "fixtures", "suites", "report")}
    source = pytestconfig.stash[OPTIONS].images
    ensure_tool(engine, source, print, packages, metadata.distribution("mirror-conformance"))
    said = client.containers.run(
        tool.LATEST,
        ["run", "--daemon", "model:classic", "-k", "known and older"],
        network_mode="none",
        labels=labels(),
        remove=True,
    ).decode()
    assert "CONFORMANT: " in said
    assert "a model was tried here, not a daemon" in " ".join(said.split())


def test_the_dockerfile_of_the_page_can_be_built(client: docker.DockerClient, images: Images) -> None:
    """With the lab's base and a stand-in for pip: there may be no Docker Hub here."""
    (page,) = blocks(PAGE, "dockerfile")
    pip = "printf '#!/bin/sh\\n' > /usr/bin/pip && chmod 755 /usr/bin/pip"
    text = page.replace("FROM python:3.13-slim\n", f"FROM {images.simulator}\nRUN {pip}\n")
    assert text != page
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text.encode())
        archive.addfile(member, io.BytesIO(text.encode()))
    image, _ = client.images.build(
        fileobj=io.BytesIO(written.getvalue()), custom_context=True, labels=labels(), rm=True, forcerm=True
    )
    try:
        settings = image.attrs["Config"]
        assert (settings["Entrypoint"], settings["Cmd"]) == (["mirror-conformance"], ["run"])
        assert settings["WorkingDir"] == "/reports"
    finally:
        client.images.remove(image.id, force=True)
