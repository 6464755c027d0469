"""Pages looked at in a real browser that is alone in the world: a container with no network."""

import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from docker.models.containers import Container

from fixtures.engine.cleanup import labels
from fixtures.engine.discovery import Engine
from fixtures.images.building import archive_of
from fixtures.images.making import browser_obstacle, ensure_browser
from report.html import to_html
from suites.plugin import OPTIONS
from tests.browser import looking
from tests.report.samples import result, run
from tests.report.test_report_hostile import NASTY, nasty_run
from tests.report.test_report_html import whole

pytestmark = pytest.mark.engine

SIZES = [(390, False), (390, True), (1280, False), (1280, True)]
PAGES = {"whole": whole(), "conformant": run(result("pass")), "hostile": nasty_run("".join(NASTY), NASTY[5])}

MEASURE = """
(() => {
  const style = getComputedStyle(document.body), root = getComputedStyle(document.documentElement);
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/^rgba.*, 0\\)$/.test(c) && c !== "transparent") return c; } return root.backgroundColor; };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility() || element instanceof SVGElement) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(`${element.className} ${element.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
  }
  const wide = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll, nav, .unseen, .skip") &&
    e.getBoundingClientRect().right > innerWidth + 1).map((e) => `${e.tagName} ${e.className}`);
  return {
    width: document.documentElement.scrollWidth, room: innerWidth, faint, wide,
    paper: light(root.backgroundColor), heading: document.querySelectorAll("h1").length,
    landmarks: ["header", "nav", "main", "footer"].filter((name) => document.querySelector(`body > ${name}`)),
    unnamed: [...document.querySelectorAll("[role=region], [role=img], nav")].filter((e) =>
      !e.getAttribute("aria-label")).length,
    levels: [...document.querySelectorAll("h1, h2, h3, h4")].map((e) => Number(e.tagName[1])),
  };
})()
"""


@pytest.fixture(scope="module")
def browser(engine: Engine, pytestconfig: pytest.Config) -> Iterator[Container]:
    """A container with a browser, and with no network."""
    source = pytestconfig.stash[OPTIONS].images
    if reason := browser_obstacle(engine, source):
        pytest.skip(reason)
    image = ensure_browser(engine, source, print)
    with closing(engine.client()) as client:
        container = client.containers.run(
            image, ["sleep", "infinity"], network_mode="none", labels=labels(), init=True, detach=True
        )
        try:
            yield container
        finally:
            container.remove(force=True)


@pytest.fixture(scope="module")
def seen(browser: Container) -> dict[str, dict[str, Any]]:
    """Every page at every size in both colour schemes: what the browser says of it."""
    jobs = {
        f"{name} {width} {'dark' if dark else 'light'}": {
            "page": f"file:///srv/{name}.html",
            "width": width,
            "dark": dark,
            "whole": True,
            "screenshot": f"/srv/{name}-{width}-{dark}.png",
            "ask": MEASURE,
        }
        for name in PAGES
        for width, dark in SIZES
    }
    files = {f"{name}.html": to_html(shown).encode() for name, shown in PAGES.items()}
    files["looking.py"] = Path(looking.__file__).read_bytes()
    files["jobs.json"] = json.dumps(list(jobs.values())).encode()
    browser.put_archive("/srv", archive_of(files))
    ended = browser.exec_run(["python3", "/srv/looking.py", "/srv/jobs.json"], demux=True)
    out, err = ended.output
    assert ended.exit_code == 0, (err or b"").decode()[-2000:]
    return dict(zip(jobs, json.loads(out), strict=True))


def test_a_page_asks_for_nothing_but_itself_and_nothing_complains(seen: dict[str, dict[str, Any]]) -> None:
    assert len(seen) == len(PAGES) * len(SIZES)
    for name, found in seen.items():
        assert found["requests"] == [f"file:///srv/{name.split()[0]}.html"], name
        assert found["complaints"] == [], name


def test_a_page_is_no_wider_than_a_phone(seen: dict[str, dict[str, Any]]) -> None:
    for name, found in seen.items():
        assert (found["answer"]["width"], found["answer"]["wide"]) == (found["answer"]["room"], []), name


def test_a_page_is_light_or_dark_as_asked_and_all_of_it_can_be_read(seen: dict[str, dict[str, Any]]) -> None:
    for name, found in seen.items():
        paper = found["answer"]["paper"]
        assert paper < 0.05 if name.endswith("dark") else paper > 0.8, name
        assert found["answer"]["faint"] == [], name


def test_a_page_has_landmarks_and_headings_in_order(seen: dict[str, dict[str, Any]]) -> None:
    for name, found in seen.items():
        told = found["answer"]
        assert told["landmarks"] == ["header", "nav", "main", "footer"], name
        assert (told["heading"], told["levels"][0], told["unnamed"]) == (1, 1, 0), name
        steps = zip(told["levels"], told["levels"][1:], strict=False)
        assert all(after - before <= 1 for before, after in steps), name


def test_a_screenshot_is_a_picture_of_a_whole_page(browser: Container, seen: dict[str, dict[str, Any]]) -> None:
    assert seen
    stream, _ = browser.get_archive("/srv/whole-390-False.png")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        member = archive.extractfile("whole-390-False.png")
        assert member is not None
        picture = member.read()
    width, height = (int.from_bytes(picture[start : start + 4], "big") for start in (16, 20))
    assert picture.startswith(b"\x89PNG")
    assert width == 390
    assert height > 3000


def test_what_a_page_should_not_do_is_noticed(browser: Container) -> None:
    """A page that scripts, asks others and overflows: if this were not noticed, nothing would be."""
    bad = "<p style='width:900px'>x</p><img src='http://192.0.2.1/x.png'><script>console.log('here')</script>"
    job = {"page": "file:///srv/bad.html", "width": 390, "ask": "document.documentElement.scrollWidth"}
    browser.put_archive("/srv", archive_of({"bad.html": bad.encode(), "bad.json": json.dumps([job]).encode()}))
    ended = browser.exec_run(["python3", "/srv/looking.py", "/srv/bad.json"], demux=True)
    (found,) = json.loads(ended.output[0])
    assert "http://192.0.2.1/x.png" in found["requests"]
    assert any("here" in complaint for complaint in found["complaints"])
    assert found["answer"] > 390
