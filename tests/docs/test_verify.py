"""docs/verify.md: its commands do what it says, and its tables are complete."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import get_args
from unittest import mock

import pytest
import yaml

from suites.verify import command, host, pulling
from suites.verify.answers import Probed
from suites.verify.facts import Code
from suites.verify.pulling import Pulled
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.docs.test_docs import PAGES, ROOT, blocks, rows
from tests.verify.engines import engine, info, machine, put
from tests.verify.setups import GCR, written

PAGE = PAGES["docs/verify.md"]
FIRST, GATE, OF_A_FILE = blocks(PAGE, "console")


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> host.Machine:
    """A host with a mirror in its daemon.json, and a daemon that has it in force. No mirror is really asked."""
    (tmp_path / "m").mkdir()
    some = machine(tmp_path / "m")
    put(some, "/etc/docker/daemon.json", written(GCR))
    monkeypatch.setattr(host, "Machine", lambda _: some)
    monkeypatch.setattr(command, "probe", lambda _, image, **__: Probed(image, ()))
    monkeypatch.setattr(pulling, "pull", lambda _, image, **__: Pulled(image, "ok", 1.0))
    return some


def typed(line: str) -> list[str]:
    program, *arguments = shlex.split(line)
    assert program == "mirror-conformance"
    return arguments


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    "line", [FIRST, GATE, *re.findall(r"^\| .* \| `(mirror-conformance verify .*)` \|$", PAGE, re.M)]
)
def test_what_is_typed_on_a_host(call: Call, tmp_path: Path, line: str) -> None:  # noqa: F811
    with engine(tmp_path, info(f"{GCR}/")) as docker, mock.patch.dict(os.environ, {"DOCKER_HOST": docker}):
        ended = call(*typed(line.replace("/mnt", str(tmp_path))))
    assert (ended.code, ended.err) == (0, "")
    assert "IN ORDER" in ended.out


@pytest.mark.usefixtures("running")
def test_the_gate_is_shut_where_another_mirror_is_in_force(call: Call, tmp_path: Path) -> None:  # noqa: F811
    with engine(tmp_path, info("https://other.test/")) as docker, mock.patch.dict(os.environ, {"DOCKER_HOST": docker}):
        ended = call(*typed(GATE))
    assert ended.code == 1
    assert "::error title=mirror-conformance not-as-expected::" in ended.out


def test_a_file_is_told_of_as_the_page_says(call: Call, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "daemon.json").write_text(blocks(PAGE, "json")[0])
    ended = call(*typed(OF_A_FILE))
    assert ended.code == 1
    assert ended.out.startswith(blocks(PAGE, "text")[0])


def test_the_hook_is_the_one_that_there_is(call: Call, tmp_path: Path) -> None:  # noqa: F811
    (repository,) = yaml.safe_load(blocks(PAGE, "yaml")[0])["repos"]
    (used,) = repository["hooks"]
    (there,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert used["id"] == there["id"]
    (tmp_path / "daemon.json").write_text(written(GCR))
    assert call(*typed(there["entry"]), *used["args"], "daemon.json").code == 0


def test_every_remark_is_explained() -> None:
    assert [cells[0].strip("`") for cells in rows(PAGE, "## Remarks")] == list(get_args(Code))


def test_every_remark_is_tried() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests/verify").glob("*.py"))
    assert [code for code in get_args(Code) if f'"{code}"' not in tests] == []


def test_the_exit_codes_are_those_of_the_schema_and_of_refusals() -> None:
    schema = json.loads((ROOT / "suites/verify/schema.json").read_text())
    codes = [int(cells[0]) for cells in rows(PAGE, "## A gate in CI")]
    assert codes == [*schema["properties"]["exit_code"]["enum"], 2, 3]
