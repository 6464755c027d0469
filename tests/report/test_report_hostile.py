"""Daemons, servers and people choose the words of a report. None of them may act on its reader."""

import json
import tempfile
import unicodedata
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from report.jsonreport import to_json
from report.junit import to_junit
from report.results import Daemon, Known, RuleResult, Run
from report.text import inert
from report.write import write
from suites.verdict import Cause, Status
from tests.report.samples import FALLBACK_3, PARTIAL, PARTIAL_EXAMPLE, PARTIAL_HISTORY, run
from tests.report.test_report_files import SCHEMA, parsed
from tests.report.test_report_terminal import printed

NASTY = ("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "[red]x[/red]", "[/]", "]]>", "<a&b>", "\r\n\x00", "\ud800",
         "\x9b2J", "\u202egnp", "\ufffe", "\u2028", ":boom:", "a\u00a0b", "\\", "漢字", "\U000e0041")  # fmt: skip
HOSTILE = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=20))
STATUSES: tuple[Status, ...] = ("pass", "fail", "deviation", "not applicable", "not exercised", "error")


@st.composite
def hostile_runs(draw: st.DrawFn) -> Run:
    words = draw(HOSTILE)
    other = draw(HOSTILE)
    history = replace(
        PARTIAL_HISTORY,
        daemon=words,
        exchanges=tuple(
            replace(exchange, server=other, target=words, repository=words, reference=other, role=words, host=other,
                    client=words, user_agent=other, fault=words, method=other, image=words, namespace=other)
            for exchange in PARTIAL_HISTORY.exchanges
        ),
        outcomes=tuple(replace(outcome, error=words) for outcome in PARTIAL_HISTORY.outcomes),
        log=(words,),
    )  # fmt: skip
    scenario = replace(PARTIAL, mirrors=(words, other, *PARTIAL.mirrors))
    verdict = replace(PARTIAL_EXAMPLE.verdict, reason=words, variant=other, measure=((words, draw(st.floats())),))
    rule = replace(FALLBACK_3, title=words, source=other, why=words)
    name = f"docker {other}"
    result = RuleResult(
        rule,
        name,
        draw(st.sampled_from(STATUSES)),
        failed=1,
        example=replace(PARTIAL_EXAMPLE, scenario=scenario, history=history, verdict=verdict),
        deviations=(Known(Cause(words)),),
        measures={words: (0.0, draw(st.floats()), 1.0)},
    )
    made = replace(run(), daemons=(Daemon(name, words, other),), results=(result,))
    return replace(made, command=words, problems=(other,), tool_version=words, started=other)


SOME = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def harmless(text: str) -> bool:
    return all(character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"} for character in text)


@given(st.text(st.characters()))
def test_inert_text_is_one_harmless_line_and_stays_so(text: str) -> None:
    line = inert(text)
    assert harmless(line)
    assert len(line.splitlines()) <= 1
    assert inert(line) == line


@SOME
@given(hostile_runs(), st.sampled_from((60, 80, 120)), st.sampled_from(("utf-8", "ascii", "cp1252")))
def test_the_terminal_gets_no_control_character(shown: Run, width: int, encoding: str) -> None:
    assert harmless(printed(shown, width, encoding=encoding))


@SOME
@given(hostile_runs())
def test_colour_brings_only_our_own_escapes(shown: Run) -> None:
    pieces = printed(shown, colour=True).split("\x1b[")
    assert all(piece.split("m")[0].replace(";", "").isdigit() for piece in pieces[1:])
    assert harmless("".join(pieces))


@SOME
@given(hostile_runs())
def test_junit_parses(shown: Run) -> None:
    cases = list(parsed(to_junit(shown)).iter("testcase"))
    assert [case.get("name") for case in cases[:1]] == [inert(f"FALLBACK-3 {shown.results[0].rule.title}")]
    assert harmless(to_junit(shown))


@SOME
@given(hostile_runs())
def test_json_is_ascii_follows_the_schema_and_round_trips(shown: Run) -> None:
    text = to_json(shown)
    assert text.isascii()
    assert harmless(text)
    report = json.loads(text)
    Draft202012Validator(SCHEMA).validate(report)
    assert report["command"] == shown.command.encode("utf-8", "replace").decode()


@SOME
@given(hostile_runs())
def test_every_file_can_be_written(shown: Run) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(shown, Path(directory))
        folder = Path(directory) / "failures" / PARTIAL_EXAMPLE.id
        assert harmless((folder / "explanation.txt").read_text(encoding="utf-8"))
        json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
        assert json.loads((folder / "history.json").read_text(encoding="utf-8"))["salt"] == "7f3"
        assert ET.parse(Path(directory) / "junit.xml").getroot().tag == "testsuites"  # noqa: S314 (it is our own)
