"""Tallies add up in whatever order they come, and keep the smallest example."""

from dataclasses import replace
from functools import reduce
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.model import ModelLab, Switch
from fixtures.scenario import Scenario, ShowInfo
from suites.catalogue import rules
from suites.deviations import Deviation
from suites.judge import judge
from suites.tally import TALLY, Count, Tally, example_of, refuted, result_of, weigh
from suites.verdict import Status, Verdict
from tests.mutants.trials import HELD_BY_FIRST, HELD_BY_THE_ONLY, MISSED_BY_TWO

HISTORY = ModelLab("classic").play(HELD_BY_THE_ONLY)
RULES = ("HIT-1", "ORDER-1", "CONFIG-5")
HELD = Path("held.json")
HIT_DEVIATES = Deviation(("HIT-1", "ORDER-2"), "model:*", "Asks Hub for good measure.", HELD)
ORDER_DEVIATES = Deviation(("ORDER-1",), "model:*", "Asks as it likes.", Path("missed.json"))
KNOWN = (HIT_DEVIATES, ORDER_DEVIATES)


def weighed(scenario: Scenario, *switches: Switch, known: tuple[Deviation, ...] = ()) -> Tally:
    history = ModelLab("classic", switches).play(scenario)
    return weigh(scenario, history, judge(scenario, history), known)[0]


verdicts = st.builds(
    Verdict,
    st.sampled_from(RULES),
    st.sampled_from(("pass", "fail", "error")),
    reason=st.sampled_from(("this", "that")),
    measure=st.sampled_from(((), (("seconds", 1.5),), (("seconds", 2.5), ("requests", 3.0)))),
)
scenarios = st.sampled_from(
    (HELD_BY_THE_ONLY, MISSED_BY_TWO, replace(HELD_BY_FIRST, steps=(*HELD_BY_FIRST.steps, ShowInfo())))
)
tallies = st.builds(
    lambda scenario, said, known: weigh(scenario, HISTORY, said, known)[0],
    scenarios,
    st.lists(verdicts, max_size=5),
    st.sampled_from(((), KNOWN)),
)


def in_no_order(tally: Tally) -> Tally:
    """A tally as it counts: the order of rules, reasons and figures means nothing, and any verdict on the example
    will do.
    """
    counts = {
        rule: replace(
            count,
            known=tuple(sorted((replace(k, example=None) for k in count.known), key=lambda k: k.cause.reason)),
            example=count.example and replace(count.example, verdict=Verdict(rule, "fail")),
            measures={name: tuple(sorted(values)) for name, values in sorted(count.measures.items())},
        )
        for rule, count in sorted(tally.counts.items())
    }
    return replace(tally, counts=counts)


@settings(deadline=None, max_examples=60)
@given(tallies, tallies, tallies)
def test_tallies_add_up_in_any_order_and_grouping(one: Tally, two: Tally, three: Tally) -> None:
    assert one.plus(two).plus(three) == one.plus(two.plus(three))
    sums = {repr(in_no_order(reduce(Tally.plus, some))) for some in permutations((one, two, three))}
    assert len(sums) == 1
    assert Tally().plus(one) == one.plus(Tally()) == one


@settings(deadline=None, max_examples=20)
@given(tallies)
def test_a_tally_survives_its_way_between_processes(tally: Tally) -> None:
    assert TALLY.validate_json(TALLY.dump_json(tally)) == tally


def test_a_tally_counts_scenarios_and_pulls() -> None:
    both = weighed(HELD_BY_THE_ONLY).plus(weighed(replace(HELD_BY_THE_ONLY, steps=HELD_BY_THE_ONLY.steps * 2)))
    assert (both.scenarios, both.pulls, both.daemon, both.store) == (2, 3, "model:classic", "classic")
    assert both.counts["HIT-1"].passed == 3


def test_the_smallest_example_is_kept() -> None:
    small = replace(HELD_BY_THE_ONLY, images={"v1": HELD_BY_THE_ONLY.images["v1"]})
    larger = replace(HELD_BY_THE_ONLY, steps=(*HELD_BY_THE_ONLY.steps, ShowInfo()))
    some = [weighed(scenario, Switch.ASKS_HUB_ON_HIT) for scenario in (larger, HELD_BY_THE_ONLY, small)]
    for order in permutations(some):
        count = reduce(Tally.plus, order).counts["HIT-1"]
        assert count.failed == 3
        assert count.example is not None
        assert count.example.scenario == small


