"""docker and ctr beside each chosen daemon, at Hub, at mirrors and at another registry."""

import re
from dataclasses import replace

import pytest

from fixtures.lab.console import Console
from fixtures.lab.lab import Lab
from tests.clients.cases import Case, Push
from tests.clients.matrix import BESIDE_A_DAEMON, CTR
from tests.clients.trying import attempt, check, check_push

pytestmark = pytest.mark.engine


def as_the_store_pushes(push: Push, name: str, lab: Lab) -> Push:
    """The classic store keeps layers as files, and so makes another manifest of them."""
    return replace(push, kept="layers") if name == "docker" and lab.profile.store == "classic" else push


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(client.name, case, id=f"{client.name}-{case.action}")
        for client in BESIDE_A_DAEMON
        for case in client.cases
    ],
)
def test_client(name: str, case: Case, lab: Lab, request: pytest.FixtureRequest) -> None:
    if not re.fullmatch(case.daemons, lab.profile.name):
        pytest.skip("this case is for other daemons")
    lab.configure(case.mirrors)
    tried = attempt(case, lab.console, lab.registries.client)
    check(case, tried)
    if case.push:
        console: Console = request.getfixturevalue("console")
        check_push(as_the_store_pushes(case.push, name, lab), name, tried, console)


def test_containerd_is_of_a_tried_version(lab: Lab) -> None:
    said = lab.console.run("ctr version")
    assert CTR.was_tried(re.findall(r"Version: +v?([0-9.]+)", said)[-1])
