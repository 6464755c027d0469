"""What is told of a judgement. Nobody who wrote a file or answers for a mirror may act on its reader."""

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suites.verify import report
from suites.verify.answers import HUB, Answer, Image, Part, Probe, Probed, Quota
from suites.verify.facts import Kind, Proxies, Setup, Source
from suites.verify.judgement import Judgement, judge
from suites.verify.pulling import Pulled, Statement
from tests.verify.setups import GCR, NEW, UNTIMED, setup, written
from tests.verify.test_lint import KNOWN

SCHEMA = json.loads(Path(report.__file__).with_name("schema.json").read_text())
NASTY = st.one_of(
    st.sampled_from(
        ("\x1b[31m", "\n::error::x", "\r", "%0A::stop-commands::x", "\u202e", "\ud800", "a,b:c", "\u2028", "##[error]x")
    ),
    st.text(st.characters(), max_size=12),
)
DIGEST = f"sha256:{'a' * 64}"


def harmless(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in text)


@st.composite
def judgements(draw: st.DrawFn) -> Judgement:
    words = draw(NASTY)
    mirrors = draw(st.lists(NASTY.map(lambda text: f"https://{text}") | NASTY, max_size=3))
    sources = (
        Source("daemon.json", f"/{words}/daemon.json", tuple(mirrors), (words,), "", (3,) * len(mirrors)),
        Source("flag", words, problem=words),
    )
    shown = draw(st.none() | st.lists(NASTY, max_size=2).map(tuple))
    some = Setup(Kind(words, draw(st.sampled_from(("classic", "containerd")))), sources, shown, (words,), (words,))
    expected = draw(st.none() | st.lists(NASTY, min_size=1, max_size=2))
    if not draw(st.booleans()):
        return judge(some, KNOWN, expected)
    answer = Answer("name", "HEAD", words, words, 200, DIGEST, words, 3, 0.1, draw(st.sampled_from(("", "dns"))), words)
    probes = tuple(Probe(url, (answer,), DIGEST, (Part("manifest", DIGEST, 3),)) for url in dict.fromkeys(mirrors))
    probed = Probed(Image("library/alpine", "latest"), probes, Probe(HUB, (), "", None, quota=Quota(100, 3, 21600)))
    pulled = Pulled(Image(words, words), "failed", 1.5, words, statements=(Statement("proof", words),))
    return judge(some, KNOWN, expected, probed, pulled)


@UNTIMED
@given(judgements())
def test_text_is_harmless(judgement: Judgement) -> None:
    assert harmless(report.text_of(judgement))


@UNTIMED
@given(judgements())
def test_json_follows_the_schema(judgement: Judgement) -> None:
    text = report.json_of(judgement, "0.1.0")
    assert text.isascii()
    told = json.loads(text)
    jsonschema.validate(told, SCHEMA)
    assert told["exit_code"] == judgement.exit_code
    assert len(told["remarks"]) == len(judgement.remarks)


@UNTIMED
@given(judgements())
def test_each_line_for_github_is_one_command_of_ours(judgement: Judgement) -> None:
    text = report.github_of(judgement)
    assert harmless(text)
    *commands, ending = text.splitlines()
    assert not ending.startswith("::")
    for line in commands:
        match = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line)
        assert match
        assert re.fullmatch(r"(file=[^,]*,line=\d+,)?title=mirror-conformance [a-z0-9-]+", match[2])
        assert not re.search(r"%(?!25|3A|2C)", match[2] + match[3])


@UNTIMED
@given(judgements())
def test_json_holds_no_command_for_github(judgement: Judgement) -> None:
    text = report.json_of(judgement, "0.1.0")
    assert "##[" not in text
    assert not re.search(r"^\s*::", text, re.M)


def test_a_remark_for_github_stands_at_its_line() -> None:
    judgement = judge(setup(written("ftp://mirror.test")))
    first, *_ = report.github_of(judgement).splitlines()
    assert first.startswith("::error file=/etc/docker/daemon.json,line=1,title=mirror-conformance mirror-with-wrong-sc")
    assert first.endswith(
        "::The mirror's scheme is ftp, and dockerd refuses to start with it. Write https://, the host, "
        "and a port if it is not 443: https://mirror.example."
    )


def test_an_escape_that_somebody_else_wrote_stays_text() -> None:
    told = report.github_of(judge(setup("{}"), (), ["https://a.test%0A::error::x"]))
    assert "https://a.test%250A::error::x/" in told
    assert "%0A" not in told


@pytest.mark.parametrize(
    ("demanded", "code"),
    [
        (None, 0),
        ([GCR, "https://b.test"], 0),
        ([f"{GCR}/", "https://b.test/"], 0),
        (["https://b.test", GCR], 1),
        ([GCR], 1),
        ([GCR, "https://b.test", "https://c.test"], 1),
    ],
)
def test_the_gate(demanded: list[str] | None, code: int) -> None:
    judgement = judge(setup(written(GCR, "https://b.test"), NEW, [f"{GCR}/", "https://b.test/"]), (), demanded)
    assert judgement.exit_code == code
    assert ("not-as-expected" in [remark.code for remark in judgement.remarks]) is bool(code)


