"""The command line with models: whole runs, with no engine anywhere."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter

from fixtures.model import ModelLab, Switch
from fixtures.scenario import Scenario
from report import write
from suites import cli
from suites.saved import SCENARIOS
from tests.cli.conftest import Call
from tests.mutants.trials import HELD_BY_FIRST, MISSED_BY_TWO

SCHEMA = json.loads(Path(write.__file__).with_name("schema.json").read_text())
NAMED = SCENARIOS / "mirror-holds-an-older-copy.json"


def save(scenario: Scenario, path: Path) -> str:
    path.write_bytes(TypeAdapter(Scenario).dump_json(scenario))
    return str(path)


@pytest.fixture
def reversing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that ask mirrors in the wrong order."""
    monkeypatch.setattr(cli, "ModelLab", lambda store: ModelLab(store, {Switch.REVERSES_ORDER}))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_of_a_model_needs_no_engine_and_says_that_no_daemon_was_tried(
    call: Call, tmp_path: Path, workers: str
) -> None:
    ended = call("run", "--daemon", "model:*", "-k", "known and older", "--workers", workers)
    assert (ended.code, ended.err) == (0, "")
    said = " ".join(ended.out.split())
    assert "model:classic and model:containerd: a model was tried here, not a daemon." in said
    report = json.loads((tmp_path / "conformance-report/report.json").read_text())
    jsonschema.validate(report, SCHEMA)
    assert [(one["name"], one["is_model"]) for one in report["daemons"]] == [
        ("model:classic", True),
        ("model:containerd", True),
    ]
    assert (report["scenarios"], report["problems"]) == (2, [])


def test_a_scenario_is_played_on_models(call: Call) -> None:
    ended = call("replay", str(NAMED), "--daemon", "model:*")
    assert (ended.code, ended.err) == (0, "")
    for store in ("classic", "containerd"):
        assert f"model:{store} (no daemon, but a model of one, {store} store)" in ended.out
    assert "STALE-1  pass: " in ended.out


def test_deviations_of_daemons_are_none_of_a_models(call: Call, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        f'[[deviation]]\nrules = ["STALE-1"]\ndaemon = "*"\nreason = "Known."\nevidence = "{NAMED}"\n'
    )
    ended = call("run", "--daemon", "model:classic", "-k", "known and older", "--deviations", "own.toml")
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.usefixtures("reversing")
def test_rules_that_one_scenario_breaks_are_explained_together(call: Call, tmp_path: Path) -> None:
    ended = call("replay", save(HELD_BY_FIRST, tmp_path / "own.json"), "--daemon", "model:classic")
    assert ended.code == 1
    assert "ORDER-1 MUST: " in ended.out
    assert "ORDER-2 MUST: " in ended.out
    assert ended.out.count("Step 1: docker pull") == 1


@pytest.mark.usefixtures("reversing")
def test_a_smaller_scenario_is_saved_and_can_be_judged_and_played(call: Call, tmp_path: Path) -> None:
    own = save(MISSED_BY_TWO, tmp_path / "own.json")
    ended = call("shrink", own, "--daemon", "model:classic", "--rule", "ORDER-1")
    assert ended.code == 0, ended
    assert "ORDER-1 MUST: " in ended.out
    (saved,) = (tmp_path / "conformance-report/failures").iterdir()
    assert f"replay: mirror-conformance replay {saved.name}" in ended.out
    small = TypeAdapter(Scenario).validate_json((saved / "scenario.json").read_bytes())
    assert small.servers == {}
    assert small.mirrors == MISSED_BY_TWO.mirrors
    for command in ("judge", "replay"):
        assert call(command, saved.name).code == 1
    assert call("shrink", saved.name).code == 0
    assert len(list(saved.parent.iterdir())) == 1


def test_nothing_to_make_smaller(call: Call, tmp_path: Path) -> None:
    own = save(HELD_BY_FIRST, tmp_path / "own.json")
    ended = call("shrink", own, "--daemon", "model:classic")
    assert (ended.code, ended.out) == (2, "")
    assert ended.sentence == "model:classic keeps every rule that is looked for, so there is nothing to make smaller."
    several = call("shrink", own, "--daemon", "model:*")
    assert several.code == 2
    assert several.sentence == "A scenario is made smaller on one daemon: name it with --daemon."
