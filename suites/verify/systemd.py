"""What systemd makes of a unit, its drop-ins and its environment files: the command line of the daemon."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read, and where a person finds it."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The ``[Service]`` section that a unit and its drop-ins make together.

    ``commands`` are its ``ExecStart=`` lines, each with the file that has it; more than one is one too many for a
    daemon. ``environment_files`` are paths.
    """

    commands: tuple[tuple[str, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_files: tuple[str, ...] = ()

    def reads(self, variable: str) -> bool:
        """Whether a command line takes a variable."""
        return any((m[1] or m[2]) == variable for line, _ in self.commands for m in _VARIABLE.finditer(line))


def unit(files: Sequence[File]) -> Unit:
    """The section ``[Service]`` of a unit and its drop-ins, in the order in which systemd reads them."""
    commands: list[tuple[str, str]] = []
    environment: dict[str, str] = {}
    environment_files: list[str] = []
    for file in files:
        for key, value in _settings(file.text):
            match key:
                case "ExecStart":
                    commands = [*commands, (value.lstrip("-@:+!"), file.path)] if value else []
                case "Environment":
                    environment = environment | _assigned(value) if value else {}
                case "EnvironmentFile":
                    environment_files = [*environment_files, value.removeprefix("-")] if value else []
                case _:
                    pass
    return Unit(tuple(commands), environment, tuple(environment_files))


def environment_of(text: str) -> dict[str, str]:
    """The variables of an ``EnvironmentFile``. It looks like a shell script and is none: ``export`` and ``$`` mean
    nothing there.
    """
    found: dict[str, str] = {}
    for line in _lines(text, ""):
        name, equals, value = line.partition("=")
        if equals and _NAME.fullmatch(name.strip()):
            found[name.strip()] = _unquoted(value.strip())
    return found


def words(command: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The arguments of a command line: ``$NAME`` as a word of its own is several, ``${NAME}`` is one."""
    found: list[str] = []
    for word in _split(command):
        whole = _VARIABLE.fullmatch(word)
        if whole and whole[2]:
            found += _split(environment.get(whole[2], ""))
        else:
            found.append(_VARIABLE.sub(lambda match: environment.get(match[1] or match[2], ""), word))
    return tuple(found)


def _settings(text: str) -> list[tuple[str, str]]:
    section, found = "", []
    for line in _lines(text, " "):
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "Service":
            key, _, value = line.partition("=")
            found.append((key.strip(), value.strip()))
    return found


def _lines(text: str, between: str) -> list[str]:
    """Lines without comments and empty ones; ``between`` stands where a backslash puts two together."""
    joined = re.sub(r"\\\r?\n", lambda _: between, text)
    return [line.strip() for line in joined.splitlines() if line.strip() and line.strip()[0] not in "#;"]


def _assigned(value: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in _split(value))
    return {name: worth for name, equals, worth in pairs if equals}


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value)) if value[:1] in ("'", '"') else re.sub(r"\\(.)", r"\1", value)
    except ValueError:
        return value
