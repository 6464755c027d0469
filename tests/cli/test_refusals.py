"""Whatever is asked for wrongly, or cannot be had here, is refused with one sentence and the right exit code."""

import os
import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.scenario import Scenario
from suites import cli, preparing
from suites.saved import SCENARIOS
from tests.cli.conftest import Call, Ended
from tests.mutants.trials import HELD_BY_FIRST

ENTRY = '[[deviation]]\nrules = ["{rule}"]\ndaemon = "{daemon}"\nreason = "Known."\nevidence = "{evidence}"\n'


def check(ended: Ended, code: int, sentence: str) -> None:
    """One sentence on standard error, and nothing on standard output."""
    assert (ended.code, ended.out) == (code, "")
    assert len(ended.err.splitlines()) == 1
    assert re.search(sentence, ended.sentence), ended.sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--daemon", "podman"), r"^No daemon is called 'podman'\. Known are docker-20"),
        (("run", "--daemon", "docker-28.5"), r"Did you mean docker-28\.5\.2 or "),
        (
            ("run", "--rule", "FRESH-1"),
            r"^'FRESH-1' is in the book for mirrors: `mirror-conformance mirror --rule FRESH-1`",
        ),
        (("run", "--rule", "ORDER-99"), r"^No rule is called 'ORDER-99'\. Did you mean .*ORDER-"),
        (("run", "--deviations", "none.toml"), r"^The deviations file none\.toml cannot be read: No such file"),
        (("run", "-k", "known and ("), r"Wrong expression passed to '-k': known and \("),
        (("run", "-k", "== 3"), r"Wrong expression passed to '-k'"),
        (("replay", "abc123"), r"^There is no example 'abc123' in .*; nothing is saved there\.$"),
        (("judge", "abc123"), r"^There is no example 'abc123' in .*; nothing is saved there\.$"),
    ],
)
def test_wrong_usage(call: Call, arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    check(call(*arguments), 2, sentence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--bogus"), "No such option: --bogus"),
        (("run", "--seed", "much"), "--seed"),
        (("run", "--scale", "0"), "--scale"),
        (("run", "--images", "podman"), "'auto', 'debian', 'official'"),
        (("dance",), "No such command 'dance'"),
        (("judge",), "Missing argument 'example'"),
    ],
)
def test_options_and_commands_that_there_are_not(call: Call, arguments: tuple[str, ...], sentence: str) -> None:
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("Usage: mirror-conformance")
    (said,) = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    assert sentence.lower() in said.lower()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[deviation]", "is not valid TOML: "),
        ("[[deviation]]\n", r"is wrong at deviation\.0\.rules: "),
        (ENTRY.format(rule="HIT-99", daemon="*", evidence="x.toml"), "names the rule 'HIT-99'"),
        (ENTRY.format(rule="HIT-1", daemon="podman", evidence="x.toml"), "names the daemon 'podman'"),
        (ENTRY.format(rule="HIT-1", daemon="*", evidence="none.json"), r"names the evidence none\.json"),
    ],
)
def test_wrong_deviations(call: Call, text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(text)
    check(call("run", "--deviations", "x.toml"), 2, rf"^The deviations file x\.toml {sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", r"is wrong at its start: "),
        ('{"steps": 3}', r"is wrong at steps: "),
        ('{"steps": [{"do": "dance"}]}', r"is wrong at steps\.0"),
        ('{"mirors": []}', r"is wrong at mirors: "),
    ],
)
def test_wrong_scenarios(call: Call, text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_text(text)
    (tmp_path / "own.json").write_text(text)
    (tmp_path / "history.json").write_text("{}")
    check(call("replay", str(tmp_path)), 2, sentence)
    check(call("replay", "own.json"), 2, rf"^The scenario own\.json {sentence}")
    check(call("judge", str(tmp_path)), 2, sentence)


def test_a_history_that_is_none(call: Call, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_bytes(TypeAdapter(Scenario).dump_json(HELD_BY_FIRST))
    (tmp_path / "history.json").write_text("{}")
    check(call("judge", str(tmp_path)), 2, r"The history .* is wrong at daemon: ")
    check(call("replay", str(tmp_path)), 2, r"The history .* is wrong at daemon: ")


def test_a_history_of_another_scenario_is_no_verdict(call: Call, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_bytes(TypeAdapter(Scenario).dump_json(HELD_BY_FIRST))
    history = ModelLab("classic").play(Scenario())
    (tmp_path / "history.json").write_bytes(TypeAdapter(History).dump_json(history))
    assert call("judge", str(tmp_path)).code in {2, 4}


def test_nothing_that_matches(call: Call, tmp_path: Path) -> None:
    check(call("run", "-k", "no-such-thing"), 5, r"^No test matches -k 'no-such-thing': ")
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_has_no_place_is_refused_before_the_run(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in ("file", "file/below"):
        check(call("run", "--report", place), 4, rf"^Cannot write to {place}: Not a directory; choose another")


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("unix:///nowhere/docker.sock", "No such file or directory"),
        ("tcp://127.0.0.1:1", "Connection refused"),
        ("podman", "Invalid bind address"),
    ],
)
@pytest.mark.parametrize("command", [("run",), ("clean",), ("replay", str(SCENARIOS / "mirrors-key-removed.json"))])
def test_an_engine_that_does_not_answer(call: Call, command: tuple[str, ...], host: str, why: str) -> None:
    os.environ["DOCKER_HOST"] = host  # as it was again after the test: see `call`
    check(
        call(*command), 3, rf"^DOCKER_HOST={host} names an engine that does not answer \(.*{why}.*; start it, or unset"
    )


def test_no_engine_and_no_right_to_start_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fixtures.engine.discovery.find_engine", lambda: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    check(
        call("run"), 3, r"^No Docker engine answers: start Docker, or set DOCKER_HOST .*, because .* not run as root\.$"
    )


def test_a_disk_that_is_full(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/state/locks")

    monkeypatch.setattr(preparing, "ensure_engine", full)
    check(call("run"), 4, r"^This machine failed the lab: .*No space left on device: '/state/locks'$")


def test_a_termination_while_the_engine_is_sought(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def terminated(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(preparing, "ensure_engine", terminated)
    check(call("run"), 130, r"^Interrupted; what the lab had started is removed\.$")


def test_cleaning_where_no_engine_runs(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_engine", lambda: None)
    ended = call("clean")
    assert (ended.code, ended.out) == (0, "")
    assert ended.sentence == "No Docker engine runs here, so nothing of ours can be left in one."
