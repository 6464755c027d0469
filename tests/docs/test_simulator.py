"""docs/simulator.md: its commands and programs show what it says. The reference beside it: its tables are complete."""

import contextlib
import io
import itertools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args

import pytest
from starlette.routing import Route

from simulator.arrangement import Arrangement, Change, Fault, FaultKind, FaultPlace, Limits
from simulator.command import serve
from simulator.command.screen import READY
from simulator.control import api as control
from simulator.control import wire
from simulator.mirror.policy import PRESETS, Policy
from simulator.network.server import Simulator
from simulator.topology import HUB_HOSTS, Topology
from tests.docs.test_docs import PAGES, ROOT, blocks, rows
from tests.simulator.conftest import CONTROL_ADDRESS, free_port

PAGE, REFERENCE = PAGES["docs/simulator.md"], PAGES["docs/simulator-reference.md"]


@contextlib.contextmanager
def served(command: str, directory: Path) -> Iterator[tuple[str, str]]:
    """Run a command of the page in a directory; give the control API's address, and what the screen says.
    It must end as it does for Ctrl-C.
    """
    python, *arguments = shlex.split(command)
    assert python == "python"
    at = f"{CONTROL_ADDRESS}:{free_port(CONTROL_ADDRESS)}"
    process = subprocess.Popen(
        [sys.executable, *arguments, "--control", at, "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env={**os.environ, "TMPDIR": str(directory), "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None
        screen = "".join(itertools.takewhile(lambda line: line != f"{READY}\n", process.stdout))
        assert "Control API" in screen
        yield at, screen
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def reached(setting: str, at: str, screen: str) -> str:
    """The line of the page that says where the servers are, for where they are now."""
    hub, mirror, gcr = (
        re.findall(rf"^  {name} +https://(\S+) +(\S+)$", screen, re.MULTILINE)[0]
        for name in ("hub", "mirror-1", "mirror-2")
    )
    assert [word.partition("=")[0] for word in setting.split()] == ["HUB", "MIRROR", "GCR", "CONTROL"]
    return f"HUB={hub[0] if ':' in hub[0] else f'{hub[0]}:443'} MIRROR={mirror[1]} GCR={gcr[1]} CONTROL=http://{at}"


def test_the_program_prints_what_the_page_says(tmp_path: Path) -> None:
    program, printed = blocks(PAGE, "python")[0], blocks(PAGE, "text")[-2]
    running = served(blocks(PAGE, "console")[0], tmp_path)
    with running as (at, _), contextlib.redirect_stdout(io.StringIO()) as output:
        exec(program.replace("127.0.0.1:8900", at), {})  # noqa: S102 - the page's own program
    assert output.getvalue() == printed


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is what the page asks with")
def test_a_terminal_shows_what_the_page_says(tmp_path: Path) -> None:
    first, accounts, *_ = blocks(PAGE, "console")
    *minutes, of_accounts = blocks(PAGE, "bash")
    setting, _, tools = minutes[0].partition("\n")
    helpers = tools.partition("\n\n")[0]
    (tmp_path / "hub.json").write_text(blocks(PAGE, "json")[0])

    def typed(command: str, *scripts: str) -> str:
        with served(command, tmp_path) as where:
            script = "\n".join([reached(setting, *where), *scripts])
            return subprocess.run(
                ["bash", "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path, timeout=60
            ).stdout

    shown = blocks(PAGE, "text")
    assert typed(first, tools, *minutes[1:]) == "".join(shown[: len(minutes)])
    assert typed(accounts, helpers, of_accounts) == shown[len(minutes)]


def knobs(policy: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    for field in fields(policy):  # type: ignore[arg-type]
        value = getattr(policy, field.name)
        if is_dataclass(value):
            yield from knobs(value, f"{field.name}.")
        else:
            yield prefix + field.name, value


def test_every_knob_of_a_policy_is_explained() -> None:
    explained = {cells[0].strip("`"): cells for cells in rows(REFERENCE, "and asks another registry")}
    assert list(explained) == [name for name, _ in knobs(Policy())]
    for name, value in knobs(Policy()):
        _, meant, default = explained[name]
        if isinstance(value, int | float):
            assert json.loads(default.strip("`")) == value, name
        elif name.rpartition(".")[2] in ("miss", "when", "order", "on_failure", "tags"):
            assert default == f"`{value}`"
            assert default in meant
    presets = [cells[0].strip("`") for cells in rows(REFERENCE, "Three policies have names")]
    assert sorted(presets) == sorted(PRESETS)


def test_the_policy_and_the_arrangement_of_the_page_are_some() -> None:
    policy, arrangement = blocks(REFERENCE, "json")
    assert wire.policy_from(policy.encode()).eviction.images == 100
    assert wire.arrangement_from(arrangement.encode()).servers["mirror-1"].policy == "gcr"


def test_the_changes_of_the_pages_are_some() -> None:
    written = [
        change for page in (PAGE, REFERENCE) for change in re.findall(r"['`](\{\s*\"do\":.*?\})['`]", page, re.DOTALL)
    ]
    assert len(written) == 4
    for change in written:
        wire.changes_from(change.encode())


def test_the_tests_of_the_page_pass_with_the_fixtures(tmp_path: Path) -> None:
    (tests,) = (block for block in blocks(PAGE, "python") if "def test_" in block)
    (tmp_path / "test_page.py").write_text(tests)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "simulator.pytest_plugin",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ran.returncode == 0, ran.stdout
    assert "2 passed" in ran.stdout


def test_compose_gives_options_that_there_are() -> None:
    (compose,) = blocks(PAGE, "yaml")
    (command,) = re.findall(r"command: (.*)", compose)
    assert serve.plan(["--address", "0.0.0.0", *shlex.split(command)])


@pytest.mark.engine
@pytest.mark.usefixtures("engine")
def test_the_containers_of_the_page_print_what_it_says() -> None:
    (program,) = (block for block in blocks(PAGE, "python") if "HubContainer" in block)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(program, {})  # noqa: S102 - the page's own program
    assert output.getvalue() == blocks(PAGE, "text")[-1]


def test_every_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        serve.plan(["--help"])
    there = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    assert {cells[0].strip("`").split()[0] for cells in rows(REFERENCE, "## Options")} == there


def test_every_request_and_every_change_is_explained(tmp_path: Path) -> None:
    routes = control.application(Simulator(Topology(()), tmp_path)).routes
    there = {(route.path, frozenset(route.methods or ()) - {"HEAD"}) for route in routes if isinstance(route, Route)}
    explained = [cells[0].strip("`").split() for cells in rows(REFERENCE, "## The control API")]
    assert {(path, frozenset({method})) for method, path in explained} == there
    (changes,) = (cells[1] for cells in rows(REFERENCE, "## The control API") if "/changes" in cells[0])
    kinds = {kind.__dataclass_fields__["do"].default for kind in get_args(Change)}
    assert set(re.findall(r"`(\w+)`", changes)) == kinds


def first_words(heading: str) -> list[str]:
    return [cells[0].strip("`") for cells in rows(REFERENCE, heading)]


def test_hub_is_explained() -> None:
    assert first_words("Hub answers to these names:") == list(HUB_HOSTS)
    of_mirrors = {"images", "servers"}
    explained = set(first_words("What can be arranged of Hub"))
    assert explained <= Arrangement.__dataclass_fields__.keys() - of_mirrors
    assert explained >= {"accounts", "private", "limits", "blobs", "token_life"}
    limits = rows(REFERENCE, "Limits are those")
    assert [cells[0].strip("`") for cells in limits] == list(Limits.__dataclass_fields__)
    defaults = {str(getattr(Limits(), cells[0].strip("`"))): cells[1] for cells in limits if cells[1].isdigit()}
    assert all(default == told for default, told in defaults.items())


def test_every_fault_and_every_selector_is_explained() -> None:
    faults = rows(REFERENCE, "## Faults")
    selectors = rows(REFERENCE, "All others choose what they")
    assert sorted(cells[0].strip("`") for cells in faults) == sorted(get_args(FaultKind))
    own = {field for cells in faults for field in re.findall(r"`(\w+)`", cells[2]) if field in vars(Fault("hang"))}
    chosen = {field for cells in selectors for field in re.findall(r"`(\w+)`", cells[0])}
    assert own | chosen | {"kind", "name"} == Fault.__dataclass_fields__.keys()
    assert set(re.findall(r"`([\w-]+)`", selectors[0][1])) == set(get_args(FaultPlace)) - {"any"}
