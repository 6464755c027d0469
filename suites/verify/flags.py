"""dockerd's command line, as dockerd reads it: what it gives for a flag, and what keeps a dockerd from starting."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from suites.verify.facts import Code, Remark
from suites.verify.keys import INSECURE, MIRRORS, meant, takes

DEFAULT_CONFIGURATION = "/etc/docker/daemon.json"

_FLAG_OF = {MIRRORS: "registry-mirror", INSECURE: "insecure-registry"}
"""The flag beside each key."""
_OTHER_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2212")
"""What word processors make of the one that is meant."""


def flag_values(arguments: Sequence[str], flag: str) -> tuple[str, ...]:
    """What a command line gives for a flag: ``--flag VALUE`` or ``--flag=VALUE``, each time."""
    found, rest = list[str](), iter(arguments)
    for argument in rest:
        if argument == "--":
            break
        if argument == f"--{flag}":
            found += [value for value in [next(rest, None)] if value is not None]
        elif argument.startswith(f"--{flag}="):
            found.append(argument.partition("=")[2])
    return tuple(found)


def configuration_file(arguments: Sequence[str]) -> str:
    """The ``daemon.json`` that a daemon with this command line reads."""
    return (DEFAULT_CONFIGURATION, *flag_values(arguments, "config-file"))[-1]


def mirrors_and_insecure(arguments: Sequence[str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The mirrors that a command line sets, None where it sets none, and the insecure registries."""
    mirrors, insecure = (flag_values(arguments, flag) for flag in _FLAG_OF.values())
    return mirrors or None, insecure


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Arguments of a dockerd of some version, and where a person finds them."""

    arguments: Sequence[str]
    place: str
    version: str = ""
    line: int = 0

    def remarks(self) -> Iterator[Remark]:
        """What a dockerd does not start with. Of what stands behind a flag, only a flag's own value is known for one:
        nobody else is held to be a stray argument.
        """
        takes_value, rest = False, iter(self.arguments)
        for argument in rest:
            if argument == "--":
                yield from map(self._stray, rest)
                return
            name, equals, _ = argument.partition("=")
            if name in {f"--{flag}" for flag in _FLAG_OF.values()}:
                if not equals and next(rest, None) is None:
                    yield self._without_value(name)
                takes_value = False
                continue
            if argument.startswith("-") and argument != "-":
                yield from self._unknown(name)
                takes_value = not equals
                continue
            if not takes_value or argument[:1] in _OTHER_DASHES:
                yield self._stray(argument)
            takes_value = False

    def _unknown(self, name: str) -> Iterator[Remark]:
        bare = name.lstrip("-")
        wanted = _FLAG_OF.get(meant(bare), "")
        if name.startswith("--"):
            if wanted:
                sentence = f"`{name}` is no flag of dockerd, which refuses to start with it: unknown flag."
                yield self._refused("wrong-flag", sentence, f"Write `--{wanted}`, once for each.")
            elif takes(bare, self.version) is False:
                sentence = f"dockerd {self.version} knows no flag `{name}`, and refuses to start with it."
                yield self._refused("wrong-flag", sentence, "Take it out, or look up its name in `dockerd --help`.")
        elif wanted:
            sentence = f"`{name}` begins with one dash, and dockerd refuses to start with it: unknown shorthand flag."
            yield self._refused("wrong-flag", sentence, f"Write `--{wanted}`.")

    def _without_value(self, name: str) -> Remark:
        sentence = f"`{name}` stands there without a value, and dockerd refuses to start: flag needs an argument."
        return self._refused("flag-without-value", sentence, "Write the value behind it, or take it out.")

    def _stray(self, argument: str) -> Remark:
        sentence = f"`{argument}` is no flag, and dockerd, which accepts no arguments, refuses to start with it."
        advice = "A flag begins with two plain dashes (-): mind what a word processor makes of them."
        return self._refused("stray-argument", sentence, advice if argument[:1] in _OTHER_DASHES else "Take it out.")

    def _refused(self, code: Code, sentence: str, advice: str) -> Remark:
        return Remark(code, "error", sentence, advice, self.place, self.line, stops=True)


def arguments_of_dockerd(command: Sequence[str]) -> Sequence[str]:
    """The arguments of a command that runs dockerd itself. What another program makes of its own, nobody can tell."""
    return command[1:] if command and PurePosixPath(command[0]).name == "dockerd" else ()
