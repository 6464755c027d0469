import io
from dataclasses import replace

import pytest
from rich.console import Console

from report.results import Daemon, RuleResult, Run
from report.terminal import TerminalReport
from tests.report.samples import FALLBACK_3, PARTIAL_EXAMPLE, mixed_run, result, rule, run

UNTRUSTED = "HARNESS ERROR, THE RESULTS CANNOT BE TRUSTED"


def printed(shown: Run, width: int = 100, *, colour: bool = False, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=file, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(TerminalReport(shown))
    file.flush()
    return raw.getvalue().decode(encoding)


def test_the_matrix_at_80_columns() -> None:
    matrix = printed(mixed_run(), 80).split("\nFailures")[0]
    wanted = """\
                                                                docker-28.5.2-
rule        level                               docker-28.5.2   containerd
------------------------------------------------------------------------------
ORDER-1     MUST    mirrors are asked in conf…  pass 312        pass 290
FALLBACK-3  MUST    a partial copy (manifest …  FAIL 3/40       pass 41
FALLBACK-7  SHOULD  layers already fetched ar…  warn 10/40      pass 40
DIRECT-1    MUST    a direct pull of an image…  pass 12         deviation 4/12
STALE-1     INFO    a mirror's older copy of …  n/a             pass 5
CRI-1       MUST    containerd with GKE's end…  -               -

CONFIG-5    MUST    docker system info shows …  pass 9          -

docker-28.5.2 (28.5.2, classic store): 3 pass, 1 FAIL, 1 warn, 1 n/a, 1 not
    exercised
docker-28.5.2-containerd (28.5.2, classic store): 4 pass, 1 deviation, 2 not
    exercised
warn = SHOULD not met   deviation = known failure   n/a = nothing to judge
- = not exercised
"""
    assert matrix == wanted


def test_the_matrix_at_120_columns() -> None:
    matrix = printed(mixed_run(), 120).split("\nFailures")[0]
    wanted = """\
                                                                                                        docker-28.5.2-
rule        level                                                                       docker-28.5.2   containerd
----------------------------------------------------------------------------------------------------------------------
ORDER-1     MUST    mirrors are asked in configured order, each mirror before the nex…  pass 312        pass 290
FALLBACK-3  MUST    a partial copy (manifest there, a layer or config missing) still …  FAIL 3/40       pass 41
FALLBACK-7  SHOULD  layers already fetched are not fetched again after a fallback       warn 10/40      pass 40
DIRECT-1    MUST    a direct pull of an image that is not cached fails with not-found   pass 12         deviation 4/12
STALE-1     INFO    a mirror's older copy of a tag wins over Hub's newer one: report …  n/a             pass 5
CRI-1       MUST    containerd with GKE's endpoint list goes the same way               -               -

CONFIG-5    MUST    docker system info shows every mirror, in order                     pass 9          -

docker-28.5.2 (28.5.2, classic store): 3 pass, 1 FAIL, 1 warn, 1 n/a, 1 not exercised
docker-28.5.2-containerd (28.5.2, classic store): 4 pass, 1 deviation, 2 not exercised
warn = SHOULD not met   deviation = known failure   n/a = nothing to judge   - = not exercised
"""
    assert matrix == wanted


def test_what_follows_the_failures() -> None:
    text = printed(mixed_run())
    after = text[text.index("Warnings") :]
    wanted = """\
Warnings: a SHOULD is not met
  FALLBACK-7 on docker-28.5.2: layer:0 was fetched twice, 1.2 kB in vain. (replay m2c7d1)

Deviations: known and explained
  DIRECT-1 on docker-28.5.2-containerd: moby#12345: the containerd store asks Hub for the name of
    the mirror. (replay p9q8r7)

Measured: least / median / greatest
  ORDER-1 on docker-28.5.2, seconds lost: 0.01 / 0.02 / 15.3

Not exercised: this run says nothing about
  CRI-1
  on docker-28.5.2-containerd: CONFIG-5

NOT CONFORMANT: 1 MUST rule failed, on 1 of 2 subjects; 6 of 7 rules exercised. Exit code 1.
seed 4711, 120 scenarios, 348 pulls, 41.3 s; mirror-conformance 0.1.0, started
  2026-02-03T10:11:12+00:00
command: mirror-conformance daemon docker-28.5.2 --seed 4711
"""
    assert after == wanted


def test_failures_are_explained() -> None:
    text = printed(mixed_run())
    assert ">> 5  12  |--GET layer:0 sha256:1a7e40… ------------>|      |  404\n" in text
    assert "replay: mirror-conformance replay k3f9a2\n" in text
    assert "replay: mirror-conformance replay m2c7d1\n" not in text


def test_the_same_failure_on_another_daemon_takes_a_line() -> None:
    first = RuleResult(FALLBACK_3, "docker-26", "fail", failed=1, example=PARTIAL_EXAMPLE)
    text = printed(run(first, replace(first, daemon="docker-28", example=replace(PARTIAL_EXAMPLE, id="zz9"))))
    assert text.count("|--GET layer:0") == 1
    assert "FALLBACK-3 on docker-28: mirror-2 has no layer:0, and Hub was never asked for it." in text
    assert "(replay zz9) As on docker-26." in " ".join(text.split())


def test_a_failure_without_an_example_is_still_told() -> None:
    assert "  ORDER-1 on docker-28.5.2: no reason was given.\n" in printed(run(result("fail")))


@pytest.mark.parametrize("width", [20, 40, 80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, printed(mixed_run(), width).splitlines())) <= width


def test_many_daemons_take_several_tables() -> None:
    lines = printed(run(*(result("pass", daemon=f"docker-{major}") for major in range(20, 30))), 80).splitlines()
    headings = [line for line in lines if line.startswith("rule ")]
    assert len(headings) > 1
    assert [name for line in headings for name in line.split()[2:]] == [f"docker-{major}" for major in range(20, 30)]


def test_no_colour_no_escapes() -> None:
    assert "\x1b" not in printed(mixed_run())
    assert "\x1b[1;31mFAIL 3/40" in printed(mixed_run(), colour=True)


def test_an_ascii_log_gets_all_but_the_ellipsis() -> None:
    text = printed(mixed_run(), encoding="ascii")
    assert "|--GET layer:0 sha256:1a7e40~ -" in text


def test_markup_is_text() -> None:
    hostile = replace(mixed_run(), problems=("a [red]problem[/red] of [/] :smile:",))
    assert "a [red]problem[/red] of [/] :smile:" in printed(hostile)


@pytest.mark.parametrize(
    ("shown", "ending"),
    [
        (run(), "NOTHING WAS TESTED: 0 of 0 rules exercised on 0 subjects. Exit code 5."),
        (run(result("pass")), "CONFORMANT: 1 of 1 rule exercised on 1 subject. Exit code 0."),
        (
            run(result("error")),
            f"{UNTRUSTED}: 1 rule in error; 0 of 1 rule exercised on 1 subject. Exit code 4.",
        ),
        (
            run(result("pass"), problems=("The lab lost a mirror.", "And another.")),
            f"{UNTRUSTED}: the run had 2 problems; 1 of 1 rule exercised on 1 subject. Exit code 4.",
        ),
        (run(result("pass"), interrupted=True), "INTERRUPTED: 1 of 1 rule exercised on 1 subject. Exit code 130."),
    ],
)
def test_the_final_sentence(shown: Run, ending: str) -> None:
    assert f"\n{ending}\nseed 4711, 120 scenarios, 348 pulls, 41.3 s; mirror-conformance 0.1.0" in printed(shown, 160)


def test_problems_are_listed() -> None:
    text = printed(run(result("pass"), problems=("The lab lost a mirror.",)))
    assert "\nProblems of the run itself\n  The lab lost a mirror.\n" in text


def test_a_subject_without_results_is_named() -> None:
    idle = replace(run(result("pass")), daemons=(Daemon("docker-28.5.2", "", ""), Daemon("zot", "2.1", "")))
    text = printed(idle)
    assert "docker-28.5.2: 1 pass\n" in text
    assert "zot (2.1): no rules\n" in text


def test_rules_not_exercised_are_listed_where_they_were_not() -> None:
    text = printed(
        run(
            result("not exercised", name="A-1", daemon="one"),
            result("not exercised", name="A-1", daemon="two"),
            result("not exercised", name="A-2", daemon="one"),
            RuleResult(rule("A-2"), "two", "pass", passed=1),
        )
    )
    assert "Not exercised: this run says nothing about\n  A-1\n  on one: A-2\n" in text
