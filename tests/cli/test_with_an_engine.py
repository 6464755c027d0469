"""The command line with a real engine: what a run writes, what is played again, and what cannot be had."""

import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from fixtures.engine.discovery import Engine
from fixtures.images import making, recipe_official
from fixtures.profiles import select
from suites import cli
from suites.saved import SCENARIOS
from tests.cli.conftest import Call

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("images")]

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(engine: Engine, tmp_path: Path) -> Run:
    """Runs the command line as a process of its own, in a directory of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-m", "suites.cli", *arguments]
        return subprocess.run(program, check=False, capture_output=True, text=True, cwd=tmp_path)

    return run


def test_a_run_its_reports_and_playing_it_again(command: Run, tmp_path: Path) -> None:
    ran = command("run", "-k", "removed and not evidence", "--daemon", "docker-28.5.2", "--seed", "3")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "CONFORMANT: " in ran.stdout

    report = json.loads((tmp_path / "conformance-report/report.json").read_text())
    jsonschema.validate(report, json.loads((ROOT / "report/schema.json").read_text()))
    assert (report["exit_code"], report["seed"], report["scenarios"], report["problems"]) == (0, 3, 1, [])
    assert report["command"].startswith("mirror-conformance run -k ")
    assert [daemon["name"] for daemon in report["daemons"]] == ["docker-28.5.2"]

    suites = ET.parse(tmp_path / "conformance-report/junit.xml").getroot()  # noqa: S314 - our own file
    cases = list(suites.iter("testcase"))
    assert len(cases) == len(report["results"])
    assert not list(suites.iter("failure"))
    assert not list(suites.iter("error"))

    saved = sorted(path.name for path in (tmp_path / "conformance-report/failures").iterdir())
    assert saved
    judged, replayed = command("judge", saved[0]), command("replay", saved[0])
    for again in (judged, replayed):
        assert (again.returncode, again.stderr) == (0, ""), again.stderr
        assert "ORDER-3  deviation: A reload (SIGHUP)" in again.stdout

    (tmp_path / "none.toml").touch()
    unexplained = command("judge", saved[0], "--deviations", "none.toml")
    assert unexplained.returncode == 1
    assert "ORDER-3  FAIL: " in unexplained.stdout
    assert f"replay: mirror-conformance replay {saved[0]}" in unexplained.stdout


def test_a_scenario_of_ones_own_is_played(command: Run, tmp_path: Path) -> None:
    shutil.copy(SCENARIOS / "mirror-holds-an-older-copy.json", tmp_path / "own.json")
    played = command("replay", "own.json", "--daemon", "docker-28.5.2")
    assert (played.returncode, played.stderr) == (0, "")
    assert "STALE-1  pass: mirror-1 served a copy of library/app:1.0" in played.stdout


def test_a_scenario_that_names_what_it_has_not(command: Run, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"servers": {"mirror-9": {}}, "steps": [{"do": "info"}]}')
    played = command("replay", "own.json", "--daemon", "docker-28.5.2")
    assert (played.returncode, played.stdout) == (2, "")
    assert len(played.stderr.splitlines()) == 1
    assert "mirror-9" in played.stderr


def test_official_images_that_cannot_be_pulled(call: Call, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    """With names under a registry that nobody can have; the project's tests never pull from a real one."""
    (profile,) = select(["docker-28.5.2"])
    nowhere = replace(profile, official="registry.invalid/docker:28.5.2-dind")
    monkeypatch.setattr(cli, "select", lambda _: (nowhere,))
    monkeypatch.setattr(recipe_official, "BASE", "registry.invalid/python:slim")
    monkeypatch.setattr(making, "_present", lambda _client, _tag: False)
    os.environ["DOCKER_HOST"] = engine.host  # as it was again after the test: see `call`
    began = time.monotonic()
    ended = call("run", "--images", "official")
    assert time.monotonic() - began < 30
    assert (ended.code, ended.out) == (3, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith("The image registry.invalid/")
    assert " is not here and could not be pulled: " in last
