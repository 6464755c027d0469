"""Baselines: what is known of a mirror is told as such, and nothing else is."""

import html
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from fixtures.errors import UsageError
from report.results import Daemon, Known, RuleResult, Run
from report.write import write
from suites.deviations import Deviation
from suites.mirror.baseline import Baseline, baseline_of, load, lying_beside
from suites.mirror.judge import rules
from suites.verdict import Cause, Status
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.mirror.conftest import NO_DIGEST, Break
from tests.mirror.test_command import SCHEMA
from tests.mutants.broken_mirrors.spoilers import changed
from tests.report.samples import PARTIAL_EXAMPLE, mixed_run, run

HELD = ("mirror", "--url", "simulator:pull-through", "--trial", "held")
REPORT = Path("conformance-report/report.json")
KNOWN = Deviation(("MANIFEST-1",), "*", "It keeps digests to itself.", advice="Ask by digest.")


def status_of(rule: str) -> str:
    results = json.loads(REPORT.read_text())["results"]
    return next(str(result["status"]) for result in results if result["rule"]["id"] == rule)


def of_mirror(*results: RuleResult) -> Run:
    return replace(run(), results=results, daemons=(Daemon("own", "pull-through", "", subject="mirror"),))


def came(status: Status, *causes: Cause, rule: str = "MANIFEST-1") -> RuleResult:
    return RuleResult(rules()[rule], "own", status, deviations=tuple(map(Known, causes)))


def test_what_a_run_found_is_known_to_the_next(call: Call, broken: Break) -> None:  # noqa: F811
    broken(NO_DIGEST)
    assert call(*HELD).code == 1
    written = call("baseline", str(REPORT))
    assert written.code == 0
    Path("own.toml").write_text(written.out.replace("reason = ", 'advice = "Ask by digest."\nreason = ', 1))
    assert "MANIFEST-1" in [rule for entry in tomllib.loads(written.out)["known"] for rule in entry["rules"]]
    ended = call(*HELD, "--baseline", "own.toml")
    assert ended.code == 0, ended.err
    assert "Held against own.toml." in ended.sentence
    assert status_of("MANIFEST-1") == "deviation"
    Draft202012Validator(SCHEMA).validate(json.loads(REPORT.read_text()))
    for name in ("report.html", "summary.md", "junit.xml"):
        assert "Ask by digest." in html.unescape(REPORT.with_name(name).read_text()).replace("\\", ""), name
    assert "Ask by digest." in " ".join(ended.out.split())
    assert "SECURITY.md says why" not in REPORT.with_name("report.html").read_text()


def test_words_of_people_outlast_a_run(call: Call, broken: Break) -> None:  # noqa: F811
    broken(NO_DIGEST)
    Path("own.toml").write_text(
        '[[known]]\nrules = ["MANIFEST-1"]\nreason = "It \\"hides\\" digests.\\u007f"\ntitle = "Hidden"\n'
        'advice = "Wait."\ndocuments = "Its manual"\nreports = ["https://example.test/1"]\nwithheld = true\n'
    )
    call(*HELD, "--baseline", "own.toml")
    Path("again.toml").write_text(call("baseline", str(REPORT)).out)
    assert load(Path("own.toml")).known == load(Path("again.toml")).known[:1]


def test_a_failure_that_is_not_known_fails(call: Call, broken: Break) -> None:  # noqa: F811
    broken(changed(("manifests",), lambda _, given: given.saying(docker_content_digest="", content_type="text/plain")))
    Path("own.toml").write_text('[[known]]\nrules = ["MANIFEST-1"]\nreason = "Known."\n')
    ended = call(*HELD, "--baseline", "own.toml")
    assert ended.code == 1
    assert status_of("MANIFEST-1") == "deviation"
    results = json.loads(REPORT.read_text())["results"]
    assert [result["rule"]["id"] for result in results if result["status"] == "fail"] == ["MANIFEST-2", "MANIFEST-4"]


def test_of_a_part_of_a_run_nothing_is_stale(call: Call) -> None:  # noqa: F811
    Path("own.toml").write_text('[[known]]\nrules = ["MANIFEST-1", "KEEP-3"]\nreason = "Known."\n')
    ended = call(*HELD, "--baseline", "own.toml")
    assert ended.code == 0
    assert "MANIFEST-1 does not fail any more as is known, in this part of a run." in ended.sentence
    assert "Known to fail, and not exercised: KEEP-3." in ended.sentence


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_an_entry_that_does_not_fail_any_more_is_a_problem_of_a_whole_run(status: Status) -> None:
    held, beside = Baseline(Path("own.toml"), (KNOWN,)).hold(of_mirror(came(status)), of_all_trials=True)
    assert held.problems == ("MANIFEST-1 does not fail any more as is known: mend the baseline own.toml.",)
    assert beside == ()


