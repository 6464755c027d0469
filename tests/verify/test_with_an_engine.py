"""The table of what dockerd does with a file is so, and remarks are right about any other: the newest one is asked."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest
from docker.models.containers import Container
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from fixtures.engine.cleanup import labels
from fixtures.engine.discovery import Engine
from fixtures.images.making import Images
from suites.verify.facts import Kind
from tests.verify.dockerd import CASES, Case
from tests.verify.setups import remarks
from tests.verify.test_lint import JSON, URLS

pytestmark = pytest.mark.engine

NEWEST = Kind("28.5.2", "classic")
EXAMPLES = 60
KEYS = st.sampled_from(
    ("registry-mirrors", "insecure-registries", "registry-mirror", "Registry-Mirrors", "mirrors", "x")
)
FILES = st.one_of(
    st.lists(URLS, max_size=2).map(lambda urls: json.dumps({"registry-mirrors": urls})),
    st.dictionaries(KEYS, st.lists(st.text(max_size=5) | st.none(), max_size=2) | JSON, max_size=3).map(json.dumps),
    st.text(alphabet='{}[]",:/ \n\ufeffa1', max_size=12),
)


@pytest.fixture(scope="module")
def newest(engine: Engine, images: Images) -> Iterator[Container]:
    """A container with the newest dockerd in it, which does not run."""
    with closing(engine.client()) as client:
        container = client.containers.run(
            images.daemon["docker-28.5.2"],
            entrypoint=["sleep", "600"],
            detach=True,
            network_mode="none",
            labels=labels(),
        )
        try:
            yield container
        finally:
            container.remove(force=True)


def refused(container: Container, text: str | bytes) -> bool:
    """Whether dockerd refuses a file, by its own word."""
    data = text if isinstance(text, bytes) else text.encode()
    script = f"echo {base64.b64encode(data).decode()} | base64 -d >/file && dockerd --validate --config-file=/file"
    code, said = container.exec_run(["sh", "-c", script])
    assert (b"unable to configure" in said) is bool(code), said
    return bool(code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_is_so(newest: Container, case: Case) -> None:
    assert refused(newest, case.text) is ("28.5.2" in case.refused_by)


def test_any_file_is_refused_where_a_remark_says_so(newest: Container) -> None:
    @seed(1)
    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(FILES)
    def holds(text: str) -> None:
        assert refused(newest, text) is any(remark.stops for remark in remarks(text, NEWEST)), text

    holds()


def test_the_daemon_of_this_host_is_looked_at(engine: Engine) -> None:
    program = [sys.executable, "-m", "suites.cli", "verify", "--offline", "--format", "json"]
    environment = os.environ | engine.environment()
    ran = subprocess.run(program, check=False, capture_output=True, text=True, env=environment)
    told = json.loads(ran.stdout)
    with closing(engine.client()) as client:
        shown = client.info()["RegistryConfig"]["Mirrors"]
    assert told["daemon"]["version"] == engine.version
    assert told["in_force"]["mirrors"] == list(shown or ())
    assert told["exit_code"] == ran.returncode
