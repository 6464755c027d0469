"""Every broken mirror is found out by the rule that is meant for it, and every rule finds one out."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from suites.mirror.judge import rules
from tests.mutants.broken_mirrors.spoilers import changed, to_the_cdn
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send
from tests.mutants.broken_mirrors.table import MUTANTS, Mutant, Subject
from tests.mutants.broken_mirrors.trying import Bench, Tried, bench, complaints

HELD = next(mutant for mutant in MUTANTS if mutant.rules[0] == "MANIFEST-1")


@pytest.fixture(scope="module")
def here() -> Iterator[Bench]:
    with bench() as running:
        yield running


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_every_broken_mirror_is_found_out(here: Bench, mutant: Mutant) -> None:
    assert here.try_mutant(mutant).complaint == ""


def test_every_rule_finds_a_broken_mirror_out() -> None:
    assert complaints(Tried(mutant) for mutant in MUTANTS) == ()
    left = [Tried(mutant) for mutant in MUTANTS if mutant.rules[0] != "FRESH-1"]
    assert complaints(left) == ("FRESH-1 finds no broken mirror out.",)
    assert complaints([]) == tuple(f"{rule} finds no broken mirror out." for rule in rules())


def test_a_mirror_that_is_not_broken_survives(here: Bench) -> None:
    assert here.try_mutant(replace(HELD, broken=Subject())).complaint.endswith("the mutant survives MANIFEST-1")


def test_a_mirror_that_was_broken_before_kills_nothing(here: Bench) -> None:
    assert "the sound mirror has MANIFEST-1 fail" in here.try_mutant(replace(HELD, sound=HELD.broken)).complaint


@pytest.mark.parametrize("trial", ["attestations", "cold part", "resumed (50)", "spoiled (corrupt)", "slow blob"])
def test_a_mirror_that_sends_clients_away_breaks_that_rule_alone(here: Bench, trial: str) -> None:
    away = Subject(spoil=changed(("blobs",), to_the_cdn, "GET"))
    assert {verdict.rule for verdict in here.judged(away, trial) if verdict.ruling == "fail"} <= {"BLOB-5"}


def test_a_spoiler_that_fails_is_no_kill(here: Bench) -> None:
    def crash(_: Asked, __: Send, ___: Memory) -> Given:
        raise ValueError("out of cheese")

    assert "killed by the harness" in here.try_mutant(replace(HELD, broken=Subject(spoil=crash))).complaint
