"""A mirror chooses the words of its answers. None of them may act on who reads a report of it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

from fixtures.mirrors.local import subject_of
from fixtures.mirrors.playing import MirrorLab
from report.github import annotations
from report.write import write
from simulator.arrangement import Holdings
from simulator.local import LocalSimulator
from simulator.mirror.policy import PULL_THROUGH
from suites.mirror.judge import rules
from suites.mirror.trying import select, try_mirror
from tests.mutants.broken_mirrors.standing import Asked, Given, Memory, Send, Standing, page
from tests.report.test_report_hostile import ATTRIBUTES, TAGS, Read, harmless
from tests.report.test_report_terminal import printed

NASTY = '\x1b[31m]]>"><script>alert(1)</script>::error::x%0A::x::](javascript:x)`|--><img src=x onerror=y>[red]'
TRIALS = ("ping", "held", "missing", "parts", "lists", "names")


def hostile(asked: Asked, send: Send, _: Memory) -> Given:
    """Say the worst wherever a mirror can choose its words."""
    given = send(asked)
    if asked.path == "/v2/":
        return page(401, www_authenticate=NASTY)
    if given.status in (400, 404):
        body = json.dumps({"errors": [{"code": NASTY, "message": NASTY}]})
        return page(given.status, body, content_type="application/json")
    if asked.kind == "tags" and given.status == 200:
        body = json.dumps({"name": NASTY, "tags": [NASTY]})
        return page(200, body, content_type="application/json", link=NASTY)
    return given.saying(content_type=NASTY, docker_content_digest=NASTY, content_range=NASTY, etag=NASTY)


def test_no_word_of_a_mirror_acts_in_any_report(tmp_path: Path) -> None:
    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        standing.spoil = hostile
        held = {"mirror-1": Holdings(policy=PULL_THROUGH)}
        lab = MirrorLab(subject_of("pull-through", simulator, standing.url), simulator, held)
        run = try_mirror(lab, select(TRIALS, lab.subject), tuple(rules()), "command", lambda *_: None)
    failed = {result.rule.id for result in run.results if result.status == "fail"}
    assert {"API-1", "ERROR-1", "MANIFEST-1", "MANIFEST-4", "RANGE-3", "LIST-1"} <= failed
    assert all(result.status != "error" for result in run.results)
    write(run, tmp_path)
    read = Read((tmp_path / "report.html").read_text())
    assert set(read.tags) <= TAGS
    assert {name for name, _ in read.attributes} <= ATTRIBUTES
    assert not any("script:" in value for _, value in read.attributes)
    ET.parse(tmp_path / "junit.xml")  # noqa: S314 (it is our own)
    for file in (tmp_path / "report.html", tmp_path / "junit.xml", tmp_path / "summary.md"):
        assert harmless(file.read_text()), file.name
    tokens = MarkdownIt().enable("table").parse((tmp_path / "summary.md").read_text())
    markup = [t.content.strip() for token in tokens for t in (token, *(token.children or ())) if "html" in t.type]
    assert all(one == "</details>" or one.startswith("<details><summary>") for one in markup)
    assert harmless(printed(run, 100))
    for line in annotations(run):
        assert harmless(line)
        assert "\n" not in line
        assert line.startswith(("::error title=", "::warning title=", "::notice title="))
    for told in tmp_path.glob("failures/*/explanation.txt"):
        assert harmless(told.read_text())
