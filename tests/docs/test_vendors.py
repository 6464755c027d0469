"""docs/vendors.md: its descriptions are ones that can be read, and its words are those that there are."""

from pathlib import Path

import pytest

from fixtures.mirrors.containers import MirrorContainer
from suites.mirror.baseline import load
from suites.mirror.description import read
from tests.docs.test_docs import PAGES, blocks, rows

PAGE = PAGES["docs/vendors.md"]


KNOWN = "[[known]]"


@pytest.mark.parametrize("text", [text for text in blocks(PAGE, "toml") if KNOWN not in text])
def test_a_description_can_be_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mirror.toml"
    file.write_text(text)
    assert read(file).name == "my-mirror 1.2"


@pytest.mark.parametrize("text", [text for text in blocks(PAGE, "toml") if KNOWN in text])
def test_a_baseline_can_be_read(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mirror.baseline.toml"
    file.write_text(text)
    assert load(file).known


def test_every_word_of_a_container_is_explained() -> None:
    told = {word.strip("`{}") for cells in rows(PAGE, "`environment` and `files`,") for word in cells[0].split(", ")}
    assert told == set(MirrorContainer().words(""))
