"""Assignments of a shell script, as a shell reads them; nothing is run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_CONTINUED = "\\\n"
_SEPARATORS = "\n;&|()"
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=", re.ASCII)
_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Assigned:
    """What a variable holds at the end of a script, and the line of the last assignment.

    ``unclear``: the value depends on what only running the script would tell.
    """

    value: str
    line: int
    unclear: bool = False


class UnterminatedError(ValueError):
    """A quotation that is never closed: a shell refuses the whole script."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(slots=True)
class _Word:
    """A word as it is read. ``plain`` is how much of its text, from the beginning, was written just so: a name in
    quotation marks is nobody's to assign.
    """

    text: str
    line: int
    unclear: bool
    plain: int | None = None

    def assigned(self) -> re.Match[str] | None:
        """The name that an assignment begins with, if it is one."""
        match = _ASSIGNMENT.match(self.text)
        return match if match and (self.plain is None or match.end() <= self.plain) else None


def assignments(script: str) -> dict[str, Assigned]:
    """The variables that a script assigns at its top level, with or without ``export``. Conditions are not followed.

    Raises:
        UnterminatedError: a quotation is never closed.
    """
    found: dict[str, Assigned] = {}
    for command in _commands(script, found):
        words = command[1:] if command[0].text in {"export", "readonly"} else command
        if all(word.assigned() for word in words):
            for word in words:
                _assign(found, word)
    return found


def _assign(found: dict[str, Assigned], word: _Word) -> None:
    match = word.assigned()
    if match is None:
        return
    name, value = match[1], word.text[match.end() :]
    before = found.get(name) if match[2] else None
    found[name] = Assigned((before.value if before else "") + value, word.line, word.unclear)


def _commands(script: str, variables: Mapping[str, Assigned]) -> Iterator[list[_Word]]:
    """Each command as words, without quotes, and with the variables that are known by then put in."""
    at, command = 0, list[_Word]()
    while at < len(script):
        character = script[at]
        if character in _SEPARATORS:
            if command:
                yield command
            at, command = at + 1, []
        elif character in " \t" or script.startswith(_CONTINUED, at):
            at += 1 if character in " \t" else len(_CONTINUED)
        elif character == "#":
            at = _end_of_line(script, at)
        else:
            word, at = _word(script, at, variables)
            command.append(word)
    if command:
        yield command


def _end_of_line(script: str, at: int) -> int:
    end = script.find("\n", at)
    return len(script) if end < 0 else end


def _word(script: str, at: int, variables: Mapping[str, Assigned]) -> tuple[_Word, int]:
    word = _Word("", script.count("\n", 0, at) + 1, unclear=False)
    quoted = ""
    while at < len(script):
        character = script[at]
        if not quoted and (character in _SEPARATORS or character in " \t"):
            break
        word.plain = _plain(word, script, at)
        if character == quoted:
            quoted, at = "", at + 1
        elif quoted == "'":
            word.text, at = word.text + character, at + 1
        elif not quoted and character in "'\"":
            quoted, at = character, at + 1
        elif script.startswith(_CONTINUED, at):
            at += len(_CONTINUED)
        elif character == "\\":
            kept = "\\" if quoted and script[at + 1 : at + 2] not in ("$", "`", '"', "\\") else ""
            word.text, at = word.text + kept + script[at + 1 : at + 2], at + 2
        elif character == "$":
            at = _expand(script, at, variables, word)
        else:
            word.unclear |= character == "`"
            word.text, at = word.text + character, at + 1
    if quoted:
        raise UnterminatedError(word.line)
    return word, at


def _plain(word: _Word, script: str, at: int) -> int | None:
    """How much of a word was plain, with the next character of it."""
    if word.plain is None and script[at] in "'\"\\$`" and not script.startswith(_CONTINUED, at):
        return len(word.text)
    return word.plain


def _expand(script: str, at: int, variables: Mapping[str, Assigned], word: _Word) -> int:
    """Put a variable's value into a word; what is no plain variable stays as it is, and is unclear."""
    match = _NAME.match(script, at + 1)
    if match is None:
        word.text += "$"
        word.unclear |= script[at + 1 : at + 2] not in ("", " ", "\t", "\n", '"')
        return at + 1
    known = variables.get(match[1] or match[2])
    word.text += known.value if known else ""
    word.unclear |= known.unclear if known else False
    return match.end()
