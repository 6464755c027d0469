"""Each failure says whose it is and what it weighs, in every report."""

import html
import json
from dataclasses import replace

import pytest

from report.attribution import Attribution, attribution, of_result
from report.github import annotations
from report.html import to_html
from report.jsonreport import to_json
from report.junit import to_junit
from report.markdown import to_markdown
from report.results import Opinion, RuleResult
from suites.verdict import Level, Party, Status
from tests.report.samples import PARTIAL_EXAMPLE, PARTIAL_HISTORY, result, rule, run
from tests.report.test_report_terminal import printed

FAILED = PARTIAL_EXAMPLE.verdict


@pytest.mark.parametrize(
    ("level", "promised", "weight"),
    [
        ("MUST", False, "broken MUST"),
        ("MUST", True, "broken promise"),
        ("SHOULD", True, "broken promise"),
        ("SHOULD", False, "broken SHOULD"),
        ("INFO", False, "information"),
    ],
)
def test_what_a_failure_weighs_follows_from_its_rule(level: Level, promised: bool, weight: str) -> None:
    assert attribution(replace(rule("A-1", level=level), promised=promised), PARTIAL_EXAMPLE).weight == weight


@pytest.mark.parametrize("whose", ["mirror", "daemon", "configuration", "hub"])
def test_a_failure_is_whose_the_verdict_says_and_else_that_of_the_rules_subject(whose: Party) -> None:
    assert attribution(rule("A-1"), PARTIAL_EXAMPLE).whose == "daemon"
    said = replace(PARTIAL_EXAMPLE, verdict=replace(FAILED, at_fault=whose))
    assert attribution(rule("A-1"), said).whose == whose


def test_what_a_right_model_breaks_as_well_is_in_doubt() -> None:
    assert attribution(rule("A-1"), replace(PARTIAL_EXAMPLE, model=Opinion("keeps", ""))).whose == "daemon"
    for ruling in ("breaks", "error"):
        doubted = replace(PARTIAL_EXAMPLE, model=Opinion(ruling, "so"))
        assert attribution(rule("A-1"), doubted).whose == "unclear"


def test_a_models_failure_is_no_daemons() -> None:
    example = replace(PARTIAL_EXAMPLE, history=replace(PARTIAL_HISTORY, daemon="model:classic"))
    assert attribution(rule("A-1"), example).whose == "model"


def test_an_error_says_nothing_of_the_subject() -> None:
    error = replace(PARTIAL_EXAMPLE, verdict=replace(FAILED, ruling="error"))
    assert attribution(rule("A-1"), error) == Attribution("harness")
    assert attribution(rule("A-1"), error).sentence == "ours, says nothing of the subject"
    hubs = replace(error, verdict=replace(error.verdict, at_fault="hub"))
    assert attribution(rule("A-1"), hubs) == Attribution("hub")


@pytest.mark.parametrize(
    ("status", "told"),
    [("pass", False), ("fail", True), ("deviation", True), ("error", True), ("not applicable", False)],
)
def test_only_what_failed_is_somebodys(status: Status, told: bool) -> None:
    assert (of_result(result(status)) is not None) is told


def test_every_report_says_so() -> None:
    mirrors = replace(rule("FRESH-1"), subject="mirror", promised=True)
    shown = run(RuleResult(mirrors, "own", "fail", failed=1, example=PARTIAL_EXAMPLE))
    said = "the mirror's, broken promise"
    assert said in printed(shown)
    assert said in html.unescape(to_html(shown))
    assert said in to_markdown(shown)
    assert said in html.unescape(to_junit(shown))
    assert said in annotations(shown)[0].replace("%2C", ",")
    told = json.loads(to_json(shown))["results"][0]["attribution"]
    assert told == {"whose": "mirror", "weight": "broken promise", "sentence": said}
