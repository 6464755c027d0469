"""Daemons, servers and people choose the words of a report. None of them may act on its reader."""

import json
import tempfile
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from fixtures.mirrors.history import Answer, Happened, MirrorHistory
from fixtures.mirrors.scenario import Ask, MirrorScenario
from fixtures.mirrors.subject import Promises
from report.badge import to_badge, to_badge_json
from report.bundle import bundle
from report.github import annotations
from report.html import to_html
from report.jsonreport import to_json
from report.junit import to_junit
from report.markdown import plain, to_markdown
from report.results import Coverage, Daemon, Known, RuleResult, Run, Told, Tried
from report.text import inert
from report.write import write
from suites.verdict import Cause, Status, Subject
from tests.report.samples import FALLBACK_3, PARTIAL, PARTIAL_EXAMPLE, PARTIAL_HISTORY, run
from tests.report.test_report_files import SCHEMA, parsed
from tests.report.test_report_terminal import printed

NASTY = ("\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "[red]x[/red]", "[/]", "]]>", "<a&b>", "\r\n\x00", "\ud800",
         '"><script>alert(1)</script>', "' onload='x", "</style></title><img src=//x.test>", "-->", "{{ 7 * 7 }}",
         'https://x.test/"onclick="y', "javascript:x", "::error::x", "##[error]x", "%0A::x::", "](javascript:x)", "`x`",
         "a | b", "--- ---", "# x", "1. x", "**", "$x$",
         "\x9b2J", "\u202egnp", "\ufffe", "\u2028", ":boom:", "a\u00a0b", "\\", "漢字", "\U000e0041")  # fmt: skip
HOSTILE = st.one_of(st.sampled_from(NASTY), st.text(st.characters(), max_size=20))
SUBJECTS: st.SearchStrategy[Subject] = st.sampled_from(("daemon", "mirror"))
STATUSES: tuple[Status, ...] = ("pass", "fail", "deviation", "not applicable", "not exercised", "error")


def nasty_trial(words: str, other: str) -> Tried:
    """A trial of a mirror in which everything that others can choose is one of two words."""
    answer = Answer("GET", words, 200, ((other, words),), 7, words, other, problem=words)
    history = MirrorHistory(words, "pull-through", Promises(), frozenset(), "7f3", other,
                            happened=(Happened(0, 0, 0, (answer,), other),), errors=(words,))  # fmt: skip
    asked = Ask("manifest", words, other, "GET", ((words, other),), words, other)
    return Tried(other, MirrorScenario(steps=(replace(asked, beside=(asked,)),)), history)


def nasty_run(words: str, other: str, status: Status = "fail", figure: float = 1.0, subject: Subject = "daemon") -> Run:
    """A run in which everything that others can choose is one of two words."""
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
    verdict = replace(PARTIAL_EXAMPLE.verdict, reason=words, variant=other, measure=((words, figure),))
    rule = replace(FALLBACK_3, title=words, source=other, why=words, subject=subject)
    name = f"docker {other}"
    example = replace(PARTIAL_EXAMPLE, scenario=scenario, history=history, verdict=verdict)
    if subject == "mirror":
        example = replace(example, tried=nasty_trial(words, other))
    result = RuleResult(
        rule,
        name,
        status,
        failed=1,
        example=example,
        deviations=(Known(Cause(words, other, words, other, (words, other), "told.json"), 1, example),),
        measures={words: (0.0, figure, 1.0)},
    )
    told = Told(name, words, other, words, names_image=True, names_hub=False, names_mirrors=True)
    coverage = Coverage(name, 1, 2, (words,), (other,), (words,))
    made = replace(
        run(),
        daemons=(Daemon(name, words, other, subject=subject),),
        results=(result,),
        told=(told,),
        coverage=(coverage,),
    )
    return replace(made, command=words, problems=(other,), tool_version=words, started=other)


@st.composite
def hostile_runs(draw: st.DrawFn) -> Run:
    return nasty_run(draw(HOSTILE), draw(HOSTILE), draw(st.sampled_from(STATUSES)), draw(st.floats()), draw(SUBJECTS))


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


