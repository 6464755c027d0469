"""skopeo, podman, buildah, crane and oras at Hub, at mirrors and at another registry."""

import pytest

from fixtures.lab.console import Console
from fixtures.lab.registries import Registries
from tests.clients.cases import Case, Client
from tests.clients.matrix import WITHOUT_A_DAEMON
from tests.clients.trying import attempt, check, check_push

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(client.name, case, id=f"{client.name}-{case.action}")
        for client in WITHOUT_A_DAEMON
        for case in client.cases
    ],
)
def test_client(name: str, case: Case, console: Console, registries: Registries) -> None:
    tried = attempt(case, console, registries.client)
    check(case, tried)
    if case.push:
        check_push(case.push, name, tried, console)


@pytest.mark.parametrize("client", WITHOUT_A_DAEMON, ids=lambda client: client.name)
def test_client_is_of_a_tried_version(client: Client, console: Console) -> None:
    found = console.run(f"dpkg-query --show --showformat '${{Version}}' {client.name}")
    assert client.was_tried(found)
