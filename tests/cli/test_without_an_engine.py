"""What the command line does without Docker."""

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import seed as seeded
from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.lab.lab import Lab
from fixtures.model import ModelLab, Switch
from fixtures.profiles import load_profiles, select
from fixtures.scenario import Scenario
from suites import catalogue, collector, judge
from suites.cli import SUITES
from suites.lanes import Lane
from suites.strategies import pull_scenarios
from suites.trial import Trial
from tests.cli.conftest import Call
from tests.mutants.trials import HELD_BY_FIRST, MISSED_BY_TWO


def save(scenario: Scenario, directory: Path, *switches: Switch) -> Path:
    history = ModelLab("classic", switches).play(scenario)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "scenario.json").write_bytes(TypeAdapter(Scenario).dump_json(scenario))
    (directory / "history.json").write_bytes(TypeAdapter(History).dump_json(history))
    return directory


def test_the_command_is_installed() -> None:
    (command,) = [
        entry
        for entry in importlib.metadata.entry_points(group="console_scripts")
        if entry.name == "mirror-conformance"
    ]
    assert command.value == "suites.__main__:main"


def test_list_names_every_rule_and_every_daemon(call: Call) -> None:
    ended = call("list")
    assert (ended.code, ended.err) == (0, "")
    for rule in catalogue.rules().values():
        assert rule.id in ended.out
    for profile in load_profiles():
        line = f"{profile.name}: dockerd {profile.version}, {profile.store} image store"
        assert (f"{line}, tried by default" if profile.default else line) in ended.out.splitlines()


@pytest.mark.parametrize("arguments", [(), ("run",), ("replay",), ("judge",), ("list",), ("clean",), ("engine-down",)])
def test_help(call: Call, arguments: tuple[str, ...]) -> None:
    ended = call(*arguments, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"Usage: {' '.join(('mirror-conformance', *arguments))} ")
    if not arguments:
        for code in ("0 conformant", "1 not conformant", "2 wrong usage", "3 cannot run", "130 interrupted"):
            assert code in ended.out


def test_judging_a_history_that_keeps_the_rules(call: Call, tmp_path: Path) -> None:
    ended = call("judge", str(save(HELD_BY_FIRST, tmp_path / "saved")))
    assert (ended.code, ended.err) == (0, "")
    assert "HIT-1  pass: mirror-1 has all of" in ended.out
    assert " fail" not in ended.out


@pytest.mark.parametrize("named", ["abc123", "conformance-report/failures/abc123/history.json"])
def test_judging_a_history_that_breaks_one(call: Call, tmp_path: Path, named: str) -> None:
    save(MISSED_BY_TWO, tmp_path / "conformance-report/failures/abc123", Switch.REVERSES_ORDER)
    ended = call("judge", named)
    assert (ended.code, ended.err) == (1, "")
    assert "ORDER-1" in ended.out
    assert "mirror-2 was asked before mirror-1" in " ".join(ended.out.split())


def test_a_rule_that_breaks_down_is_no_verdict(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(judge.PULL_RULES, "HIT-1", breaks)
    ended = call("judge", str(save(HELD_BY_FIRST, tmp_path / "saved")))
    assert ended.code == 4
    assert "HIT-1  ERROR: the rule itself failed: ZeroDivisionError" in ended.out


def test_a_scenario_with_nothing_to_judge(call: Call, tmp_path: Path) -> None:
    ended = call("judge", str(save(Scenario(), tmp_path / "saved")))
    assert ended.code == 2
    assert ended.sentence == "No rule applies to this scenario, so there is nothing to judge."


def chosen(*arguments: str) -> dict[str, Lane]:
    """The tests that a run on one daemon would play."""
    where = [str(SUITES), f"--rootdir={SUITES}", f"--config-file={SUITES / 'pytest.ini'}"]
    return dict(collector.collect([*where, "--daemon=docker-28.5.2", *arguments]).lanes)


def test_every_rule_is_found_by_its_id() -> None:
    """What a rule's ``-k`` chooses is the tests that are there for it."""
    assert 0 < len(chosen("-k", "ORDER-1")) < len(chosen())


def test_what_waits_has_a_lane_of_its_own_and_what_takes_long_is_left_to_the_night() -> None:
    assert [test for test, lane in chosen().items() if lane.waits] == [
        "test_known_scenarios.py::test_known_scenarios_that_wait[docker-28.5.2]"
    ]
    assert not chosen("-k", "much_time")
    assert [lane.waits for lane in chosen("-k", "much_time", "--nightly").values()] == [True]


def test_known_scenarios_come_before_what_is_drawn() -> None:
    class Order:
        names: tuple[str, ...] = ()

        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
            self.names = tuple(item.name for item in items)

    order = Order()
    files = ["--collect-only", "--rootdir", str(SUITES), "--config-file", str(SUITES / "pytest.ini"), str(SUITES)]
    assert pytest.main(files, plugins=[order]) == pytest.ExitCode.OK
    known = [number for number, name in enumerate(order.names) if name.startswith("test_known_scenario")]
    drawn = [number for number, name in enumerate(order.names) if name.startswith("test_every_")]
    assert max(known) < min(drawn)


def drawn(seed: int, daemon: str = "docker-28.5.2") -> list[Scenario]:
    """What a run with this seed draws for one property, without a lab to play it in."""
    trial = Trial(cast("Lab", SimpleNamespace(profile=select([daemon])[0])), (), seed, 0.1)
    found: list[Scenario] = []

    @seeded(trial.seed("pulls"))
    @trial.examples(100)
    @given(pull_scenarios())
    def search(scenario: Scenario) -> None:
        found.append(scenario)

    search()
    return found


def test_the_same_seed_draws_the_same_scenarios() -> None:
    first = drawn(7)
    assert len(first) > 5
    assert first == drawn(7)
    assert first != drawn(8)
    assert first != drawn(7, "docker-20.10.5")
