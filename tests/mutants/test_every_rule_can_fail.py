"""Killed for the right reason: each rule turns red on a broken daemon, and stays green on the unbroken one."""

import re

import pytest

from fixtures.history import History
from fixtures.model import ModelLab, Switch
from fixtures.model.local import ImageStore
from fixtures.scenario import Scenario
from suites.catalogue import rules
from suites.judge import judge
from suites.verdict import Verdict
from tests.mutants.table import KILLS, Kill

CASES = [pytest.param(kill, store, id=f"{kill} on {store}") for kill in KILLS for store in kill.stores]


def broken(kill: Kill, store: ImageStore) -> History:
    if isinstance(kill.by, Switch):
        return ModelLab(store, {kill.by}).play(kill.scenario)
    return kill.by(ModelLab(store).play(kill.scenario))


def said(scenario: Scenario, history: History, ruling: str) -> list[Verdict]:
    return [verdict for verdict in judge(scenario, history) if verdict.ruling == ruling]


@pytest.mark.parametrize(("kill", "store"), CASES)
def test_turns_red_and_for_the_right_reason(kill: Kill, store: ImageStore) -> None:
    history = broken(kill, store)
    failures = said(kill.scenario, history, "fail")
    assert {verdict.rule for verdict in failures} == {kill.rule, *kill.also}
    assert said(kill.scenario, history, "error") == []
    (verdict,) = (verdict for verdict in failures if verdict.rule == kill.rule)
    assert re.search(kill.reason, verdict.reason)
    servers = {exchange.seq: exchange.server for exchange in history.exchanges}
    assert {servers[number] for number in verdict.exchanges} == kill.servers


@pytest.mark.parametrize(("kill", "store"), CASES)
def test_stays_green_where_nothing_is_broken(kill: Kill, store: ImageStore) -> None:
    verdicts = judge(kill.scenario, ModelLab(store).play(kill.scenario))
    assert {verdict.ruling for verdict in verdicts} == {"pass"}
    assert {kill.rule, *kill.also} <= {verdict.rule for verdict in verdicts}


def test_every_rule_of_the_book_is_killed() -> None:
    assert {kill.rule for kill in KILLS} == set(rules())


def test_every_switch_kills_a_rule() -> None:
    assert {kill.by for kill in KILLS if isinstance(kill.by, Switch)} == set(Switch)
