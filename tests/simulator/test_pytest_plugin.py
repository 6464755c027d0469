"""The pytest plugin, as somebody else's test run has it."""

import os
import subprocess
import sys
from pathlib import Path

from simulator.local import LocalSimulator

ROOT = Path(__file__).parents[2]
MANIFEST = "/v2/library/alpine/manifests/3.20"


def run(directory: Path, tests: str, *more: str) -> subprocess.CompletedProcess[str]:
    temporary = directory / "temporary"
    temporary.mkdir()
    (directory / "test_own.py").write_text(tests)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "simulator.pytest_plugin", *more, str(directory)],
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
    )
    left = [path.name for path in temporary.iterdir() if path.name.startswith("simulator-")]
    assert left == [], "the simulator's directory was left"
    return ran


def test_each_test_finds_it_empty_and_well(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        f"""
import pytest
from simulator.arrangement import Fault

@pytest.mark.parametrize("number", range(2))
def test_one(number, simulator, docker_hub, mirror):
    assert simulator.http.get(f"{{mirror.https_url}}{MANIFEST}").status_code == 404
    assert simulator.http.get(f"https://registry-1.docker.io{MANIFEST}").status_code == 401
    docker_hub.hold("library/alpine:3.20")
    assert simulator.http.get(f"https://registry-1.docker.io{MANIFEST}").status_code == 200
    mirror.hold("library/alpine:3.20,layers=2")
    assert docker_hub.hold("ada/app").keys() == {{"ada/app:latest"}}
    assert simulator.http.get(f"https://mirror-1.test{MANIFEST}").status_code == 200
    assert [exchange.server for exchange in mirror.journal()] == ["mirror-1"]
    mirror.fail(Fault("refuse"))
    assert mirror.authority.read_bytes().startswith(b"-----BEGIN")
""",
    )
    assert "2 passed" in ran.stdout, ran.stdout


def test_it_ends_well_when_a_test_fails_or_is_interrupted(tmp_path: Path) -> None:
    ran = run(tmp_path, "def test_one(mirror):\n    raise KeyboardInterrupt\n")
    assert ran.returncode == 2


def test_unused_it_brings_nothing_in(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        "import sys\n"
        "def test_one():\n"
        "    assert not {'uvloop', 'starlette', 'simulator.world', 'simulator.arrangement'} & set(sys.modules)\n",
        "-p",
        "no:schemathesis",
    )
    assert "1 passed" in ran.stdout, ran.stdout


def test_several_at_once_do_not_meet() -> None:
    with LocalSimulator(mirrors=0) as one, LocalSimulator(mirrors=1) as two:
        one.hub.hold("library/alpine:3.20")
        assert one.http.get(f"https://registry-1.docker.io{MANIFEST}").status_code == 200
        assert two.http.get(f"https://registry-1.docker.io{MANIFEST}").status_code == 401
        assert (one.mirrors, len(two.mirrors)) == ((), 1)
    assert not one.authority.exists()
