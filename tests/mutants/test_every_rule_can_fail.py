"""Killed for the right reason: each rule turns red on a broken daemon, and stays green on the unbroken one."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.history import History
from fixtures.model import Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Scenario
from suites import judge as judging
from suites.catalogue import rules
from suites.rules.finding import Finding, broken, kept
from suites.timeline import PullCase
from tests.mutants import __main__ as command
from tests.mutants import trying
from tests.mutants.broken_mirrors import trying as broken_mirrors
from tests.mutants.broken_mirrors.table import MUTANTS
from tests.mutants.mirrors import SILENT
from tests.mutants.table import KILLS, Kill
from tests.mutants.trials import HELD_BY_THE_ONLY, MISSED_BY_TWO
from tests.mutants.trying import CASES, Beside, Tried, complaints, try_mirrors, try_mutant

PARAMS = [pytest.param(kill, store, id=f"{kill} on {store}") for kill, store in CASES]
BESIDE = tuple(Beside(rule, "is slow", 1) for rule in rules() if rule not in SILENT)
MIRRORS = tuple(broken_mirrors.Tried(mutant) for mutant in MUTANTS)
HIT = next(kill for kill in KILLS if kill.rule == "HIT-1")


@pytest.mark.parametrize(("kill", "store"), PARAMS)
def test_every_mutant_is_killed_for_the_right_reason(kill: Kill, store: ImageStore) -> None:
    assert try_mutant(kill, store).complaint == ""


def test_nothing_survives_and_no_daemon_is_blamed_for_its_mirror() -> None:
    assert complaints([Tried(kill, store) for kill, store in CASES], try_mirrors()) == ()


@pytest.mark.parametrize(
    ("kill", "complaint"),
    [
        (replace(HIT, by=Switch.REVERSES_ORDER), "the mutant survives"),
        (replace(HIT, reason="out of cheese"), "killed for another reason: mirror-1 has all of library/app:1.0"),
        (
            replace(HIT, servers=frozenset({"mirror-1"})),
            r"it points at exchanges with \['hub'\], not with \['mirror-1'\]",
        ),
        (replace(HIT, also=frozenset()), "ORDER-2 turns red as well"),
        (replace(HIT, also=frozenset({"ORDER-2", "SCOPE-4"})), "SCOPE-4 stays green"),
        (replace(HIT, also=frozenset({"ORDER-2", "SCOPE-1"})), "SCOPE-1 says nothing of the unbroken daemon"),
    ],
)
def test_a_kill_that_is_none(kill: Kill, complaint: str) -> None:
    assert re.search(complaint, try_mutant(kill, "classic").complaint)


def test_a_kill_by_the_harness_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_: object) -> History:
        raise ValueError("out of cheese")

    assert "killed by the harness: ValueError" in try_mutant(replace(HIT, by=crash), "classic").complaint
    monkeypatch.setitem(judging.PULL_RULES, "HIT-1", crash)
    assert "HIT-1 error: the rule itself failed" in try_mutant(HIT, "classic").complaint


def test_a_rule_that_is_never_kept_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judging.PULL_RULES, "HIT-1", lambda _: broken("out of cheese"))
    assert "the unbroken daemon has HIT-1 fail: out of cheese" in try_mutant(HIT, "classic").complaint


def test_what_is_left_out_of_the_table_is_missed() -> None:
    tried = [Tried(kill, store) for kill, store in CASES if kill.rule not in {"HIT-1", "STALE-1"}]
    said = complaints(tried, [Beside("RATE-1", "is slow", 1)])
    assert "HIT-1 is killed by no mutant." in said
    assert "A daemon that takes Docker Hub's copy of a tag where a mirror's is another is killed by no rule." in said
    assert "HIT-1 says nothing beside any broken mirror." in said
    assert "RATE-1 says something beside a broken mirror, other than expected." in said


def test_a_rule_that_blames_a_daemon_for_its_mirror_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def blames(case: PullCase) -> Finding:
        return broken("a mirror failed") if any(e.fault for e in case.exchanges) else kept("all is well")

    monkeypatch.setitem(judging.PULL_RULES, "HIT-1", blames)
    monkeypatch.setattr(trying, "CASES", ((replace(HIT, scenario=HELD_BY_THE_ONLY), "classic"),))
    (blamed,) = (one for one in try_mirrors() if (one.rule, one.mirror) == ("HIT-1", "answers 503"))
    assert blamed.complaints == ("Beside a mirror that answers 503, HIT-1 says of a right daemon: a mirror failed",)


@pytest.mark.parametrize(("scenario", "code"), [(HIT.scenario, 0), (MISSED_BY_TWO, 1)])
def test_the_table_says_what_survives(
    scenario: Scenario,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = tuple((replace(kill, scenario=scenario) if kill is HIT else kill, store) for kill, store in CASES)
    monkeypatch.setattr(command, "CASES", cases)
    monkeypatch.setattr(command, "try_mirrors", lambda: BESIDE)
    monkeypatch.setattr(broken_mirrors, "try_all", lambda: MIRRORS)
    monkeypatch.setattr(sys, "argv", ["mutants", "--json", str(tmp_path / "mutants.json")])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == code
    said = capsys.readouterr().out
    document = json.loads((tmp_path / "mutants.json").read_text())
    assert ("SURVIVE" in said) is bool(code) is bool(document["survivors"])
    assert all(sentence.split(":")[0] in said for sentence in document["survivors"])
    assert len(document["daemons"]) == len(CASES)
