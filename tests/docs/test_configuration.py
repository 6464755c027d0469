"""docs/configuration.md says what daemons told, of every misconfiguration and every daemon of the table."""

from fixtures.profiles import load_profiles
from suites.configuration.told import PAGE, Told, missing, page, read


def test_the_page_is_made_of_what_daemons_told() -> None:
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
