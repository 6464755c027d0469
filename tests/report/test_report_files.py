import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.scenario import Scenario
from report import write as writing
from report.jsonreport import to_json
from report.junit import to_junit
from report.results import Known, Opinion, RuleResult, Run, Told
from report.write import ReportError, write
from suites.verdict import Cause
from tests.report.samples import (
    FALLBACK_3,
    PARTIAL,
    PARTIAL_EXAMPLE,
    PARTIAL_HISTORY,
    mixed_run,
    result,
    rule,
    run,
)

KNOWN = Known(Cause("moby#1"))
SCHEMA = json.loads(Path(writing.__file__).with_name("schema.json").read_text(encoding="utf-8"))


def reported(shown: Run) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(to_json(shown))
    Draft202012Validator(SCHEMA).validate(report)
    return report


def case(xml: str, name: str) -> ET.Element:
    return next(found for found in parsed(xml).iter("testcase") if found.get("name", "").startswith(name))


def parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 (it is our own)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "shown", [run(), mixed_run(), run(result("error"), problems=("x",)), run(result("pass"), interrupted=True)]
)
def test_json_follows_the_schema(shown: Run) -> None:
    reported(shown)


def test_json_says_what_failed_why_and_where_it_was_promised() -> None:
    report = reported(mixed_run())
    assert (report["format"], report["exit_code"], report["meaning"]) == ("mirror-conformance/1", 1, "not conformant")
    failed = [one for one in report["results"] if one["status"] == "fail" and one["rule"]["level"] == "MUST"]
    assert failed == [
        {
            "rule": {
                "id": "FALLBACK-3",
                "title": "a partial copy (manifest there, a layer or config missing) still ends in a complete image",
                "level": "MUST",
                "subject": "daemon",
                "source": "Pull cached Docker Hub images, Google Artifact Registry, read 2026-01-15",
                "why": "A cache evicts layers one by one; what it lacks must come from Docker Hub.",
                "promised": False,
                "field": [],
            },
            "daemon": "docker-28.5.2",
            "status": "fail",
            "histories": 0,
            "reason": "mirror-2 has no layer:0, and Hub was never asked for it.",
            "attribution": {"whose": "daemon", "weight": "broken MUST", "sentence": "the daemon's, broken MUST"},
            "verdicts": {"passed": 37, "failed": 3, "deviated": 0, "errors": 0, "not_applicable": 0},
            "measures": {},
            "deviations": [],
            "example": {
                "id": "k3f9a2",
                "trial": "",
                "ruling": "fail",
                "variant": "",
                "reason": "mirror-2 has no layer:0, and Hub was never asked for it.",
                "step": 0,
                "exchanges": [5],
                "measure": {},
                "model": None,
            },
        }
    ]


def test_json_says_what_a_model_makes_of_a_failure() -> None:
    example = replace(PARTIAL_EXAMPLE, model=Opinion("keeps", "the pull brought it."))
    failed = RuleResult(FALLBACK_3, "docker-28.5.2", "fail", failed=1, example=example)
    assert reported(run(failed))["results"][0]["example"]["model"] == {
        "ruling": "keeps",
        "reason": "the pull brought it.",
        "sentence": "the model daemon keeps it: the daemon is at fault",
    }


def test_files_say_where_a_model_was_tried_and_no_daemon() -> None:
    both = run(result("pass", daemon="docker-28.5.2"), result("pass", daemon="model:classic"))
    assert [(one["name"], one["is_model"]) for one in reported(both)["daemons"]] == [
        ("docker-28.5.2", False),
        ("model:classic", True),
    ]
    subjects = [one.get("value") for one in parsed(to_junit(both)).iter("property") if one.get("name") == "subject"]
    assert subjects == ["daemon", "model of a daemon"]


def test_json_has_no_nan() -> None:
    measured = replace(result("pass"), measures={"seconds lost": (0.5, float("nan"), float("inf"))})
    assert reported(run(measured))["results"][0]["measures"] == {
        "seconds lost": {"min": 0.5, "median": None, "max": None}
    }


def test_reports_are_deterministic() -> None:
    assert to_json(mixed_run()) == to_json(mixed_run())
    assert to_junit(mixed_run()) == to_junit(mixed_run())


def test_junit_has_a_suite_for_each_daemon_and_a_case_for_each_rule() -> None:
    root = parsed(to_junit(mixed_run()))
    counts = [(s.get("name"), s.get("tests"), s.get("failures"), s.get("errors"), s.get("skipped")) for s in root]
    assert counts == [
        ("docker-28.5.2", "7", "1", "0", "3"),
        ("docker-28.5.2-containerd", "7", "0", "0", "3"),
    ]
    assert [root.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["14", "1", "0", "6"]


def test_junit_explains_a_failure() -> None:
    failed = case(to_junit(mixed_run()), "FALLBACK-3 a partial copy")
    assert failed.get("classname") == "daemon"
    properties = {found.get("name"): found.get("value") for found in failed.iter("property")}
    assert properties == {
        "source": FALLBACK_3.source,
        "level": "MUST",
        "seed": "4711",
        "whose": "the daemon's, broken MUST",
    }
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "mirror-2 has no layer:0, and Hub was never asked for it."
    assert ">> 5  12  |--GET layer:0" in str(failure.text)


@pytest.mark.parametrize(
    ("one", "tag", "message"),
    [
        (RuleResult(rule("A-1"), "d", "deviation", deviations=(KNOWN,)), "skipped", "deviation: moby#1"),
        (RuleResult(rule("A-1"), "d", "not applicable"), "skipped", "not applicable"),
        (RuleResult(rule("A-1"), "d", "not exercised"), "skipped", "not exercised"),
        (RuleResult(rule("A-1", level="SHOULD"), "d", "fail"), "skipped", "SHOULD not met: no reason was given"),
        (RuleResult(rule("A-1", level="INFO"), "d", "fail"), "skipped", "INFO not met: no reason was given"),
        (RuleResult(rule("A-1"), "d", "fail"), "failure", "no reason was given"),
        (RuleResult(rule("A-1"), "d", "error"), "error", "no reason was given"),
    ],
)
def test_junit_of_each_status(one: RuleResult, tag: str, message: str) -> None:
    found = case(to_junit(run(one)), "A-1").find(tag)
    assert found is not None
    assert found.get("message") == message


def test_junit_of_a_pass_is_bare() -> None:
    assert [child.tag for child in case(to_junit(run(result("pass"))), "ORDER-1")] == ["properties"]


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (run(result("pass"), problems=("The lab lost a mirror.",)), "The lab lost a mirror."),
        (run(result("pass"), interrupted=True), "interrupted"),
        (run(), "nothing was tested"),
    ],
)
def test_junit_is_red_where_the_run_itself_went_wrong(shown: Run, message: str) -> None:
    error = case(to_junit(shown), "problem 1").find("error")
    assert error is not None
    assert error.get("message") == message


