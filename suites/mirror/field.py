"""What the field asks of mirrors and complains of, and which rules answer it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from suites.mirror.judge import rules

_FILE = Path(__file__).with_name("field.toml")


@dataclass(frozen=True)
class Entry:
    """A requirement (``R33``) or a failure (``F39``) of the field, as a sentence. ``rules`` answer it; where there are
    none ``reason`` says why.
    """

    id: str
    says: str
    rules: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class _File:
    entries: dict[str, str]
    unruled: dict[str, str]


@cache
def _read() -> _File:
    return TypeAdapter(_File).validate_python(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def entries() -> Iterator[Entry]:
    """All of them, requirements first. A rule with variants is named once, without them."""
    answers: dict[str, dict[str, None]] = {}
    for rule in rules().values():
        for entry in rule.field:
            answers.setdefault(entry, {})[rule.id.partition("/")[0]] = None
    read = _read()
    for name, says in read.entries.items():
        ruled = tuple(answers.get(name, ()))
        yield Entry(name, says, ruled, "" if ruled else read.unruled.get(name, ""))


def reasons() -> dict[str, str]:
    """Why entries have no rule for mirrors."""
    return _read().unruled


def told(names: tuple[str, ...]) -> str:
    """Some entries in words."""
    known = _read().entries
    return "; ".join(f"{name} {known[name]}" for name in names)
