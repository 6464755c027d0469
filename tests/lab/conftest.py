"""One lab for each file: a real dockerd with the classic store beside fake registries."""

from collections.abc import Iterator

import docker
import pytest

from fixtures.images.making import Images
from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.profiles import select


@pytest.fixture(scope="module")
def registries_here(images: Images) -> Iterator[Registries]:
    with Registries(images) as running:
        yield running


@pytest.fixture(scope="module")
def classic(registries_here: Registries) -> Iterator[Lab]:
    (profile,) = select(["docker-28.5.2"])
    with Lab(profile, registries_here) as running:
        yield running


@pytest.fixture(scope="module")
def client(registries_here: Registries) -> Iterator[docker.DockerClient]:
    """Of the engine that the lab runs in."""
    running = docker.from_env()
    yield running
    running.close()
