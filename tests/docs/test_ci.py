"""What CI systems are given: the action, and the snippets of docs/ci.md."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from report.badge import message
from report.write import write, write_log
from tests.docs.test_docs import ROOT, blocks, parses, rows
from tests.report.samples import mixed_run, result, run

PAGE = (ROOT / "docs/ci.md").read_text()
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
INSTALL, TRIAL = STEPS
SNIPPETS: list[dict[str, Any]] = [yaml.safe_load(block) for block in blocks(PAGE, "yaml")]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_nothing_is_spliced_into_a_shell(step: dict[str, Any]) -> None:
    assert step["shell"] == "bash"
    assert "${{" not in step["run"]
    subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def test_every_input_comes_by_the_environment_and_is_used() -> None:
    given = {name: value.removeprefix("${{ inputs.").removesuffix(" }}") for name, value in TRIAL["env"].items()}
    assert set(given.values()) == set(ACTION["inputs"])
    assert all(f'"--{name}=$' in TRIAL["run"] or f"${name.upper()}" in TRIAL["run"] for name in given.values())
    assert all("description" in one and "default" in one for one in ACTION["inputs"].values())


@pytest.fixture
def tried(tmp_path: Path) -> Any:
    """Runs the action's step as a runner would, with the command line of this environment."""
    program = tmp_path / "temp/mirror-conformance/bin/mirror-conformance"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m suites.cli "$@"\n')
    program.chmod(0o755)

    def trial(**inputs: str) -> tuple[int, str, str]:
        environment = {one["name"]: one["default"] for one in _inputs()} | inputs
        files = {"GITHUB_STEP_SUMMARY": tmp_path / "summary", "GITHUB_OUTPUT": tmp_path / "output"}
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", TRIAL["run"]],
            env={**os.environ, **environment, "RUNNER_TEMP": str(tmp_path / "temp"), "GITHUB_ACTIONS": "true"}
            | {name: str(path) for name, path in files.items()}
            | {"PYTHONPATH": str(ROOT), "DOCKER_HOST": f"unix://{tmp_path}/nowhere.sock"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        summary = files["GITHUB_STEP_SUMMARY"]
        return ended.returncode, ended.stdout + ended.stderr, summary.read_text() if summary.exists() else ""

    return trial


def _inputs() -> list[dict[str, str]]:
    names = {value.removeprefix("${{ inputs.").removesuffix(" }}"): name for name, value in TRIAL["env"].items()}
    return [{"name": names[name], "default": one["default"]} for name, one in ACTION["inputs"].items()]


def test_the_action_writes_a_summary_an_archive_and_the_exit_code(tried: Any, tmp_path: Path) -> None:
    code, said, summary = tried(DAEMON="model:classic\nmodel:containerd\n", KEYWORD="known and older")
    assert code == 0, said
    assert summary.startswith("## ✓ Conformant")
    assert (tmp_path / "output").read_text() == "exit-code=0\n"
    assert (tmp_path / "conformance-report/bundle.zip").is_file()
    assert said.count("::stop-commands::") == 1


def test_the_action_tries_a_mirror_with_further_options(tried: Any, tmp_path: Path) -> None:
    options = "--trial=ping\n--trial=held\n--daemon=none\n"
    code, said, summary = tried(URL="simulator:pull-through", OPTIONS=options)
    assert code == 0, said
    assert "on 1 subject" in summary
    assert (tmp_path / "output").read_text() == "exit-code=0\n"
    assert (tmp_path / "conformance-report/bundle.zip").is_file()
    assert said.count("::stop-commands::") == 1
    assert "::notice title=Exit code 0::" in said


@pytest.mark.parametrize("name", ["MIRROR", "URL", "OPTIONS"])
def test_hostile_input_about_a_mirror_is_text(tried: Any, tmp_path: Path, name: str) -> None:
    hostile = "$(touch pwned) `touch pwned`; touch pwned\" '$((1))"
    code, said, _ = tried(**({name: hostile} if name != "OPTIONS" else {"URL": "simulator:gcr", name: hostile}))
    assert code == 2, said
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("name", ["DAEMON", "RULE", "KEYWORD", "SEED", "SCALE", "DEVIATIONS", "REPORT"])
def test_hostile_input_is_text(tried: Any, tmp_path: Path, name: str) -> None:
    hostile = "$(touch pwned) `touch pwned`; touch pwned\" '$((1))"
    code, said, _ = tried(**{"DAEMON": "model:classic", "KEYWORD": "known and older", name: hostile})
    assert code == (0 if name == "REPORT" else 2), said
    assert not list(tmp_path.rglob("pwned"))
    assert (tmp_path / "output").read_text() == f"exit-code={code}\n"


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_commands_of_snippets_are_those_that_there_are(snippet: dict[str, Any]) -> None:
    lines = []
    for job in (*snippet.get("jobs", {}).values(), *(one for one in snippet.values() if isinstance(one, dict))):
        lines += [step["run"] for step in job.get("steps", []) if "run" in step]
        lines += [*job.get("script", []), *job.get("after_script", [])]
    for line in lines:
        match shlex.split(line):
            case ["mirror-conformance", *arguments]:
                parses(arguments)
            case ["pip", "install", "."] | ["python3", "-m", "venv", ".venv"] | [".", ".venv/bin/activate"]:
                pass
            case ["cat", "conformance-report/summary.md", ">>", "$GITHUB_STEP_SUMMARY"]:
                pass
            case _:
                pytest.fail(f"Nobody checks {line!r}.")


def test_snippets_use_the_action_as_it_is() -> None:
    steps = [step for snippet in SNIPPETS for job in snippet.get("jobs", {}).values() for step in job["steps"]]
    ours = [step for step in steps if "/mirror-conformance@" in step.get("uses", "")]
    assert len(ours) == 2
    assert all(set(step["with"]) <= set(ACTION["inputs"]) for step in ours)


def test_the_options_of_the_mirrors_step_are_those_that_there_are() -> None:
    steps = [step for snippet in SNIPPETS for job in snippet.get("jobs", {}).values() for step in job["steps"]]
    (given,) = [step["with"] for step in steps if "mirror" in step.get("with", {})]
    parses(["mirror", f"--description={given['mirror']}", *given["options"].split()])


def test_the_files_of_a_report_are_those_that_the_page_names(tmp_path: Path) -> None:
    write(mixed_run(), tmp_path)
    write_log("", tmp_path)
    named = {name.strip("` ").split("/")[0] for cells in rows(PAGE, "# In CI") for name in cells[0].split(",")}
    assert named == {path.name for path in tmp_path.iterdir()}


def test_a_badge_says_what_the_page_says() -> None:
    assert f"`{message(run(result('pass')))}`" in PAGE
    assert "`no daemon tried`" in PAGE
