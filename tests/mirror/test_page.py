"""The page of mirrors: what each did not keep, explained by its baseline, with what to do about it."""

from dataclasses import replace
from pathlib import Path

import pytest

import fixtures.mirrors
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.mirrors.subject import Promises
from report.results import Daemon, Known, RuleResult, Run, Tried
from report.write import write
from suites.mirror.baseline import SUFFIX, load
from suites.mirror.judge import rules
from suites.mirror.page import mirrors_of
from suites.verdict import Cause, Verdict
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.report.samples import PARTIAL_EXAMPLE, mixed_run

FOUND = "GET manifest | of app has no digest"
HELD = Tried("a part | of it", MirrorScenario(), MirrorHistory("own", "pull-through", Promises(), frozenset(), "", ""))
EXAMPLE = replace(PARTIAL_EXAMPLE, verdict=Verdict("MANIFEST-1", "fail", 0, reason=FOUND), tried=HELD)
CAUSE = Cause("It hides digests.", "Hidden digests", "Ask by digest.", "Its manual", ("https://example.test/1",))


def of(name: str, *results: RuleResult, started: str = "2026-11-30T10:00:00+00:00") -> Run:
    return Run(
        results=tuple(replace(result, daemon=name) for result in results),
        daemons=(Daemon(name, "pull-through", "", 58, seconds=20.6, subject="mirror"),),
        seed=0,
        scenarios=58,
        pulls=0,
        seconds=20.6,
        started=started,
        tool_version="0.1.0",
        command=f"mirror-conformance mirror --description {name}.toml",
    )


def kept(rule: str) -> RuleResult:
    return RuleResult(rules()[rule], "", "pass", passed=3)


def deviates(rule: str, cause: Cause = CAUSE) -> RuleResult:
    known = (Known(cause, 2, EXAMPLE),)
    return RuleResult(rules()[rule], "", "deviation", passed=1, deviated=2, deviations=known, example=EXAMPLE)


def failed(rule: str) -> RuleResult:
    return RuleResult(rules()[rule], "", "fail", failed=1, example=EXAMPLE)


def page(directory: Path, *runs: Run) -> str:
    for number, run in enumerate(runs):
        write(run, directory / str(number))
    return mirrors_of([directory / str(number) / "report.json" for number in range(len(runs))]).page()


def test_a_mirror_that_does_not_keep_a_rule_is_beside_one_that_does(tmp_path: Path) -> None:
    text = page(
        tmp_path,
        of("one 1.2", kept("KEEP-3"), deviates("MANIFEST-1"), failed("GONE-1")),
        of("two", kept("MANIFEST-1"), kept("KEEP-3")),
    )
    assert "| [one 1.2](#one-12) | pull-through | 1 | 1 | 1 | 0 | 58 | 21 | 2026-11-30 10:00:00 | 0.1.0 |" in text
    assert "| [two](#two) | pull-through | 2 | 0 | 0 | 0 | 58 |" in text
    assert "| rule | level | one 1.2 | two |\n" in text
    assert "| MANIFEST-1 | MUST | deviates 2 of 3 | kept 3 |\n" in text
    assert "| GONE-1 | SHOULD | not met 1 of 1 | not exercised |\n" in text
    assert "| KEEP-3 |" not in text
    assert "## two\n\nRun by `mirror-conformance mirror --description two.toml`.\nWhatever could be observed" in text


def test_what_is_known_is_explained_with_what_to_do(tmp_path: Path) -> None:
    rule = rules()["MANIFEST-1"]
    text = page(tmp_path, of("own", deviates("MANIFEST-1"), deviates("MANIFEST-2")))
    assert "### Hidden digests\n\nIt hides digests.\n\n**What to do.** Ask by digest.\n\n" in text
    assert text.count("Hidden digests") == 1
    assert f"- MANIFEST-1 (MUST): {rule.title} Promised by {rule.source}.\n- MANIFEST-2 (MUST): " in text
    assert "- Whose it is: the mirror's, broken MUST.\n- Found: GET manifest \\| of app has no digest.\n" in text
    assert "- Where its documentation should say so: Its manual.\n- Reported: <https://example.test/1>.\n" in text
    assert "- Again: the same command with `--trial 'a part | of it'`.\n" in text


def test_what_nobody_knows_is_said_to_be_so_after_what_is_known(tmp_path: Path) -> None:
    text = page(tmp_path, of("own", failed("FRESH-1"), deviates("MANIFEST-1"), failed("LIST-3")))
    known, _, unknown = text.partition("### FRESH-1")
    assert "### Hidden digests" in known
    assert "Nobody has explained this yet. GET manifest \\| of app has no digest\n" in unknown
    assert "- Whose it is: the mirror's, broken promise.\n" in unknown
    note = "- LIST-3: GET manifest \\| of app has no digest.\n"
    assert f"Worth knowing, though no rule is broken by it:\n\n{note}" in unknown


def test_what_endangers_users_has_no_recipe(tmp_path: Path) -> None:
    text = page(tmp_path, of("own", deviates("PRIVATE-1", replace(CAUSE, withheld=True))))
    assert "**What to do.** Ask by digest." in text
    assert "Found" not in text
    assert "--trial" not in text.partition("## own")[2]


def test_why_nothing_could_be_seen_is_said(tmp_path: Path) -> None:
    unseen = RuleResult(
        rules()["NS-2"], "", "not applicable", remark="not observable: its trial needs the hook 'evict'"
    )
    text = page(tmp_path, of("own", kept("KEEP-3"), unseen))
    assert "Every rule was kept by every mirror that it could be observed of." in text
    assert "What could not be observed:\n\n- NS-2: its trial needs the hook 'evict'.\n" in text


def test_the_last_run_of_a_mirror_counts(tmp_path: Path) -> None:
    later = "2026-12-01T10:00:00+00:00"
    text = page(tmp_path, of("own", failed("MANIFEST-1")), of("own", kept("MANIFEST-1"), started=later))
    assert "2026-12-01 10:00:00" in text
    assert "2026-11-30" not in text


def test_the_page_is_printed_and_is_of_mirrors(call: Call) -> None:  # noqa: F811
    write(of("own", kept("KEEP-3")), Path("own"))
    ended = call("mirrors", "own/report.json")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("# What mirrors of Docker Hub do not keep\n")
    write(mixed_run(), Path("daemons"))
    ended = call("mirrors", "daemons/report.json")
    assert (ended.code, ended.out) == (2, "")
    assert "is of no mirror: `mirror-conformance findings` is for daemons." in ended.sentence


def test_each_baseline_of_a_known_mirror_is_sound_and_beside_its_description() -> None:
    known = Path(fixtures.mirrors.__path__[0], "known")
    for file in known.glob(f"*{SUFFIX}"):
        assert all(entry.advice for entry in load(file).known), f"{file.name} does not say what to do"
        assert file.with_name(f"{file.name.removesuffix(SUFFIX)}.toml").is_file(), file.name


@pytest.mark.parametrize("rule", ["MANIFEST-1", "FRESH-1"])
def test_a_report_that_was_read_back_says_the_same(tmp_path: Path, rule: str) -> None:
    run = of("own", failed(rule))
    write(run, tmp_path)
    (mirror,) = mirrors_of([tmp_path / "report.json"]).mirrors
    (read,), (written,) = mirror.run.results, run.results
    assert (read.rule, read.status, read.reason, read.failed) == (
        written.rule,
        written.status,
        written.reason,
        written.failed,
    )
