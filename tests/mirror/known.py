"""Known mirrors held against their baselines: in two files, which two workers try at once."""

import os

from fixtures.engine.discovery import Engine
from tests.cli.conftest import Call

_TELLING = 80
"""Lines at the end of a report, below its table, that say what failed and how."""


def is_as_its_baseline_says(call: Call, engine: Engine, name: str) -> None:
    """The wire rules of a known mirror: what its baseline says, no more and no less."""
    os.environ["DOCKER_HOST"] = engine.host  # as it was again after the test: see `call`
    ended = call("mirror", "--description", name, "--daemon", "none")
    assert ended.code == 0, "\n".join((ended.err + ended.out).splitlines()[-_TELLING:])
    assert f"{name}.baseline.toml" in ended.err