def test_an_unexplained_failure_is_shown_before_a_deviation() -> None:
    larger = replace(HELD_BY_THE_ONLY, steps=(*HELD_BY_THE_ONLY.steps, ShowInfo()))
    explained = weighed(HELD_BY_THE_ONLY, Switch.ASKS_HUB_ON_HIT, known=KNOWN)
    unexplained = weighed(larger, Switch.ASKS_HUB_ON_HIT)
    for both in (explained.plus(unexplained), unexplained.plus(explained)):
        example = both.counts["HIT-1"].example
        assert example is not None
        assert example.scenario == larger


def test_an_examples_id_follows_from_what_it_shows() -> None:
    one, two = Verdict("HIT-1", "fail"), Verdict("ORDER-1", "fail")
    assert example_of(HELD_BY_FIRST, HISTORY, one).id == example_of(HELD_BY_FIRST, HISTORY, one).id
    assert len({example_of(HELD_BY_FIRST, HISTORY, verdict).id for verdict in (one, two)}) == 2
    assert example_of(HELD_BY_FIRST, HISTORY, one).id != example_of(MISSED_BY_TWO, HISTORY, one).id


def test_a_failure_that_a_deviation_explains_is_none() -> None:
    history = ModelLab("classic", [Switch.ASKS_HUB_ON_HIT]).play(HELD_BY_THE_ONLY)
    said = judge(HELD_BY_THE_ONLY, history)
    tally, unexplained = weigh(HELD_BY_THE_ONLY, history, said, KNOWN)
    assert unexplained == ()
    count = tally.counts["HIT-1"]
    assert (count.status, count.deviated, count.failed) == ("deviation", 1, 0)
    assert result_of(rules()["HIT-1"], "model:classic", count).deviation == "Asks Hub for good measure."
    tally, unexplained = weigh(HELD_BY_THE_ONLY, history, said, (ORDER_DEVIATES,))
    assert {verdict.rule for verdict in unexplained} == {"HIT-1", "ORDER-2"}
    assert tally.counts["HIT-1"].status == "fail"


def test_an_error_is_never_explained_by_a_deviation() -> None:
    tally, unexplained = weigh(HELD_BY_THE_ONLY, HISTORY, [Verdict("HIT-1", "error", reason="crashed")], KNOWN)
    assert (tally.counts["HIT-1"].status, unexplained) == ("error", ())


def test_a_deviation_whose_evidence_no_longer_shows_it_is_refuted() -> None:
    good = judge(HELD_BY_THE_ONLY, HISTORY)
    bad = judge(HELD_BY_THE_ONLY, ModelLab("classic", [Switch.ASKS_HUB_ON_HIT]).play(HELD_BY_THE_ONLY))
    mixed = [verdict for verdict in bad if verdict.rule != "ORDER-2"]
    assert [sentence.partition(" ")[0] for sentence in refuted(HELD, "model:x", good, KNOWN)] == [
        "HIT-1",
        "ORDER-2",
    ]
    assert refuted(HELD, "model:x", bad, KNOWN) == ()
    assert refuted(HELD, "model:x", mixed, KNOWN) == (
        "ORDER-2 no longer deviates on model:x as held.json is to show: mend the deviations file.",
    )


def test_only_its_own_evidence_on_its_own_daemons_refutes_a_deviation() -> None:
    good = judge(HELD_BY_THE_ONLY, HISTORY)
    assert refuted(Path("other.json"), "model:x", good, KNOWN) == ()
    assert refuted(HELD, "docker-20.10", good, KNOWN) == ()


def test_what_was_refuted_is_said_once() -> None:
    one, two = Tally(refuted=("this", "that")), Tally(refuted=("that", "other"))
    assert one.plus(two).refuted == ("this", "that", "other")


@pytest.mark.parametrize(
    ("count", "status"),
    [
        (Count(), "not exercised"),
        (Count(passed=3), "pass"),
        (Count(passed=3, deviated=1), "deviation"),
        (Count(passed=3, deviated=1, failed=1), "fail"),
        (Count(passed=3, deviated=1, failed=1, errors=1), "error"),
    ],
)
def test_the_worst_that_happened_is_what_the_row_says(count: Count, status: Status) -> None:
    assert count.status == status
    assert result_of(rules()["HIT-1"], "any", count).status == status


def test_figures_are_summed_up_as_least_median_and_most() -> None:
    count = reduce(Count.plus, (Count(passed=1, measures={"seconds": (value,)}) for value in (3.0, 1.0, 5.0)))
    assert result_of(rules()["HIT-1"], "any", count).measures == {"seconds": (1.0, 3.0, 5.0)}
