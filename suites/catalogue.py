"""The book of rules, read from ``catalogue.toml``."""

import difflib
import shlex
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from fixtures.errors import UsageError
from suites.verdict import Level, Rule, Subject

BOOK = Path(__file__).with_name("catalogue.toml")
MIRRORS = BOOK.parent / "mirror" / BOOK.name

_COMMANDS = {
    BOOK: "for daemons and their configuration: `mirror-conformance run --rule",
    MIRRORS: "for mirrors: `mirror-conformance mirror --rule",
}
"""For whom a book is, and the command that tries them."""

PROMISED = "stated-"
"""How the name of a source begins that is a subject's own promise."""


@dataclass(frozen=True)
class _Entry:
    id: str
    title: str
    level: Level
    subject: Subject
    source: str
    why: str
    variants: tuple[str, ...] = ()
    field: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Book:
    sources: dict[str, str]
    rule: tuple[_Entry, ...]


@cache
def rules(book: Path = BOOK) -> dict[str, Rule]:
    """All rules by id, in the book's order; a rule with variants stands there once for each of them.

    Raises:
        UsageError: the book cannot be read, or an entry of it is wrong.
    """
    try:
        document: Any = tomllib.loads(book.read_text(encoding="utf-8"))
        read = TypeAdapter(_Book).validate_python(document)
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The catalogue {book.name} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"The catalogue {book.name} is wrong at {place}: {first['msg']}") from error
    found: dict[str, Rule] = {}
    for entry in read.rule:
        if entry.source not in read.sources:
            raise UsageError(f"The catalogue {book.name} names no source {entry.source!r}, which {entry.id} needs")
        for identifier, title in _spelled_out(entry):
            if identifier in found:
                raise UsageError(f"The catalogue {book.name} has {identifier} twice")
            found[identifier] = Rule(
                id=identifier,
                title=title,
                level=entry.level,
                subject=entry.subject,
                source=read.sources[entry.source],
                why=entry.why,
                promised=entry.source.startswith(PROMISED),
                field=entry.field,
            )
    return found


def _spelled_out(entry: _Entry) -> list[tuple[str, str]]:
    if not entry.variants:
        return [(entry.id, entry.title)]
    return [(f"{entry.id}/{variant}", f"{entry.title} ({variant})") for variant in entry.variants]


def select(patterns: Sequence[str], *books: Path) -> tuple[str, ...]:
    """The ids of the rules that some patterns mean: an id (with all its variants), or a shell pattern.

    They are looked for in the ``books``; where none is named, in that of daemons.

    Raises:
        UsageError: a pattern means no rule.
    """
    known = [rule for book in books or (BOOK,) for rule in rules(book)]
    chosen: dict[str, None] = {}
    for pattern in patterns:
        meant = _meant(pattern, known)
        if not meant:
            for book, command in _COMMANDS.items():
                if _meant(pattern, rules(book)):
                    raise UsageError(f"{pattern!r} is in the book {command} {shlex.quote(pattern)}` tries it.")
            close = difflib.get_close_matches(pattern.upper(), known)
            hint = f" Did you mean {' or '.join(close)}?" if close else ""
            raise UsageError(f"No rule is called {pattern!r}.{hint} `mirror-conformance list` shows all.")
        chosen |= dict.fromkeys(meant)
    return tuple(chosen)


def _meant(pattern: str, known: Iterable[str]) -> list[str]:
    """The rules that a pattern means."""
    return [i for i in known if fnmatchcase(i.upper(), pattern.upper()) or i.partition("/")[0] == pattern.upper()]
