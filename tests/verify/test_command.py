"""``mirror-conformance verify`` as it is typed."""

import json
import os
from pathlib import Path
from unittest import mock

import jsonschema
import pytest

from suites.verify import host
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.cli.test_refusals import check
from tests.verify.engines import engine, info, machine, put
from tests.verify.setups import GCR, written
from tests.verify.test_report import SCHEMA


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A daemon.json in the directory of the command."""
    (tmp_path / "daemon.json").write_text(written(GCR))
    return tmp_path / "daemon.json"


@pytest.mark.usefixtures("own")
def test_a_file_that_is_in_order(call: Call) -> None:  # noqa: F811
    ended = call("verify", "--file", "daemon.json", "--daemon-version", "28.5", "--store", "containerd")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Docker 28.5 with the containerd image store\n\nMirrors in force\n  1. ")
    assert ended.out.endswith("IN ORDER: nothing is wrong.\n")


def test_a_file_that_is_not(call: Call, own: Path) -> None:  # noqa: F811
    own.write_text('{\n  "registry-mirrors": ["ftp://mirror.test"]\n}\n')
    ended = call("verify", "--file", "daemon.json")
    assert (ended.code, ended.err) == (1, "")
    assert "error: daemon.json, line 2 ftp://mirror.test: The mirror's scheme is ftp" in " ".join(ended.out.split())
    assert ended.out.endswith("NOT IN ORDER: 1 error.\n")


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("demanded", "code"), [((GCR,), 0), ((f"{GCR}/",), 0), (("https://b.test",), 1), ((GCR, GCR), 0)]
)
def test_the_gate_of_a_file(call: Call, demanded: tuple[str, ...], code: int) -> None:  # noqa: F811
    options = [word for url in demanded for word in ("--expect", url)]
    assert call("verify", "--file", "daemon.json", *options).code == code


@pytest.mark.usefixtures("own")
def test_json_and_github(call: Call) -> None:  # noqa: F811
    told = json.loads(call("verify", "--file", "daemon.json", "--format", "json", "--expect", "https://b.test").out)
    jsonschema.validate(told, SCHEMA)
    assert (told["exit_code"], told["in_force"]["mirrors"]) == (1, [f"{GCR}/"])
    assert told["tool_version"]
    shown = call("verify", "--file", "daemon.json", "--format", "github", "--expect", "https://b.test").out
    assert shown.startswith("::error title=mirror-conformance not-as-expected::")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--file", "none.json"), r"^The file none\.json cannot be read: No such file or directory\.$"),
        (("--file", "."), r"^The file \. cannot be read: Is a directory\.$"),
        (("--daemon-version", "latest"), r"^'latest' is no version of Docker: write it like 28\.5"),
        (("--root", "nowhere"), r"^There is no directory nowhere\.$"),
        (("--image", "ghcr.io/a/b"), r"^'ghcr\.io/a/b' is an image of ghcr\.io: "),
        (("--resolve", "mirror"), r"^'mirror' does not say where a host is: "),
    ],
)
def test_wrong_usage(call: Call, arguments: tuple[str, ...], sentence: str) -> None:  # noqa: F811
    check(call("verify", *arguments), 2, sentence)


def test_nothing_to_look_at(call: Call, tmp_path: Path) -> None:  # noqa: F811
    check(call("verify"), 3, r"^DOCKER_HOST=unix://.* names an engine that does not answer")
    (tmp_path / "empty").mkdir()
    check(call("verify", "--root", "empty"), 3, r"^Nothing configures a dockerd below empty: ")


def test_another_root(call: Call, tmp_path: Path) -> None:  # noqa: F811
    put(host.Machine(tmp_path), "/etc/docker/daemon.json", written(GCR))
    ended = call("verify", "--root", ".", "--offline")
    assert ended.code == 0
    assert "etc/docker/daemon.json sets them, and no daemon was asked" in " ".join(ended.out.split())


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> host.Machine:
    """A machine whose daemon runs in this process."""
    (tmp_path / "machine").mkdir()
    some = machine(tmp_path / "machine")
    monkeypatch.setattr(host, "Machine", lambda _: some)
    return some


def test_a_daemon_and_a_mirror_that_does_not_answer(
    call: Call,  # noqa: F811
    running: host.Machine,
    tmp_path: Path,
) -> None:
    put(running, "/etc/docker/daemon.json", written("https://mirror.test"))
    with engine(tmp_path, info("https://mirror.test/")) as docker, mock.patch.dict(os.environ, {"DOCKER_HOST": docker}):
        ended = call(
            "verify", "--format", "json", "--resolve", "mirror.test:443:127.0.0.99",
            "--resolve", "registry-1.docker.io:443:127.0.0.99", "--timeout", "30",
        )  # fmt: skip
        offline = call("verify", "--offline", "--format", "json")
    told = json.loads(ended.out)
    jsonschema.validate(told, SCHEMA)
    assert told["daemon"] == {"version": "28.5.2", "store": "classic", "was_asked": True}
    assert told["pull"]["result"] == "failed"
    assert [one["problem"] for one in told["pull"]["skipped"]] == ["refused"]
    assert [r["code"] for r in told["remarks"] if r["severity"] == "error"] == ["pull-fails"]
    assert ended.code == 1
    assert (offline.code, json.loads(offline.out)["pull"]) == (0, None)
