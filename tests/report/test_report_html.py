import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from report.badge import message, to_badge, to_badge_json
from report.bundle import MASK, mask
from report.exchanges import sequence
from report.html import to_html
from report.markdown import to_markdown
from report.page import page
from report.results import Coverage, Daemon, Known, RuleResult, Run, Told
from report.telling import pieces
from report.vector import picture
from suites.verdict import Cause
from tests.report.samples import FALLBACK_3, PARTIAL_EXAMPLE, PARTIAL_HISTORY, mixed_run, result, rule, run

CAUSE = Cause("It waits for `pull`.", "It waits", "Watch it.", "Docker, https://example.test/a", (), "waits.json")


def deviating(cause: Cause) -> Run:
    known = Known(cause, 3, PARTIAL_EXAMPLE)
    return run(replace(result("deviation"), deviations=(known,), example=PARTIAL_EXAMPLE))


def whole() -> Run:
    """A run of which there is something in every section of a page."""
    more = (
        *mixed_run().results,
        RuleResult(rule("ERR-1"), "docker-28.5.2", "error", errors=1, example=PARTIAL_EXAMPLE),
        *(RuleResult(rule(f"VAR-1/{kind}"), "docker-28.5.2", "pass", passed=1) for kind in ("one", "two")),
    )
    return replace(
        mixed_run(),
        results=more,
        problems=("The lab lost a mirror.",),
        coverage=(Coverage("docker-28.5.2", 3, 10, ("hang",), ("hang x config",), ("an outage",)),),
        told=(Told("docker-28.5.2", "dns", "503", "lookup: no such host", True, True, False),),
    )


@pytest.mark.parametrize(
    ("shown", "heading"),
    [
        (run(result("pass")), "Conformant"),
        (run(result("fail")), "Not conformant"),
        (run(result("error")), "The results cannot be trusted"),
        (run(), "Nothing was tested"),
        (run(result("pass"), interrupted=True), "Interrupted"),
    ],
)
def test_the_verdict_comes_first_in_a_page_and_in_a_summary(shown: Run, heading: str) -> None:
    (first,) = re.findall(r"<h1>.*</span>(.*)</h1>", to_html(shown))
    assert first == heading
    assert to_markdown(shown).splitlines()[0].endswith(f" {heading}")


def test_every_link_within_a_page_leads_somewhere_and_every_section_has_one_name() -> None:
    text = to_html(whole())
    names = re.findall(r'\bid="([^"]+)"', text)
    assert sorted(names) == sorted(set(names))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(names)
    for section in ("problems", "failures", "errors", "rules", "warnings", "deviations", "coverage", "told", "again"):
        assert section in names


def test_what_is_red_in_the_matrix_leads_to_its_explanation() -> None:
    (lines,) = [lines for subject, lines in page(mixed_run()).matrix if subject == "Daemons"]
    (failing,) = [line for line in lines if line.rule == "FALLBACK-3"]
    told = page(mixed_run()).chapter["failures"].entries
    assert [cell and (cell.mark.name, cell.section) for cell in failing.cells] == [
        ("failed", told[0].section),
        ("kept", ""),
    ]


def test_variants_are_told_together_and_opened_where_one_failed() -> None:
    names = ("dns", "refuse", "reset")
    kept = [result("pass", name=f"FALLBACK-2/{name}") for name in names]
    (_, (line,)) = page(run(*kept)).matrix[0]
    assert (line.rule, line.open, [cell and cell.text for cell in line.cells]) == ("FALLBACK-2", False, ["pass, all"])
    broken = [*kept[:2], result("fail", name="FALLBACK-2/reset")]
    (_, (line,)) = page(run(*broken)).matrix[0]
    assert (line.open, [cell and cell.text for cell in line.cells]) == (True, ["1 of 3 FAIL"])
    assert [variant.rule for variant in line.variants] == [f"FALLBACK-2/{name}" for name in names]


def test_a_failure_is_shown_with_its_scenario_and_its_exchanges() -> None:
    text = to_html(run(RuleResult(FALLBACK_3, "docker-28.5.2", "fail", failed=1, example=PARTIAL_EXAMPLE)))
    assert "mirror-conformance replay k3f9a2" in text
    assert "docker pull app:1.0" in text
    assert "5: (offending) docker-28.5.2 asks mirror-2 GET layer:0" in text
    assert text.count('class="arrow marked"') == 1
    assert text.count('class="arrow') == len(PARTIAL_HISTORY.exchanges)


