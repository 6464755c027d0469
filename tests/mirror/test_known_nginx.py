"""nginx as a cache before Docker Hub, held against the baselines."""

import pytest

from fixtures.engine.discovery import Engine
from suites.mirror.description import known
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.mirror.known import is_as_its_baseline_says

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("name", [name for name in known() if name.startswith("nginx")])
def test_a_known_mirror_is_as_its_baseline_says(call: Call, engine: Engine, name: str) -> None:  # noqa: F811
    is_as_its_baseline_says(call, engine, name)
