"""``mirror-conformance verify`` as it is typed."""

import io
import json
import os
import re
import shlex
from pathlib import Path
from unittest import mock

import httpx
import jsonschema
import pytest
import yaml

from suites.verify import command, host, pulling
from suites.verify.answers import Image, Probed
from suites.verify.facts import Setup
from suites.verify.pulling import Pulled, Statement
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.cli.test_refusals import check
from tests.verify.engines import engine, info, machine, put
from tests.verify.setups import GCR, NEW, written
from tests.verify.test_report import SCHEMA

ROOT = Path(__file__).parents[2]


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
    assert "error: daemon.json, line 2 (ftp://mirror.test): The mirror's scheme is ftp" in " ".join(ended.out.split())
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


@pytest.mark.usefixtures("own")
def test_a_workflow_of_github_takes_nothing_in_the_text_for_a_command(
    call: Call,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = call("verify", "--file", "daemon.json").out.splitlines()
    stop = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
    assert stop
    assert lines[-1] == f"::{stop[1]}::"


@pytest.mark.usefixtures("own")
def test_a_terminal_that_knows_few_letters_is_told_all_the_same(
    call: Call,  # noqa: F811
    own: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own.write_text(written("https://mirr\u00f6r.test"), encoding="utf-8")
    monkeypatch.setattr("suites.verify.command.sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert call("verify", "--file", "daemon.json").code == 0


def test_several_files(call: Call, own: Path) -> None:  # noqa: F811
    (own.parent / "other.json").write_text("{")
    ended = call("verify", "daemon.json", "other.json")
    assert (ended.code, ended.out.count("IN ORDER: ")) == (1, 2)
    assert call("verify", "daemon.json", "daemon.json").code == 0


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("daemon.json", "daemon.json", "--format", "json"), "^JSON tells of one file at a time: "),
        (("daemon.json", "--pull"), "^--pull pulls with the daemon of this host: "),
        (("--offline", "--pull"), "^--pull pulls with the daemon of this host: "),
        (("--file", "none.json"), r"^The file none\.json cannot be read: No such file or directory\.$"),
        (("none.json",), r"^The file none\.json cannot be read: No such file or directory\.$"),
        (("--file", "."), r"^The file \. cannot be read: Is a directory\.$"),
        (("--daemon-version", "latest"), r"^'latest' is no version of Docker: write it like 28\.5"),
        (("--root", "nowhere"), r"^There is no directory nowhere\.$"),
        (
            ("daemon.json", "--expect", "mirror.gcr.io"),
            r"^--expect 'mirror\.gcr\.io' is no mirror's URL: write it as in ",
        ),
        (("daemon.json", "--expect", ""), r"^--expect '' is no mirror's URL: "),
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


def test_the_hook_of_pre_commit(call: Call, own: Path) -> None:  # noqa: F811
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook.keys() == {"id", "name", "description", "entry", "language", "files"}
    for name in ("daemon.json", "roles/docker/files/daemon.json"):
        assert re.search(hook["files"], name)
    for name in ("daemon.jsonc", "my-daemon.json", "daemon.json/x"):
        assert not re.search(hook["files"], name)
    program, *arguments = shlex.split(hook["entry"])
    assert program == "mirror-conformance"
    assert call(*arguments, "--daemon-version", "28.5", "daemon.json").code == 0
    own.write_text("{,}")
    assert call(*arguments, "--daemon-version", "28.5", "daemon.json").code == 1


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


def test_a_pull_needs_a_socket(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(host, "of_host", lambda *_: Setup(NEW, (), (f"{GCR}/",)))
    monkeypatch.setattr(command, "probe", lambda *_, **__: Probed(Image("library/alpine", "latest"), ()))
    check(call("verify", "--pull"), 3, "^--pull needs a daemon that answers at a socket of this host: none does")


def test_a_pull_is_made_and_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    asked = []

    def pull(setup: Setup, image: Image, **more: object) -> Pulled:
        asked.append((setup.shown, str(image), more["socket"]))
        return Pulled(image, "ok", 1.0, statements=(Statement("proof", "The daemon connected to a mirror."),))

    monkeypatch.setattr(pulling, "pull", pull)
    monkeypatch.setattr(host, "of_host", lambda *_: Setup(NEW, (), (f"{GCR}/",), socket="/run/docker.sock"))
    monkeypatch.setattr(command, "probe", lambda *_, **__: Probed(Image("library/alpine", "latest"), ()))
    ended = call("verify", "--pull", "--image", "busybox")
    assert asked == [((f"{GCR}/",), "busybox:latest", Path("/run/docker.sock"))]
    assert "  proof: The daemon connected to a mirror.\n" in ended.out


def test_a_daemon_that_breaks_off_in_a_pull(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(*_: object, **__: object) -> None:
        raise httpx.RemoteProtocolError("disconnected")

    monkeypatch.setattr(pulling, "pull", broken)
    monkeypatch.setattr(host, "of_host", lambda *_: Setup(NEW, (), (), socket="/run/docker.sock"))
    check(call("verify", "--pull"), 3, r"^The daemon at /run/docker\.sock broke off: disconnected\.$")
