import io
from dataclasses import replace

import pytest
from rich.console import Console

from report.results import Daemon, Known, RuleResult, Run
from report.terminal import TerminalReport
from suites.verdict import Cause, Verdict
from tests.report.samples import FALLBACK_3, PARTIAL_EXAMPLE, mixed_run, result, rule, run

SIX = (
    "docker-20.10.24",
    "docker-20.10.5",
    "docker-26.1.5",
    "docker-26.1.5-containerd",
    "docker-28.5.2",
    "docker-28.5.2-containerd",
)
VARIANTS = ("refuse", "dns", "hang", "401", "403", "404", "not-a-registry", "several")
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
                                                                      docker-
                                                          docker-     28.5.2-
rule        level                                         28.5.2      containerd
--------------------------------------------------------------------------------
ORDER-1     MUST    mirrors are asked in configured ord…  pass 312    pass 290
FALLBACK-3  MUST    a partial copy (manifest there, a l…  FAIL 3/40   pass 41
FALLBACK-7  SHOULD  layers already fetched are not fetc…  warn 10/40  pass 40
DIRECT-1    MUST    a direct pull of an image that is n…  pass 12     dev 4/12
STALE-1     INFO    a mirror's older copy of a tag wins…  n/a         pass 5
CRI-1       MUST    containerd with GKE's endpoint list…  -           -

CONFIG-5    MUST    docker system info shows every mirr…  pass 9      -

docker-28.5.2 (28.5.2, classic store): 3 pass, 1 FAIL, 1 warn, 1 n/a, 1 not
    exercised
docker-28.5.2-containerd (28.5.2, classic store): 4 pass, 1 deviation, 2 not
    exercised
warn = SHOULD not met   dev = deviation, a known failure
n/a = nothing to judge   - = not exercised
"""
    assert matrix == wanted


def test_the_matrix_at_120_columns() -> None:
    matrix = printed(mixed_run(), 120).split("\nFailures")[0]
    wanted = """\
                                                                                                              docker-
                                                                                                  docker-     28.5.2-
rule        level                                                                                 28.5.2      containerd
------------------------------------------------------------------------------------------------------------------------
ORDER-1     MUST    mirrors are asked in configured order, each mirror before the next, all bef…  pass 312    pass 290
FALLBACK-3  MUST    a partial copy (manifest there, a layer or config missing) still ends in a …  FAIL 3/40   pass 41
FALLBACK-7  SHOULD  layers already fetched are not fetched again after a fallback                 warn 10/40  pass 40
DIRECT-1    MUST    a direct pull of an image that is not cached fails with not-found             pass 12     dev 4/12
STALE-1     INFO    a mirror's older copy of a tag wins over Hub's newer one: report how stale    n/a         pass 5
CRI-1       MUST    containerd with GKE's endpoint list goes the same way                         -           -

CONFIG-5    MUST    docker system info shows every mirror, in order                               pass 9      -

docker-28.5.2 (28.5.2, classic store): 3 pass, 1 FAIL, 1 warn, 1 n/a, 1 not exercised
docker-28.5.2-containerd (28.5.2, classic store): 4 pass, 1 deviation, 2 not exercised
warn = SHOULD not met   dev = deviation, a known failure   n/a = nothing to judge   - = not exercised
"""
    assert matrix == wanted


def test_what_follows_the_failures() -> None:
    text = printed(mixed_run())
    after = text[text.index("Warnings") :]
    wanted = """\
Warnings: a SHOULD is not met
  FALLBACK-7 on docker-28.5.2 (the daemon's, broken SHOULD): layer:0 was fetched twice, 1.2 kB in
    vain. (replay m2c7d1)

Deviations: known and explained
  DIRECT-1 on docker-28.5.2-containerd (the daemon's, broken MUST): moby#12345: the containerd store
    asks Hub for the name of the mirror. (replay p9q8r7)

Measured: median (greatest)
             docker-28.5.2             docker-28.5.2-containerd
  seconds lost
    ORDER-1  0.02 (15)                 -

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
    told = " ".join(text.split())
    assert "FALLBACK-3 on docker-28 (the daemon's, broken MUST): mirror-2 has no layer:0, and Hub was" in told
    assert "(replay zz9) As on docker-26." in told


def test_a_failure_without_an_example_is_still_told() -> None:
    assert "  ORDER-1 on docker-28.5.2 (the daemon's, broken MUST): no reason was given.\n" in printed(
        run(result("fail"))
    )


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


def section(text: str, heading: str) -> str:
    """What stands under a heading, without the line breaks that a width makes."""
    return text.split(f"{heading}\n")[1].split("\n\n", maxsplit=1)[0]


def deviates(name: str, daemon: str, example: str, *reasons: str) -> RuleResult:
    shown = replace(PARTIAL_EXAMPLE, id=example)
    return replace(
        result("deviation", name=name, daemon=daemon),
        deviations=tuple(Known(Cause(reason)) for reason in reasons),
        example=shown,
    )


def six(measures: dict[str, dict[str, tuple[float, float, float]]]) -> Run:
    """A run of six daemons: every variant and two rules more."""
    variants = [
        rule(f"FALLBACK-2/{name}", f"An unusable mirror costs time, never the pull. ({name})") for name in VARIANTS
    ]
    rules = [rule("ORDER-1", "Mirrors are asked in order."), *variants, rule("STALE-1", level="INFO")]
    return run(
        *(
            RuleResult(one, daemon, "pass", passed=285, measures=measures.get(one.id, {}))
            for daemon in SIX
            for one in rules
        )
    )


def test_variants_share_one_sentence() -> None:
    lines = [line[:59].rstrip() for line in printed(six({}), 120).splitlines()[4:8]]
    assert lines == [
        "ORDER-1            MUST   Mirrors are asked in …  pass 285",
        "FALLBACK-2/refuse  MUST   An unusable mirror co…  pass 285",
        "  /dns             MUST                           pass 285",
        "  /hang            MUST                           pass 285",
    ]


def test_six_daemons_take_one_table_at_120_columns_and_two_at_80() -> None:
    shown = six({})
    shown = replace(shown, results=(replace(shown.results[0], status="deviation", deviated=73), *shown.results[1:]))
    for width, tables in ((120, 1), (100, 1), (80, 2)):
        lines = printed(shown, width).splitlines()
        assert len([line for line in lines if line.startswith("rule ")]) == tables
        assert len([line for line in lines if line.startswith("  /not-a-registry  ")]) == tables


def test_a_deviation_is_told_once() -> None:
    whose = "the daemon's, broken MUST"
    reload, hang = "A reload changes nothing.", "A hanging mirror holds up the pull."
    results = [
        deviates(name, daemon, f"{name[0]}{index}", reload)
        for index, daemon in enumerate(SIX)
        for name in ("ORDER-3", "SCOPE-3")
    ]
    partly = (
        deviates("FALLBACK-2/hang", SIX[0], "h0", hang),
        deviates("FALLBACK-2/several", SIX[0], "s0", hang),
        deviates("CONFIG-5", SIX[1], "c1", hang),
    )
    told = section(printed(run(*results, *partly), 200), "Deviations: known and explained").splitlines()
    assert told == [
        f"  ORDER-3, SCOPE-3 on all 6 daemons ({whose}): {reload} (replay O0, S0, O1 and 9 more)",
        f"  FALLBACK-2/hang, several on {SIX[0]}; CONFIG-5 on {SIX[1]} ({whose}): {hang} (replay h0, s0, c1)",
    ]


def test_several_deviations_of_one_rule_are_told_apart() -> None:
    both = deviates("ORDER-1", "one", "x1", "It asks in HTTPS.", "A reload changes nothing.")
    single = deviates("ORDER-3", "one", "x2", "A reload changes nothing.")
    other = RuleResult(rule("ORDER-1"), "two", "pass", passed=1)
    told = section(printed(run(both, single, other), 120), "Deviations: known and explained").splitlines()
    assert told == [
        "  ORDER-1 on one (the daemon's, broken MUST): It asks in HTTPS. (replay x1)",
        "  ORDER-1, ORDER-3 on one (the daemon's, broken MUST): A reload changes nothing. (replay x2, x1)",
    ]
    assert both.reason == "It asks in HTTPS. A reload changes nothing."


def test_only_what_a_person_would_notice_is_measured() -> None:
    seconds, requests, wasted = "seconds", "requests to unusable mirrors", "wasted bytes of unusable mirrors"
    text = printed(
        six(
            {
                "FALLBACK-2/hang": {seconds: (15.1, 27.56, 40.04), requests: (1, 1, 1)},
                "FALLBACK-2/dns": {seconds: (0.03, 0.04, 0.83), requests: (0, 0, 0)},
                "FALLBACK-2/401": {seconds: (0.03, 0.04, 0.07), requests: (1, 1.5, 6), wasted: (0, 0, 20)},
                "FALLBACK-2/several": {seconds: (0.03, 0.1, 2.25), requests: (1, 6, 30)},
                "STALE-1": {"versions behind": (1, 1, 2)},
            }
        )
    )
    lines = section(text, "Measured: median (greatest)").splitlines()
    assert [line[:36].rstrip() for line in lines[3:-2]] == [
        "  seconds",
        "    FALLBACK-2/hang     28 (40)",
        "    FALLBACK-2/several  0.1 (2.2)",
        "  requests to unusable mirrors",
        "    FALLBACK-2/several  6 (30)",
        "  versions behind",
        "    STALE-1             1 (2)",
    ]
    assert " ".join(map(str.strip, lines[-2:])) == (
        "in every other case, at most: seconds: 0.83; requests to unusable mirrors: 6; "
        "wasted bytes of unusable mirrors: 20"
    )


def test_where_nothing_was_noticed_one_line_says_so() -> None:
    text = printed(six({"FALLBACK-2/dns": {"seconds": (0.03, 0.04, 0.83)}}))
    assert section(text, "Measured: median (greatest)") == "  in every case, at most: seconds: 0.83"


@pytest.mark.parametrize("width", [80, 100, 120])
def test_measures_never_take_more_than_25_lines(width: int) -> None:
    slow = {f"FALLBACK-2/{name}": {"seconds": (1.0, 2.0, 3.0 + at)} for at, name in enumerate(VARIANTS)}
    slow |= {"STALE-1": {f"figure {index}": (1, 1, 2) for index in range(2)}}
    text = printed(six(slow), width)
    part = section(text, "Measured: median (greatest)")
    assert len(part.splitlines()) <= 24
    assert ("more in the JSON report" in part) == (width < 120)


def test_rules_that_one_scenario_broke_are_explained_together() -> None:
    hit = rule("HIT-1", "a hit causes no request to Docker Hub")
    verdict = Verdict("HIT-1", "fail", 0, reason="mirror-1 was asked in vain.", exchanges=(1,))
    other = rule("DIGEST-1", "a digest is a digest")
    elsewhere = replace(PARTIAL_EXAMPLE.scenario, mirrors=PARTIAL_EXAMPLE.scenario.mirrors[:1])
    text = printed(
        run(
            RuleResult(FALLBACK_3, "docker-28.5.2", "fail", failed=1, example=PARTIAL_EXAMPLE),
            RuleResult(other, "docker-28.5.2", "fail", failed=1, example=replace(PARTIAL_EXAMPLE, scenario=elsewhere)),
            RuleResult(
                hit, "docker-28.5.2", "fail", failed=1, example=replace(PARTIAL_EXAMPLE, id="zz9", verdict=verdict)
            ),
        )
    )
    first, second = text.split("\nFailures\n")[1].split("DIGEST-1 MUST: ")
    assert first.count("|--GET layer:0") == second.count("|--GET layer:0") == 1
    assert (
        first.index("FALLBACK-3 MUST: ") < first.index("HIT-1 MUST: a hit causes") < first.index("  subject  docker-28")
    )
    assert "  found    mirror-2 has no layer:0" in first
    assert "  found    mirror-1 was asked in vain." in first
    assert "  >> 1   0  |--HEAD manifest app:1.0 ------->|" in first
    assert "  >> 5  12  |--GET layer:0" in first
    assert ">> is what the verdicts rest on." in first
    assert "replay k3f9a2" in first
    assert "zz9" not in first


def test_variants_and_daemons_not_exercised_are_folded() -> None:
    some = {*VARIANTS} - {"dns", "hang"}
    text = printed(
        run(
            *(result("not exercised", name=f"FALLBACK-2/{name}", daemon=one) for one in SIX for name in VARIANTS),
            *(result("not exercised", name="A-1", daemon=one) for one in SIX),
            *(result("not exercised" if one in SIX[:2] else "pass", name="A-2", daemon=one) for one in SIX),
            *(
                result("not exercised" if name in some else "pass", name=f"B/{name}", daemon=SIX[3])
                for name in VARIANTS
            ),
            *(result("not exercised", name=f"C/{name}", daemon=SIX[4]) for name in ("x", "y")),
        )
    )
    assert section(text, "Not exercised: this run says nothing about").splitlines() == [
        "  FALLBACK-2 (8 variants), A-1",
        "  on docker-20.10.24 and docker-20.10.5: A-2",
        "  on docker-26.1.5-containerd: B (6 of 8 variants)",
        "  on docker-28.5.2: C/x, y",
    ]


def test_a_model_is_no_daemon_and_the_report_says_so() -> None:
    sentence = "model:classic: a model was tried here, not a daemon. This says nothing about any dockerd."
    assert sentence in printed(run(result("pass", daemon="model:classic"))).splitlines()
    assert "a model was tried" not in printed(run(result("pass")))
