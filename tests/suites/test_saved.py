"""Scenarios and histories in files: what was saved can be read, and what cannot be read is named."""

import re
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from fixtures.errors import UsageError
from fixtures.history import History
from fixtures.model import ModelLab
from fixtures.scenario import Scenario
from suites.judge import judge
from suites.saved import SCENARIOS, evidence, read_history, read_scenario
from tests.mutants.table import KILLS
from tests.mutants.trials import HELD_BY_FIRST


def test_what_was_saved_is_judged_as_when_it_was_played(tmp_path: Path) -> None:
    for kill in KILLS:
        history = ModelLab("containerd").play(kill.scenario)
        (tmp_path / "scenario.json").write_bytes(TypeAdapter(Scenario).dump_json(kill.scenario))
        (tmp_path / "history.json").write_bytes(TypeAdapter(History).dump_json(history))
        scenario = read_scenario(tmp_path / "scenario.json")
        assert scenario == kill.scenario
        assert judge(scenario, read_history(tmp_path / "history.json")) == judge(kill.scenario, history)


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.json")), ids=lambda path: path.stem)
def test_the_named_scenarios_can_be_read(path: Path) -> None:
    assert read_scenario(path).steps


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is wrong at its start: "),
        ("{", "is wrong at its start: "),
        ("[]", "is wrong at its start: "),
        ('{"mirrors": 3}', "is wrong at mirrors: "),
        ('{"steps": [{"do": "dance"}]}', "is wrong at steps.0"),
    ],
)
def test_a_wrong_scenario_is_named_with_the_place(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(f"The scenario {path} {sentence}")):
        read_scenario(path)


def test_a_history_that_lacks_what_it_needs(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('{"daemon": "any"}', encoding="utf-8")
    with pytest.raises(UsageError, match=re.escape(f"The history {path} is wrong at version: ")):
        read_history(path)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The scenario .* cannot be read: No such file or directory\."):
        read_scenario(tmp_path / "none.json")
    with pytest.raises(UsageError, match=r"The history .* cannot be read: Is a directory\."):
        read_history(tmp_path)


def test_an_example_is_found_by_id_by_directory_and_by_file(tmp_path: Path) -> None:
    saved = tmp_path / "failures" / "abc123"
    saved.mkdir(parents=True)
    (saved / "scenario.json").write_bytes(TypeAdapter(Scenario).dump_json(HELD_BY_FIRST))
    for name in ("abc123", str(saved), str(saved / "scenario.json")):
        assert evidence(name, tmp_path) == saved
    with pytest.raises(UsageError, match=r"There is no example 'abc' in .*; saved there are abc123"):
        evidence("abc", tmp_path)


def test_an_example_where_nothing_was_saved(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no example 'abc' in .*; nothing is saved there"):
        evidence("abc", tmp_path)
