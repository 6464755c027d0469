"""The plugin for whoever makes a mirror, as their own test run has it; and the example of docs/vendors.md."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.local import LocalSimulator
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send, Standing

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vendors.md").read_text()
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

OWN = """
import contextlib
from tests.mirror.passing import Passing

@contextlib.contextmanager
def my_mirror(hub):
    with Passing(hub, {digest!r}) as mirror:
        yield mirror.url
"""


def run(directory: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "suites.mirror.pytest_plugin", "-p", "no:cacheprovider", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        timeout=120,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{directory}"},
    )
    return f"{ran.stdout}{ran.stderr}\nended with {ran.returncode}"


def vendor(directory: Path, *, keeps_digests: bool = True) -> None:
    (directory / "own.py").write_text(OWN.format(digest=keeps_digests))
    (directory / "test_mirror.py").write_text(EXAMPLE)


def test_the_example_has_a_test_for_each_rule(tmp_path: Path) -> None:
    vendor(tmp_path)
    told = run(tmp_path, "-rs", "-k", "API-1 or MANIFEST-3 or NS-2")
    assert "2 passed, 1 skipped" in told, told
    assert "its trial is about mirrors that declare the feature 'ns'" in told
    assert "ended with 0" in told


def test_a_broken_rule_is_a_failure_that_explains_itself(tmp_path: Path) -> None:
    vendor(tmp_path, keeps_digests=False)
    told = run(tmp_path, "-k", "MANIFEST-1")
    assert "1 failed" in told, told
    for text in ("MANIFEST-1 MUST:", "source OCI, Distribution", "GET manifest", "there is no Docker-Content-Digest"):
        assert text in " ".join(told.split()), told
    assert "raise" not in told
    assert "replay:" not in told
    # More than once where CI is set: pytest's summary then repeats the whole message.
    (again,) = set(re.findall(r"again: pytest (-k \S+)$", told, re.MULTILINE))
    assert "1 failed" in run(tmp_path, *again.split())


def test_a_rule_that_should_be_kept_is_a_warning(tmp_path: Path) -> None:
    vendor(tmp_path)
    told = run(tmp_path, "-k", "RANGE-2")
    assert re.search("1 passed.* 1 warning", told), told
    assert "MirrorWarning: RANGE-2 SHOULD" in told
    assert "1 failed" in run(tmp_path, "-k", "RANGE-2", "-W", "error::suites.mirror.pytest_plugin.MirrorWarning")


def test_workers_of_xdist_ask_a_mirror_once(tmp_path: Path) -> None:
    vendor(tmp_path)
    (tmp_path / "own.py").write_text(
        OWN.format(digest=True).replace("with Passing", "print('x', file=open('begun', 'a'))\n    with Passing")
    )
    told = run(tmp_path, "-n", "2", "-k", "API-1 or MANIFEST-3 or MANIFEST-2 or BLOB-1")
    assert "4 passed" in told, told
    assert (tmp_path / "begun").read_text() == "x\n"


@pytest.fixture
def standing() -> Iterator[Standing]:
    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        yield standing


def described(directory: Path, standing: Standing, text: str = "") -> tuple[str, ...]:
    (directory / "mirror.toml").write_text(f'url = "{standing.url}"\nprofile = "cached-only"\n{text}')
    return "--mirror-hub", str(standing.memory.simulator._http.base_url)


def test_a_description_is_collected_like_a_file_of_tests(tmp_path: Path, standing: Standing) -> None:
    hub = described(tmp_path, standing)
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    told = run(tmp_path, "--mirror", "mirror.toml", *hub, "-v", "-rs", "-k", "API-1 or MANIFEST-1 or own")
    assert "mirror.toml::API-1 PASSED" in told, told
    assert "mirror.toml::MANIFEST-1 SKIPPED" in told
    assert "needs the hook 'warm'" in told
    assert "test_own.py::test_own PASSED" in told
    one = run(tmp_path, "mirror.toml::API-1", "--mirror", "mirror.toml", *hub)
    assert "1 passed" in one, one


def test_an_ini_file_names_the_description(tmp_path: Path, standing: Standing) -> None:
    hub = described(tmp_path, standing)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmirror = mirror.toml\n")
    (tmp_path / "test_own.py").write_text("def test_own(): pass\n")
    assert "2 passed" in run(tmp_path, *hub, "-k", "API-1 or own")
    assert "1 passed" in run(tmp_path, "test_own.py")


def test_what_cannot_be_tried_is_an_error_in_one_sentence_and_no_failure(tmp_path: Path, standing: Standing) -> None:
    described(tmp_path, standing)
    told = run(tmp_path, "--mirror", "mirror.toml", "--mirror-hub", "http://127.0.0.1:1", "-k", "API-1")
    assert "1 error" in told, told
    assert "failed" not in told
    assert "Start it with `mirror-conformance hub`" in told
    assert "Traceback" not in told


def test_a_broken_mirror_of_a_description_fails(tmp_path: Path, standing: Standing) -> None:
    def lost(asked: Asked, send: Send, _: Memory) -> Given:
        return Given(404) if asked.path == "/v2/" else send(asked)

    standing.spoil = lost
    hub = described(tmp_path, standing)
    told = run(tmp_path, "--mirror", "mirror.toml", *hub, "-k", "API-1")
    assert "1 failed" in told, told
    assert "GET ping was answered 404" in " ".join(told.split()), told


def test_unused_it_brings_nothing_in(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(
        "import sys\n"
        "def test_one():\n"
        "    assert not {'pydantic', 'rich', 'suites.mirror.judge', 'fixtures.mirrors'} & set(sys.modules)\n"
    )
    told = run(tmp_path, "-p", "no:schemathesis", "-p", "no:hypothesispytest")
    assert "1 passed" in told, told
