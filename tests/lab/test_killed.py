"""However a command ends, no container, network, volume or process of its is left after the next one."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from fixtures.engine.discovery import Engine
from fixtures.machine.owner import LABEL, Owner

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("images")]

# A shell that starts a job in the background has it ignore Ctrl-C, and so its children; at a terminal they do not.
COMMAND = (
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from suites.cli import main; main()",
)
ROOT = Path(__file__).parents[2]


class Running:
    """A run in a session of its own, and what it has made in the engine."""

    def __init__(self, client: docker.DockerClient, report: Path, *arguments: str) -> None:
        self.report = report
        self._api = client.api
        self.process = subprocess.Popen(
            [*COMMAND, "run", "-k", "known", "--daemon", "docker-28.5.2", f"--report={report}", *arguments],
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def made(self) -> list[str]:
        """The containers, networks and volumes that are there and belong to the run."""
        ours = {"label": f"{LABEL}=lab"}
        things = [
            *self._api.containers(all=True, filters=ours),
            *self._api.networks(filters=ours),
            *(self._api.volumes(filters=ours)["Volumes"] or ()),
        ]
        owners = ((str(thing.get("Id") or thing["Name"]), Owner.of(thing["Labels"])) for thing in things)
        return [name for name, owner in owners if owner is not None and owner.pid == self.process.pid]

    def processes(self) -> list[int]:
        """The living processes of the run's session."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
                if int(session) == self.process.pid and state not in "ZX":
                    found.append(int(stat.parent.name))
        return found

    def await_the_middle(self) -> None:
        """Wait until a network, a simulator and a daemon of each of two workers are there, and pulls are made."""
        deadline = time.monotonic() + 120
        while len(self.made()) < 8:
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        time.sleep(1.5)

    def await_end(self, seconds: float) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err


@pytest.fixture
def running(engine: Engine, tmp_path: Path) -> Iterator[Running]:
    client = engine.client()
    begun = Running(client, tmp_path / "report")
    yield begun
    with suppress(ProcessLookupError):
        os.killpg(begun.process.pid, signal.SIGKILL)
    begun.process.communicate()
    client.close()


def check_ended_in_good_order(running: Running) -> None:
    code, out, err = running.await_end(90)
    assert code == 130
    assert "Traceback" not in out + err
    assert "Error" not in err
    assert "INTERRUPTED" in out
    assert running.made() == []
    assert running.processes() == []
    assert json.loads((running.report / "report.json").read_text())["exit_code"] == 130
    assert (running.report / "junit.xml").is_file()


def check_clean_removes_everything(running: Running) -> None:
    running.await_end(90)
    assert running.made()
    cleaned = subprocess.run([*COMMAND, "clean"], cwd=ROOT, check=True, capture_output=True, text=True)
    # A command that runs at the same time, in another test, may have swept it all first.
    assert cleaned.stderr.startswith(("Removed ", "Nothing was left behind."))
    assert running.made() == []
    assert running.processes() == []


def test_ctrl_c(running: Running) -> None:
    running.await_the_middle()
    os.killpg(running.process.pid, signal.SIGINT)
    check_ended_in_good_order(running)


def test_ctrl_c_twice(running: Running) -> None:
    running.await_the_middle()
    os.killpg(running.process.pid, signal.SIGINT)
    time.sleep(0.7)
    with suppress(ProcessLookupError):
        os.killpg(running.process.pid, signal.SIGINT)
    check_ended_in_good_order(running)


def test_termination(running: Running) -> None:
    running.await_the_middle()
    running.process.terminate()
    check_ended_in_good_order(running)


def test_killed_with_all_its_workers(running: Running) -> None:
    running.await_the_middle()
    os.killpg(running.process.pid, signal.SIGKILL)
    check_clean_removes_everything(running)


def test_killed_without_its_workers(running: Running) -> None:
    running.await_the_middle()
    running.process.kill()
    check_clean_removes_everything(running)


def test_interrupted_before_anything_was_played(running: Running) -> None:
    deadline = time.monotonic() + 120
    while not running.made():
        assert running.process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.process.pid, signal.SIGINT)
    code, out, err = running.await_end(90)
    assert code == 130
    assert "Traceback" not in out + err
    assert running.made() == []
    assert running.processes() == []
