"""Our own mirrors keep every rule, whatever their profile, and every rule says something of one of them."""

from collections.abc import Iterator

import pytest

from fixtures.mirrors.local import local_lab, subject_of
from fixtures.mirrors.playing import MirrorLab
from simulator.arrangement import Holdings
from simulator.local import LocalSimulator
from simulator.mirror.policy import PRESETS, PULL_THROUGH, PresetName
from suites.mirror.judge import CASE_RULES, TRIAL_RULES, judge, rules
from suites.mirror.trial import Trial
from suites.mirror.trials import trials
from suites.mirror.trying import select
from suites.rules.mirror.daemons import PULL_RULES
from suites.verdict import Verdict
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send, Standing, page

ALL_TAGS = {"LIST-3", "CLIENT-17/classic", "CLIENT-17/containerd"}
NOTED: dict[str, set[str]] = {
    "pull-through": {*ALL_TAGS, "TELL-1"},
    "gcr": ALL_TAGS,
    "frozen": {*ALL_TAGS, "FRESH-2"},
}
"""What our mirrors are known to do otherwise, and say so: it is no mistake."""


def verdicts(preset: PresetName) -> Iterator[tuple[Trial, tuple[Verdict, ...]]]:
    with local_lab(preset) as lab:
        for trial in trials(lab.subject):
            if not trial.unfit(lab.subject) and not lab.lacks(trial.scenario):
                yield trial, judge(trial.scenario, lab.play(trial.scenario))


@pytest.mark.parametrize("preset", PRESETS)
def test_our_own_mirrors_keep_every_rule(preset: PresetName) -> None:
    for trial, said in verdicts(preset):
        wrong = [f"{trial.name}: {v.rule} {v.ruling}: {v.reason}" for v in said if v.ruling != "pass"]
        assert [line for line in wrong if not any(f"{noted} fail" in line for noted in NOTED[preset])] == []
        if not trial.only:
            assert said, trial.name


@pytest.mark.parametrize(("status", "ruling"), [(405, "pass"), (501, "pass"), (500, "fail")])
def test_a_server_that_knows_no_writes_refuses_them(status: int, ruling: str) -> None:
    def reads_alone(asked: Asked, send: Send, _: Memory) -> Given:
        return send(asked) if asked.method in ("GET", "HEAD") else page(status)

    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        standing.spoil = reads_alone
        subject = subject_of("pull-through", simulator, standing.url)
        lab = MirrorLab(subject, simulator, {"mirror-1": Holdings(policy=PULL_THROUGH)})
        (trial,) = select(["writes"], subject)
        said = judge(trial.scenario, lab.play(trial.scenario))
    assert {verdict.ruling for verdict in said if verdict.rule.startswith("WRITE-1")} == {ruling}


def test_every_trial_is_judged_by_the_rules_that_it_is_there_for() -> None:
    for trial, said in verdicts("pull-through"):
        judged = {verdict.rule for verdict in said} | {verdict.rule.partition("/")[0] for verdict in said}
        assert set(trial.rules) <= judged, trial.name


def test_the_book_and_the_judge_know_the_same_rules() -> None:
    assert {identifier.partition("/")[0] for identifier in rules()} == {*CASE_RULES, *TRIAL_RULES, *PULL_RULES}
    assert not CASE_RULES.keys() & TRIAL_RULES.keys()


def test_no_rule_has_the_name_of_a_rule_for_daemons() -> None:
    from suites import catalogue  # noqa: PLC0415 - the other book

    daemons = {identifier.partition("/")[0] for identifier in catalogue.rules()}
    assert not daemons & {identifier.partition("/")[0] for identifier in rules()}
    assert {rule.subject for rule in rules().values()} == {"mirror"}