TAGS = frozenset({
    "a", "article", "b", "body", "caption", "code", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "g", "h1", "h2", "h3", "h4", "head", "header", "html", "input", "label", "li", "line", "link", "main",
    "meta", "nav",
    "ol", "p", "path", "polygon", "rect", "section", "span", "style", "summary", "svg", "table", "tbody", "td", "text",
    "th", "thead", "title", "tr", "ul",
})  # fmt: skip
ATTRIBUTES = frozenset({
    "aria-hidden", "aria-label", "aria-labelledby", "charset", "checked", "class", "colspan", "content", "d", "data-of",
    "height", "href", "http-equiv", "id", "lang", "name", "open", "points", "preserveaspectratio", "rel", "role", "rx",
    "scope", "tabindex", "type", "viewbox", "width", "x", "x1", "x2", "y", "y1", "y2",
})  # fmt: skip


class Read(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@SOME
@given(hostile_runs())
def test_a_page_has_no_element_attribute_or_address_that_is_not_ours(shown: Run) -> None:
    page = to_html(shown)
    read = Read(page)
    assert set(read.tags) <= TAGS
    assert {name for name, _ in read.attributes} <= ATTRIBUTES
    addresses = [value for name, value in read.attributes if name == "href"]
    assert all(address.startswith(("#", "https://", "http://")) or address == "data:," for address in addresses)
    assert [read.tags.count(tag) for tag in ("html", "head", "title", "style", "body", "main", "h1")] == [1] * 7
    assert harmless(page)


@SOME
@given(hostile_runs())
def test_a_page_says_what_was_said(shown: Run) -> None:
    text = " ".join(Read(to_html(shown)).text.split())
    assert inert(shown.tool_version) in text


@SOME
@given(HOSTILE)
def test_a_word_in_markdown_is_that_word(word: str) -> None:
    for begun in ("", "- x\n  "):
        (token,) = [one for one in MarkdownIt().parse(f"{begun}{plain(word)} end") if one.type == "inline"]
        children = token.children or []
        assert {child.type for child in children} <= {"text", "text_special", "softbreak"}
        said = "".join("\n" if child.type == "softbreak" else child.content for child in children)
        assert said.removeprefix("x\n").removesuffix("end").strip() == inert(word).strip()


@SOME
@given(hostile_runs())
def test_a_summary_keeps_its_tables_and_holds_no_markup_of_others(shown: Run) -> None:
    tokens = MarkdownIt().enable("table").parse(to_markdown(shown))
    inline = [child for token in tokens for child in token.children or []]
    assert {one.type for one in inline} <= {
        "text", "text_special", "softbreak", "strong_open", "strong_close", "em_open", "em_close", "html_inline",
    }  # fmt: skip
    assert {one.content for one in inline if one.type == "html_inline"} <= {"</details>"}
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(block == "</details>" or block.startswith("<details><summary>") for block in blocks)
    assert harmless(to_markdown(shown))
    columns = {"tr": 0}
    for token in tokens:
        if token.type == "tr_open":
            columns["tr"] = 0
        columns["tr"] += token.type in {"td_open", "th_open"}
        assert token.type != "tr_close" or columns["tr"] in {2 + 1, 2 + len(shown.results)}


@SOME
@given(hostile_runs())
def test_an_annotation_is_one_command_of_ours(shown: Run) -> None:
    for line in annotations(shown):
        assert harmless(line)
        assert "\n" not in line
        kind, title, text = line.removeprefix("::").replace(" title=", "::", 1).split("::", 2)
        assert kind in {"error", "warning", "notice"}
        assert not {":", ","} & set(title)
        assert "%" not in text.replace("%25", "")


@SOME
@given(hostile_runs())
def test_a_badge_says_nothing_of_others(shown: Run) -> None:
    assert {element.tag.rpartition("}")[2] for element in parsed(to_badge(shown)).iter()} <= {
        "svg", "title", "clipPath", "rect", "g", "text",
    }  # fmt: skip
    assert set(json.loads(to_badge_json(shown))) == {"schemaVersion", "label", "message", "color"}


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}\.json", fullmatch=True), HOSTILE.map(inert)))
def test_a_bundle_is_the_same_for_the_same_files(files: dict[str, str]) -> None:
    assert bundle(files) == bundle(dict(reversed(files.items())))