@pytest.mark.parametrize("status", ["not exercised", "not applicable"])
def test_an_entry_whose_rule_was_not_exercised_is_told_and_no_problem(status: Status) -> None:
    held, beside = Baseline(Path("own.toml"), (KNOWN,)).hold(of_mirror(came(status)), of_all_trials=True)
    assert held.problems == ()
    assert beside == ("Known to fail, and not exercised: MANIFEST-1.",)


def test_a_kind_of_case_that_did_not_come_up_is_named() -> None:
    of_one_kind = replace(KNOWN, variant="HEAD")
    held, _ = Baseline(Path("own.toml"), (of_one_kind,)).hold(of_mirror(came("pass")), of_all_trials=True)
    assert held.problems == ("MANIFEST-1 (HEAD) does not fail any more as is known: mend the baseline own.toml.",)


def test_what_failed_as_is_known_is_no_problem() -> None:
    for status in ("deviation", "fail"):
        shown = of_mirror(came(status, KNOWN.cause))
        assert Baseline(Path("own.toml"), (KNOWN,)).hold(shown, of_all_trials=True) == (shown, ())


def test_of_rules_that_are_not_reported_nothing_is_a_problem() -> None:
    shown = of_mirror(came("pass", rule="MANIFEST-2"))
    held, beside = Baseline(Path("own.toml"), (KNOWN,)).hold(shown, of_all_trials=True)
    assert (held, len(beside)) == (shown, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[known]", "is not valid TOML: "),
        ('[[known]]\nrules = ["KEEP-3"]', "is wrong at known.0.reason: "),
        ('[[known]]\nrules = ["KEEP-3"]\nreason = "x"\nwhy = "x"', "is wrong at known.0.why: "),
        ('[[known]]\nrules = ["KEEP-3"]\nreason = " "', "has an entry of KEEP-3 without a reason: say why"),
        (
            '[[known]]\nrules = ["KEEP-99"]\nreason = "x"',
            "names the rule 'KEEP-99', which the catalogue does not have.",
        ),
        ('[[known]]\nrules = ["HIT-1"]\nreason = "x"', "names the rule 'HIT-1', which the catalogue does not have."),
        ('[[known]]\nrules = []\nreason = "x"', "has an entry that names no rule."),
        ('[[known]]\nrules = ["KEEP-3", "KEEP-3"]\nreason = "x"', "has KEEP-3 twice: "),
    ],
)
def test_a_wrong_baseline_is_named_with_what_is_wrong(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=re.escape(f"The baseline {file} {sentence}")):
        load(file)


def test_a_baseline_that_is_not_there(call: Call) -> None:  # noqa: F811
    ended = call(*HELD, "--baseline", "none.toml")
    assert (ended.code, ended.sentence) == (2, "The baseline none.toml cannot be read: No such file or directory.")


def test_a_baseline_lies_beside_its_description(tmp_path: Path) -> None:
    assert lying_beside(tmp_path / "own.toml") is None
    (tmp_path / "own.baseline.toml").touch()
    assert lying_beside(tmp_path / "own.toml") == tmp_path / "own.baseline.toml"


def test_only_a_mirror_has_a_baseline(tmp_path: Path) -> None:
    write(mixed_run(), tmp_path)
    with pytest.raises(UsageError, match=r"is not of one mirror: only mirrors have a baseline\."):
        baseline_of(tmp_path / "report.json")


def test_a_baseline_leaves_out_what_breaks_no_rule(tmp_path: Path) -> None:
    noted = replace(came("fail", rule="LIST-3"), example=PARTIAL_EXAMPLE)
    kind = replace(PARTIAL_EXAMPLE, verdict=replace(PARTIAL_EXAMPLE.verdict, variant="by [tag]"))
    write(of_mirror(noted, replace(came("fail"), example=kind)), tmp_path)
    (entry,) = tomllib.loads(baseline_of(tmp_path / "report.json"))["known"]
    assert entry == {"rules": ["MANIFEST-1"], "variant": "by [[]tag]", "reason": kind.verdict.reason}
