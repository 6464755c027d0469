"""Registry clients in a container beside the registries of a lab."""

from collections.abc import Iterator

import docker
import pytest

from fixtures.engine.discovery import Engine
from fixtures.images.making import clients_obstacle, ensure_clients
from fixtures.lab.console import Console
from fixtures.lab.containers import ClientContainer
from fixtures.lab.registries import Registries
from suites.plugin import OPTIONS


@pytest.fixture(scope="session")
def clients_image(engine: Engine, pytestconfig: pytest.Config) -> str:
    """The image of the clients that need no daemon."""
    source = pytestconfig.stash[OPTIONS].images
    if reason := clients_obstacle(engine, source):
        pytest.skip(reason)
    return ensure_clients(engine, source, print)


@pytest.fixture(scope="session")
def console(clients_image: str, registries: Registries) -> Iterator[Console]:
    """A shell beside the registries, with all clients that need no daemon."""
    with ClientContainer(clients_image, registries.data) as container:
        api = docker.from_env().api
        opened = Console(api, container.get_container_id())
        yield opened
        opened.close()
        api.close()
