"""Known, explained failures of subjects, read from a TOML file."""

import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fixtures.errors import UsageError
from fixtures.profiles import is_model
from suites.catalogue import rules
from suites.verdict import Cause, Verdict

DEVIATIONS = Path(__file__).with_name("deviations.toml")


@dataclass(frozen=True)
class Deviation:
    """Rules that a subject is known to break for one cause. ``daemon`` and ``variant`` are shell patterns.

    ``evidence`` is the scenario file that shows every one of the rules broken; a finding that endangers users is
    ``withheld`` and has none (see SECURITY.md). The words are those of a :class:`~suites.verdict.Cause`.
    """

    rules: tuple[str, ...]
    daemon: str
    reason: str
    evidence: Path | None = None
    variant: str = "*"
    title: str = ""
    advice: str = ""
    documents: str = ""
    reports: tuple[str, ...] = ()
    withheld: bool = False

    @property
    def cause(self) -> Cause:
        """What a report says of it."""
        evidence = self.evidence.name if self.evidence else ""
        return Cause(self.reason, self.title, self.advice, self.documents, self.reports, evidence, self.withheld)

    def concerns(self, daemon: str) -> bool:
        """Whether a daemon is one of those that it speaks of. Only a pattern of models speaks of models."""
        return is_model(daemon) is is_model(self.daemon) and fnmatchcase(daemon, self.daemon)

    def explains(self, daemon: str, verdict: Verdict) -> bool:
        """Whether a verdict on a daemon is one that it speaks of."""
        return verdict.rule in self.rules and self.concerns(daemon) and fnmatchcase(verdict.variant, self.variant)


@dataclass(frozen=True)
class _File:
    deviation: tuple[Deviation, ...] = ()


_FILE = TypeAdapter(tuple[_File], config=ConfigDict(extra="forbid"))
_Read = TypeVar("_Read")


def load(path: Path, daemons: Iterable[str]) -> tuple[Deviation, ...]:
    """The deviations of a file, checked against the rules and the daemons that there are.

    Raises:
        UsageError: the file cannot be read, or an entry of it can match nothing.
    """
    known = tuple(daemons)
    read = read_toml(path, _FILE, f"deviations file {path}")
    return tuple(_checked(entry, path, known) for entry in read.deviation)


def read_toml(path: Path, adapter: TypeAdapter[tuple[_Read]], what: str) -> _Read:
    """A file of known failures. ``what`` is what a person calls it.

    Raises:
        UsageError: the file cannot be read, or is not one.
    """
    try:
        return adapter.validate_python((tomllib.loads(path.read_text(encoding="utf-8")),))[0]
    except OSError as error:
        raise UsageError(f"The {what} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The {what} is not valid TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise UsageError(f"The {what} is wrong at {place}: {first['msg']}.") from error


def check_rules(named: Sequence[str], book: Collection[str], what: str) -> None:
    """Raise UsageError where an entry of a file of known failures names no rule, or one that there is not."""
    for rule in named:
        if rule not in book:
            raise UsageError(f"The {what} names the rule {rule!r}, which the catalogue does not have.")
    if not named:
        raise UsageError(f"The {what} has an entry that names no rule.")


def _checked(entry: Deviation, path: Path, daemons: tuple[str, ...]) -> Deviation:
    check_rules(entry.rules, rules(), f"deviations file {path}")
    if not any(map(entry.concerns, daemons)):
        raise UsageError(f"The deviations file {path} names the daemon {entry.daemon!r}, which matches no profile.")
    if entry.withheld is (entry.evidence is not None):
        named = ", ".join(entry.rules)
        raise UsageError(f"The deviations file {path} has an entry of {named} that must have evidence or be withheld.")
    if entry.evidence is None:
        return entry
    evidence = path.absolute().parent / entry.evidence
    if not evidence.is_file():
        raise UsageError(f"The deviations file {path} names the evidence {entry.evidence}: there is no {evidence}.")
    return replace(entry, evidence=evidence)
