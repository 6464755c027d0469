"""Every demand of the field has a rule, or a reason why it has none; and each trial is one of a topic."""

import re

from suites import catalogue
from suites.mirror import field
from suites.mirror.judge import rules
from suites.mirror.trials import PROMISING, trials
from tests.mutants.broken_mirrors.table import MUTANTS


def test_every_requirement_and_failure_of_the_field_has_a_rule_or_a_reason() -> None:
    entries = {entry.id: entry for entry in field.entries()}
    assert list(entries) == [f"R{n:02}" for n in range(1, 61)] + [f"F{n:02}" for n in range(1, 77)]
    assert [entry.id for entry in entries.values() if not entry.rules and not entry.reason] == []


def test_rules_name_entries_that_there_are_and_a_broken_mirror_shows_each() -> None:
    known = {entry.id for entry in field.entries()}
    killing = {rule for mutant in MUTANTS for rule in mutant.rules}
    for rule in rules().values():
        assert set(rule.field) <= known, rule.id
        assert rule.field, rule.id
        assert rule.id in killing or rule.id.startswith("CLIENT-"), rule.id


def test_a_reason_names_rules_that_there_are_and_is_of_what_has_none() -> None:
    reasons = field.reasons()
    assert [name for name, entry in ((e.id, e) for e in field.entries()) if entry.rules and name in reasons] == []
    named = {rule for reason in reasons.values() for rule in re.findall(r"[A-Z]+-\d+", reason)}
    assert named <= {rule.partition("/")[0] for rule in (*rules(), *catalogue.rules())}


def test_the_words_of_an_entry_are_told() -> None:
    assert re.match(r"R33 Digest-addressed .*; F39 Cached digest", field.told(("R33", "F39")))


def test_trials_have_names_of_their_own_and_rules_that_there_are() -> None:
    made = trials(PROMISING)
    assert len({trial.name for trial in made}) == len(made)
    known = {name for rule in rules() for name in (rule, rule.partition("/")[0])}
    assert {rule for trial in made for rule in trial.rules} <= known
