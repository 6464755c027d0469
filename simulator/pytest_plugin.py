"""Fixtures for whoever tests a registry client: a Docker Hub and mirrors in this process, without Docker.

They cost nothing until a test takes one: then a simulator starts, once for all tests of the run (of each xdist
worker), and each test finds it empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.local import LocalSimulator, Server


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[LocalSimulator]:
    """The one simulator of the run. Take ``simulator``, which is empty at the begin of each test."""
    from simulator.local import LocalSimulator  # noqa: PLC0415 - whoever takes no fixture does not pay for it

    with LocalSimulator() as running:
        yield running


@pytest.fixture
def simulator(running_simulator: LocalSimulator) -> LocalSimulator:
    """Hub and two mirrors that hold nothing and behave well, with an empty journal."""
    from simulator.arrangement import Arrangement  # noqa: PLC0415

    running_simulator.arrange(Arrangement())
    return running_simulator


@pytest.fixture
def docker_hub(simulator: LocalSimulator) -> Server:
    """Hub alone; ``docker_hub.simulator`` is all of it."""
    return simulator.hub


@pytest.fixture
def mirror(simulator: LocalSimulator) -> Server:
    """The first mirror."""
    return simulator.mirrors[0]
