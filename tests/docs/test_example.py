"""The scenario of docs/scenarios.md, played as its page says, on a real daemon."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_docs import SCENARIOS, blocks, rows


@pytest.mark.engine
@pytest.mark.usefixtures("images")
def test_the_example_is_played_and_judged_as_the_page_says(tmp_path: Path) -> None:
    command, *_ = blocks(SCENARIOS, "console")
    (tmp_path / "own.json").write_text(blocks(SCENARIOS, "json")[0])
    program, *arguments = command.split()
    assert program == "mirror-conformance"
    played = subprocess.run(
        [sys.executable, "-m", "suites.cli", *arguments], check=False, capture_output=True, text=True, cwd=tmp_path
    )
    assert (played.returncode, played.stderr) == (0, "")
    heading, *lines = played.stdout.splitlines()
    assert heading.startswith("docker-28.5.2 ")
    for (step, rule, ruling, reason), line in zip(rows(SCENARIOS, "says, for each step"), lines, strict=True):
        assert line.startswith(f"  step {step}  {rule}  {ruling}: {reason}")