def test_everything_is_written(tmp_path: Path) -> None:
    write(mixed_run(), tmp_path / "out")
    written = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["badge.json", "badge.svg"] + [
        f"failures/{name}/{file}"
        for name in ("k3f9a2", "m2c7d1", "p9q8r7")
        for file in ("explanation.txt", "history.json", "scenario.json")
    ] + ["junit.xml", "report.html", "report.json", "summary.md"]
    folder = tmp_path / "out" / "failures" / "k3f9a2"
    assert TypeAdapter(Scenario).validate_json((folder / "scenario.json").read_text(encoding="utf-8")) == PARTIAL
    assert TypeAdapter(History).validate_json((folder / "history.json").read_text(encoding="utf-8")) == PARTIAL_HISTORY
    assert (folder / "explanation.txt").read_text(encoding="utf-8").startswith("FALLBACK-3 MUST: a partial copy")


def test_one_history_that_breaks_two_rules_is_explained_twice(tmp_path: Path) -> None:
    other = replace(FALLBACK_3, id="HIT-1")
    failed = RuleResult(FALLBACK_3, "docker-28.5.2", "fail", failed=1, example=PARTIAL_EXAMPLE)
    write(run(failed, replace(failed, rule=other)), tmp_path)
    text = (tmp_path / "failures" / "k3f9a2" / "explanation.txt").read_text(encoding="utf-8")
    assert text.startswith("FALLBACK-3 MUST")
    assert "\n\n\nHIT-1 MUST" in text


def test_an_interrupted_write_leaves_the_former_report_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(mixed_run(), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    written = Path.write_text

    def interrupted(path: Path, text: str, **options: Any) -> int:
        written(path, text[: len(text) // 2], **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(replace(mixed_run(), seed=1), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_directory_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ReportError) as caught:
        write(run(), tmp_path / "taken")
    sentence = str(caught.value)
    assert sentence.startswith(f"Cannot write {tmp_path / 'taken' / 'junit.xml'}: ")
    assert sentence.endswith("; choose a directory that you may write to.")


@pytest.mark.parametrize("name", ["../out", "", "a/b", ".hidden", "x\n"])
def test_an_id_cannot_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    one = replace(result("fail"), example=replace(PARTIAL_EXAMPLE, id=name))
    with pytest.raises(ReportError, match="cannot be the name of a directory"):
        write(run(one), tmp_path)
    assert not list(tmp_path.iterdir())


def test_json_says_why_a_deviation_is_one_and_where_it_was_reported() -> None:
    cause = Cause("It waits.", "Waits", "Watch it.", "Docker, 'dockerd'", ("https://example.test/1",), "waits.json")
    known = Known(cause, 3, replace(PARTIAL_EXAMPLE, id="abc123"))
    (one,) = reported(run(replace(result("deviation"), deviations=(known,))))["results"]
    assert one["reason"] == "It waits. Watch it. Reported: https://example.test/1"
    assert one["deviations"] == [
        {
            "title": "Waits",
            "reason": "It waits.",
            "advice": "Watch it.",
            "documents": "Docker, 'dockerd'",
            "reports": ["https://example.test/1"],
            "evidence": "waits.json",
            "withheld": False,
            "verdicts": 3,
            "example": one["deviations"][0]["example"],
        }
    ]
    assert one["deviations"][0]["example"]["id"] == "abc123"


def test_the_case_of_each_deviation_is_written(tmp_path: Path) -> None:
    known = tuple(Known(Cause(name), 1, replace(PARTIAL_EXAMPLE, id=name)) for name in ("one", "two"))
    write(run(replace(result("deviation"), deviations=known, example=PARTIAL_EXAMPLE)), tmp_path)
    assert {path.name for path in (tmp_path / "failures").iterdir()} == {"one", "two", PARTIAL_EXAMPLE.id}


def test_json_says_what_a_person_is_told() -> None:
    told = Told("docker-28.5.2", "dns", "503", "lookup: no such host", True, True, False)
    report = reported(replace(run(), told=(told,)))
    assert report["told"] == [
        {
            "daemon": "docker-28.5.2",
            "hub": "dns",
            "mirrors": "503",
            "sentence": "lookup: no such host",
            "names_image": True,
            "names_hub": True,
            "names_mirrors": False,
        }
    ]
