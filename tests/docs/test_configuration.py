"""docs/configuration.md says what daemons told, of every misconfiguration and every daemon of the table, and what
``verify`` says of it.
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fixtures.profiles import load_profiles
from suites.cli import app
from suites.configuration.misconfigurations import MISCONFIGURATIONS, Misconfiguration
from suites.configuration.told import PAGE, Told, missing, page, read
from suites.configuration.verified import NOTHING, verified

SOME = [one for one in MISCONFIGURATIONS if one.place == "file" and not one.flags][::9]


def test_the_page_is_made_of_what_daemons_told_and_verify_says() -> None:
    """Where it is not, type `python -m suites.configuration --page`."""
    assert PAGE.read_text(encoding="utf-8") == page(read())


def test_every_daemon_was_asked_about_every_misconfiguration() -> None:
    assert missing(read(), [profile.name for profile in load_profiles()]) == []


def test_an_answer_is_told_in_one_sentence() -> None:
    told = {
        "mirror: a path": {
            "docker-1": Told(None, ("https://a/",), "", "", False),
            "docker-2": Told(None, ("https://a/",), "", "", False),
            "docker-3": Told("no `path`\nhere", check="no", reload="no", kept=True),
            "docker-4": Told(None),
            "docker-5": Told("no", check=""),
        }
    }
    text = page(told)
    third = "- **3**: does not start: `no 'path' here`; `--validate` agrees; a reload is refused, and changes nothing."
    assert (
        "- **1, 2**: starts, and shows `https://a/`; `--validate` agrees; a reload is said to have worked, and changes "
        "what is in force." in text
    )
    assert third in text
    assert "- **4**: starts, and shows *no mirror*." in text
    assert "- **5**: does not start: `no`; `--validate` finds nothing wrong." in text


@pytest.mark.parametrize("one", SOME, ids=lambda one: one.name)
def test_what_verify_says_is_what_its_command_says(one: Misconfiguration, tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(one.file or "", encoding="utf-8")
    for profile in load_profiles():
        command = ["verify", "--file", str(file), "--daemon-version", profile.version, "--store", profile.store]
        ended = CliRunner().invoke(app, command)
        printed = " ".join(ended.output.split())
        said = verified(one, profile)
        assert (ended.exit_code == 1) is ("error: " in said)
        first = said.partition(": ")[2].partition(" (")[0]
        assert said == NOTHING or first in printed


def test_what_verify_says_names_no_place_of_this_machine() -> None:
    assert "/tmp" not in page({})
