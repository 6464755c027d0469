"""docs/simulator.md: its command runs, its program prints what the page says, its tables are complete."""

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from starlette.routing import Route

from simulator.arrangement import Change
from simulator.command import serve
from simulator.command.screen import READY
from simulator.control import api as control
from simulator.network.server import Simulator
from simulator.topology import Topology
from tests.docs.test_docs import PAGES, blocks, rows
from tests.simulator.conftest import CONTROL_ADDRESS, free_port

PAGE = PAGES["docs/simulator.md"]


def test_the_program_prints_what_the_page_says(tmp_path: Path) -> None:
    (command,), (program,), (printed,) = (blocks(PAGE, language) for language in ("console", "python", "text"))
    python, *arguments = shlex.split(command)
    assert python == "python"
    at = f"{CONTROL_ADDRESS}:{free_port(CONTROL_ADDRESS)}"
    process = subprocess.Popen(
        [sys.executable, *arguments, "--control", at],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert process.stdout is not None
        assert any(line == f"{READY}\n" for line in process.stdout)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(program.replace("127.0.0.1:8900", at), {})  # noqa: S102 - the page's own program
        assert output.getvalue() == printed
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


def test_every_option_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        serve.plan(["--help"])
    there = set(re.findall(r"^  (--\w+)", capsys.readouterr().out, re.MULTILINE))
    assert {cells[0].strip("`").split()[0] for cells in rows(PAGE, "# The simulator")} == there


def test_every_request_and_every_change_is_explained(tmp_path: Path) -> None:
    routes = control.application(Simulator(Topology(()), tmp_path)).routes
    there = {(route.path, frozenset(route.methods or ()) - {"HEAD"}) for route in routes if isinstance(route, Route)}
    explained = [cells[0].strip("`").split() for cells in rows(PAGE, "## The control API")]
    assert {(path, frozenset({method})) for method, path in explained} == there
    (changes,) = (cells[1] for cells in rows(PAGE, "## The control API") if "/changes" in cells[0])
    kinds = {kind.__dataclass_fields__["do"].default for kind in get_args(Change)}
    assert set(re.findall(r"`(\w+)`", changes)) == kinds
