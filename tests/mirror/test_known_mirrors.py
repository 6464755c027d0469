"""Real mirrors on trial: each breaks what its baseline says, and nothing else."""

import os

import pytest

from fixtures.engine.discovery import Engine
from suites.mirror.description import known
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

pytestmark = pytest.mark.engine

_TELLING = 80
"""Lines at the end of a report, below its table, that say what failed and how."""


@pytest.mark.parametrize("name", known())
def test_a_known_mirror_is_as_its_baseline_says(call: Call, engine: Engine, name: str) -> None:  # noqa: F811
    os.environ["DOCKER_HOST"] = engine.host  # as it was again after the test: see `call`
    ended = call("mirror", "--description", name, "--daemon", "none")
    assert ended.code == 0, "\n".join((ended.err + ended.out).splitlines()[-_TELLING:])
    assert f"{name}.baseline.toml" in ended.err
