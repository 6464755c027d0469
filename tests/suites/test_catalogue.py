"""The book of rules can be read, is whole, and says what is wrong with a book that is not."""

import re
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from suites.catalogue import BOOK, rules, select
from suites.judge import HISTORY_RULES, PULL_RULES
from suites.mirror import judge as mirrors
from suites.rules.mirror.daemons import PULL_RULES as DAEMON_RULES

SOURCE = '[sources]\ndocs = "Docs, section (read 2026-11-24)"\n'
SOURCED = r"\(read \d{4}-\d\d-\d\d\), https://|\AThe mirror's own description, promises\.(stale|deleted): "
ENTRY = (
    '[[rule]]\nid = "{id}"\ntitle = "Always."\nlevel = "{level}"\nsubject = "daemon"\nsource = "{source}"\n'
    'why = "Because."\n'
)


def entry(identifier: str = "ORDER-1", level: str = "MUST", source: str = "docs") -> str:
    return ENTRY.format(id=identifier, level=level, source=source)


def book(directory: Path, text: str) -> Path:
    path = directory / "book.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_book_and_the_judge_know_the_same_rules() -> None:
    assert {identifier.partition("/")[0] for identifier in rules()} == {*PULL_RULES, *HISTORY_RULES}
    assert not PULL_RULES.keys() & HISTORY_RULES.keys()
    assert {identifier.partition("/")[0] for identifier in mirrors.rules()} == {
        *(rule.partition("/")[0] for rule in (*mirrors.CASE_RULES, *mirrors.TRIAL_RULES, *DAEMON_RULES))
    }
    assert not rules().keys() & mirrors.rules().keys()


def test_every_rule_is_a_sentence_with_a_dated_source() -> None:
    for rule in (rules() | mirrors.rules()).values():
        assert re.fullmatch(r"[A-Z]+-\d+(/[a-z0-9-]+)?", rule.id)
        assert rule.title.rstrip(")").endswith(".") or rule.id.partition("/")[1]
        assert re.search(
            r"\(read \d{4}-\d\d-\d\d\), https://|^The mirror's own description, promises\.\w+: ", rule.source
        )
        assert rule.why.endswith(".")


def test_variants_are_rules_of_their_own(tmp_path: Path) -> None:
    read = rules(book(tmp_path, f'{SOURCE}{entry()}variants = ["hang", "404"]\n{entry("HIT-1")}'))
    assert list(read) == ["ORDER-1/hang", "ORDER-1/404", "HIT-1"]
    assert read["ORDER-1/404"].title == "Always. (404)"
    assert read["HIT-1"].source == "Docs, section (read 2026-11-24)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[rule]", "The catalogue book.toml cannot be read: "),
        (f"{SOURCE}{entry(level='SHALL')}", "The catalogue book.toml is wrong at rule.0.level: "),
        (f"{SOURCE}{entry()}{entry()}", "The catalogue book.toml has ORDER-1 twice"),
        (f"{SOURCE}{entry()}variants = ['x', 'x']", "The catalogue book.toml has ORDER-1/x twice"),
        (f"{SOURCE}{entry(source='hearsay')}", "names no source 'hearsay', which ORDER-1 needs"),
        (SOURCE, "The catalogue book.toml is wrong at rule: "),
    ],
)
def test_a_wrong_book_is_named_with_what_is_wrong(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        rules(book(tmp_path, text))


def test_a_book_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The catalogue none\.toml cannot be read: "):
        rules(tmp_path / "none.toml")


def test_rules_are_selected_by_id_by_pattern_and_with_all_their_variants() -> None:
    assert select(["HIT-1"]) == select(["hit-1"]) == ("HIT-1",)
    assert select(["ORDER-*"]) == ("ORDER-1", "ORDER-2", "ORDER-3")
    assert select(["FALLBACK-2/hang"]) == ("FALLBACK-2/hang",)
    assert set(select(["FALLBACK-2"])) == {identifier for identifier in rules() if identifier.startswith("FALLBACK-2/")}
    assert select(["HIT-1", "*"])[0] == "HIT-1"
    assert len(select(["*", "HIT-1"])) == len(rules())
    assert select(["FRESH-1", "HIT-1"], BOOK, mirrors.BOOK) == ("FRESH-1", "HIT-1")


def test_a_pattern_that_means_nothing_is_answered_with_a_hint() -> None:
    with pytest.raises(UsageError, match=r"No rule is called 'HITS-1'\. Did you mean HIT-1"):
        select(["HITS-1"])
    with pytest.raises(UsageError, match=r"No rule is called 'xyzzy'\. `mirror-conformance list` shows all\."):
        select(["xyzzy"])
