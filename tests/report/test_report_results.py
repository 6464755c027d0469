import pytest

from report.folding import rules, unexercised
from report.results import MEANINGS, RuleResult, Run, exit_code
from suites.verdict import Level, Status
from tests.report.samples import result, rule, run


@pytest.mark.parametrize(
    ("status", "level", "code"),
    [
        ("pass", "MUST", 0),
        ("pass", "SHOULD", 0),
        ("pass", "INFO", 0),
        ("fail", "MUST", 1),
        ("fail", "SHOULD", 0),
        ("fail", "INFO", 0),
        ("deviation", "MUST", 0),
        ("error", "MUST", 4),
        ("error", "INFO", 4),
        ("not applicable", "MUST", 5),
        ("not exercised", "MUST", 5),
    ],
)
def test_a_status_alone(status: Status, level: Level, code: int) -> None:
    assert exit_code(run(result(status, level))) == code


def test_one_failed_must_among_passes_is_not_conformant() -> None:
    assert exit_code(run(result("pass", name="A"), result("fail", name="B"), result("not exercised", name="C"))) == 1


def test_an_error_outweighs_a_failure() -> None:
    assert exit_code(run(result("fail", name="A"), result("error", name="B"))) == 4


def test_a_problem_outweighs_a_failure_and_a_pass() -> None:
    assert exit_code(run(result("fail"), problems=("The deviation of ORDER-1 no longer deviates.",))) == 4
    assert exit_code(run(result("pass"), problems=("The deviation of ORDER-1 no longer deviates.",))) == 4


def test_an_interruption_outweighs_all() -> None:
    assert exit_code(run(result("error"), problems=("x",), interrupted=True)) == 130


def test_an_empty_run_is_not_green() -> None:
    assert exit_code(run()) == 5


def test_every_exit_code_has_a_meaning() -> None:
    assert set(MEANINGS) == {0, 1, 4, 5, 130}


def test_a_result_of_a_daemon_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ValueError, match="ORDER-1 has a result of 'docker-0', which the run does not list"):
        Run((RuleResult(rule("ORDER-1"), "docker-0", "pass"),), (), 1, 1, 1, 1.0, "", "", "")


def test_two_results_of_one_rule_on_one_daemon_are_refused() -> None:
    with pytest.raises(ValueError, match="ORDER-1 has two results of"):
        run(result("pass"), result("fail"))


def test_a_rule_may_stand_beside_variants_of_its_own() -> None:
    names = ("ORDER-1", "FALLBACK-2/dns", "FALLBACK-2/reset", "CONFIG-7", "CONFIG-7/containers")
    some = run(*(result("not exercised", name=name) for name in names))
    assert unexercised(some) == ["ORDER-1, FALLBACK-2/dns, reset, CONFIG-7, CONFIG-7/containers"]
    assert rules(some, ["CONFIG-7/containers"]) == "CONFIG-7/containers"