def test_an_error_shuts_the_gate_and_a_warning_does_not() -> None:
    assert judge(setup(written("http://plain.test"))).exit_code == 0
    assert judge(setup(written("ftp://plain.test"))).exit_code == 1


def test_no_credentials_are_told() -> None:
    url = "https://user:secret@mirror.test"
    probed = Probed(Image("library/alpine", "latest"), (Probe(url, (Answer("name", "HEAD", url, problem="dns"),)),))
    some = replace(setup(written(url), NEW, [url]), proxies=Proxies(https="http://user:secret@proxy.test:3128"))
    judgement = judge(some, (), [url], probed)
    assert {"mirror-by-proxy", "mirror-skipped"} <= {remark.code for remark in judgement.remarks}
    for told in (report.text_of(judgement), report.json_of(judgement, ""), report.github_of(judgement)):
        assert "secret" not in told


def test_what_a_pull_would_do_is_a_remark() -> None:
    dead = Probe(f"{GCR}/", (Answer("name", "HEAD", GCR, problem="dns"),))
    hub = Probe(HUB, (Answer("name", "HEAD", "", "latest", 200, DIGEST),), DIGEST)
    probed = Probed(Image("library/alpine", "latest"), (dead,), hub)
    judgement = judge(setup(written(GCR), NEW, [f"{GCR}/"]), (), None, probed)
    (remark,) = [remark for remark in judgement.remarks if remark.code == "mirror-skipped"]
    assert (remark.severity, remark.mirror) == ("warning", f"{GCR}/")
    assert "has a name that nobody knows" in remark.sentence
    assert judgement.exit_code == 0
    told = report.text_of(judgement)
    assert "A pull of alpine:latest would be served by Docker Hub" in told


@pytest.mark.parametrize(("version", "said"), [("28.5.2", False), ("29.1.0", True), ("28.5.2+dfsg1", False)])
def test_of_a_version_that_was_not_tried_that_is_said(version: str, said: bool) -> None:
    probed = Probed(Image("library/alpine", "latest"), (), Probe(HUB))
    judgement = judge(Setup(Kind(version, "containerd"), (), ()), (), None, probed)
    sentences = [remark.sentence for remark in judgement.remarks if remark.code == "unknown"]
    assert any("was not tried in the lab" in sentence for sentence in sentences) is said


@pytest.mark.parametrize(("waited", "severity"), [(0.4, "warning"), (2.0, "error")])
def test_a_mirror_that_had_little_time_to_answer_does_not_shut_the_gate(waited: float, severity: str) -> None:
    late = Answer("name", "HEAD", GCR, "latest", seconds=waited, problem="timeout")
    probed = Probed(Image("library/alpine", "latest"), (Probe(f"{GCR}/", (late,)),), Probe(HUB))
    judgement = judge(setup(written(GCR), NEW, [f"{GCR}/"]), (), None, probed)
    (remark,) = [remark for remark in judgement.remarks if remark.code == "pull-fails"]
    assert remark.severity == severity
    assert f"did not answer a request for the tag within {waited:.2f} s" in remark.sentence
    assert judgement.exit_code == int(severity == "error")


def test_a_pull_that_would_fail_is_an_error() -> None:
    page = Answer("name", "HEAD", GCR, "latest", 200, problem="not-a-registry")
    probed = Probed(Image("library/alpine", "latest"), (Probe(f"{GCR}/", (page,)),), Probe(HUB))
    judgement = judge(setup(written(GCR), NEW, [f"{GCR}/"]), (), None, probed)
    assert "pull-fails" in [remark.code for remark in judgement.remarks if remark.severity == "error"]
    assert judgement.exit_code == 1


def test_the_text_says_what_is_in_force_and_why() -> None:
    told = report.text_of(judge(setup(written(GCR), NEW, [f"{GCR}/"]), KNOWN))
    assert told.startswith(
        "Docker 28.5.2 with the containerd image store\n\nMirrors in force\n  1. https://mirror.gcr.io/\n"
        "  (/etc/docker/daemon.json sets them, and the daemon shows them)\n"
    )
    assert "  - A reload without the key keeps the old mirrors\n" in told
    assert told.endswith("\nIN ORDER: nothing is wrong.\n")


def test_what_a_pull_has_shown_is_told() -> None:
    pulled = Pulled(Image("library/alpine", "latest"), "ok", 1.5, statements=(Statement("proof", "It was asked."),))
    some = setup(written(GCR), NEW, [f"{GCR}/"])
    assert "has shown\n  proof: It was asked.\n" in report.text_of(judge(some, pulled=pulled))
    failed = judge(some, pulled=replace(pulled, result="failed", error="no such host"))
    assert failed.exit_code == 1
    assert "pull-failed" in [remark.code for remark in failed.remarks]