def test_a_finding_that_endangers_users_is_named_and_not_shown() -> None:
    shown, hidden = to_html(deviating(CAUSE)), to_html(deviating(replace(CAUSE, withheld=True)))
    assert '<svg class="sequence"' in shown
    assert '<svg class="sequence"' not in hidden
    assert "k3f9a2" not in hidden
    assert "SECURITY.md" in hidden


def test_addresses_become_links_and_code_is_code() -> None:
    assert [(piece.kind, piece.text) for piece in pieces("See `docker pull`, https://example.test/a.")] == [
        ("text", "See "),
        ("code", "docker pull"),
        ("text", ", "),
        ("link", "https://example.test/a"),
        ("text", "."),
    ]


def test_a_picture_has_room_for_all_of_its_words_and_no_two_lanes_touch() -> None:
    drawn = sequence(PARTIAL_HISTORY, PARTIAL_HISTORY.outcomes[0], frozenset({5}), ("mirror-1", "mirror-2", "hub"))
    assert drawn is not None
    made = picture(drawn)
    assert [lane.name for lane in made.lanes] == ["docker-28.5.2", "mirror-1", "mirror-2", "hub"]
    assert all(right.x - left.x > 50 for left, right in zip(made.lanes, made.lanes[1:], strict=False))
    assert all(arrow.text + 6 * max(len(arrow.label), len(arrow.answer)) < made.width for arrow in made.arrows)
    assert all(arrow.y < made.height for arrow in made.arrows)


def test_a_page_needs_nothing_and_forbids_itself_everything_else() -> None:
    text = to_html(whole())
    assert "default-src 'none'" in text
    assert not re.search(r"<script|<iframe|<object|\bsrc=|@import|url\(|\sstyle=|\son\w+=", text)


@pytest.mark.parametrize(
    ("shown", "said", "colour"),
    [
        (run(result("pass")), "conformant", "success"),
        (run(result("fail"), result("fail", name="A-1")), "2 rules broken", "critical"),
        (run(result("error")), "harness error", "blueviolet"),
        (run(), "nothing tested", "inactive"),
        (run(result("pass"), interrupted=True), "interrupted", "inactive"),
        (replace(run(), daemons=(Daemon("model:classic", "model", "classic"),)), "no daemon tried", "inactive"),
    ],
)
def test_a_badge_says_the_verdict_and_never_that_of_a_model(shown: Run, said: str, colour: str) -> None:
    assert message(shown) == said
    assert f'"color": "{colour}"' in to_badge_json(shown)


def test_a_summary_tells_what_failed_where_and_how_to_see_it_again() -> None:
    text = to_markdown(mixed_run())
    assert "### Failures" in text
    assert "FALLBACK-3 MUST, on docker-28.5.2" in text
    assert "mirror-conformance replay k3f9a2" in text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer eyJhbGciOi.J9.abcdefghijk", f"Authorization: Bearer {MASK}"),
        ("https://ada:pa55@hub.test/v2/", f"https://{MASK}@hub.test/v2/"),
        ("GET /blob?verify=abc&x=1", f"GET /blob?verify={MASK}&x=1"),
        ("/b?a=1&amp;X-Amz-Signature=00ff", f"/b?a=1&amp;X-Amz-Signature={MASK}"),
        ("dckr_pat_0123456789abcdef", MASK),
        ('{"password": "a\\"b", "name": "ada"}', f'{{"password": "{MASK}", "name": "ada"}}'),
        ('{"access_tokens": ["one", "two"]}', f'{{"access_tokens": ["{MASK}", "{MASK}"]}}'),
        ("-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----", MASK),
        ("(basic credentials, ns=docker.io)", "(basic credentials, ns=docker.io)"),
        ('{"password": "", "access_tokens": []}', '{"password": "", "access_tokens": []}'),
    ],
)
def test_secrets_are_masked_and_nothing_else(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_badge_is_xml() -> None:
    assert ET.fromstring(to_badge(mixed_run())).get("role") == "img"  # noqa: S314 - our own
