"""What the files of a service mean to a daemon, by the documents: the judge's own reading.

It runs nothing and shares no code with what is judged. Sources: POSIX.1-2024, Shell & Utilities, 2.2 'Quoting', 2.3
'Token Recognition', 2.6.5 'Field Splitting' and 2.9.1 'Simple Commands'
(https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html); systemd.exec(5), 'EnvironmentFile=';
systemd.service(5), 'COMMAND LINES' and 'ExecStart=' (https://www.freedesktop.org/software/systemd/man/latest/);
Debian's /etc/init.d/docker and docker.service, package docker.io. All read 2026-11-24.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fixtures.scenario import RestartService

_ASSIGNS = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?/?")
_ALONE = frozenset({"-D", "--debug", "--experimental", "--live-restore", "--ipv6"})
_VALUED = frozenset(
    {"-H", "--label", "--insecure-registry", "--log-level", "--max-concurrent-downloads", "--containerd"}
)
_MIRROR = "--registry-mirror"


class UnreadError(ValueError):
    """A file has something that this reading does not know. Nothing is said of what it means."""


class StopsError(ValueError):
    """What a file says keeps the daemon from starting; the message says what that is."""


@dataclass(frozen=True)
class Reading:
    """What is to be in force: the mirrors; or, where the daemon cannot start, the trouble that it has."""

    mirrors: tuple[str, ...] = ()
    trouble: str = ""


def read(step: RestartService) -> Reading:
    """What is to be in force after a service was restarted.

    Raises:
        UnreadError: a file has something that is not known here.
    """
    try:
        flags = tuple(_mirrors_of(_arguments(step)))
    except StopsError as trouble:
        return Reading(trouble=str(trouble))
    listed = step.settings.get("registry-mirrors")
    if listed is None:
        return Reading(flags)
    if not isinstance(listed, list) or not all(isinstance(url, str) and _URL.fullmatch(url) for url in listed):
        raise UnreadError("the mirrors of daemon.json")
    if flags:
        return Reading(trouble="mirrors by a flag and in daemon.json")
    return Reading(tuple(map(str, listed)))


def _arguments(step: RestartService) -> list[str]:
    """The words that the service starts dockerd with."""
    match step.service:
        case "init-script":
            return _split(shell_variables(step.options, {"DOCKER_OPTS": ""}).get("DOCKER_OPTS", ""))
        case "boot2docker":
            return _split(shell_variables(step.options).get("EXTRA_ARGS", ""))
        case "systemd" | "docker-unit" | "docker-machine":
            return _unit_arguments(step)
        case "desktop":
            return []


def _mirrors_of(words: list[str]) -> Iterator[str]:
    """The mirrors that dockerd takes from its command line."""
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _ALONE and (not equals or value in {"true", "false"}):
            continue
        if name not in {_MIRROR, *_VALUED}:
            raise StopsError(f"dockerd knows no {word}")
        if not equals and (value := next(rest, "")) == "":
            raise StopsError(f"{name} without a value")
        if name == _MIRROR:
            if not _URL.fullmatch(value):
                raise StopsError(f"{value} is no mirror")
            yield value


# A shell's file


def shell_variables(text: str, before: dict[str, str] | None = None) -> dict[str, str]:
    """The variables that a POSIX shell has after it has read a file with ``.``, under ``set -e``.

    Raises:
        StopsError: the shell ends there.
        UnreadError: the file has more than assignments, comments and ``export``.
    """
    variables = dict(before or {})
    for words in _commands(text):
        assigned = [_ASSIGNS.fullmatch(word) for word in words]
        first = next((number for number, match in enumerate(assigned) if match is None), len(words))
        if first < len(words) and words[first] != "export":
            raise StopsError(f"the shell runs {words[first]}")
        if first and first < len(words):
            raise UnreadError("an assignment before export")
        for word, match in zip(words[first + 1 :] or words, assigned[first + 1 :] or assigned, strict=True):
            if match is not None:
                variables[match[1]] = _expanded(match[2], variables)
            elif not re.fullmatch(r"\w+", word):
                raise UnreadError(f"export {word}")
    return variables


def _commands(text: str) -> Iterator[list[str]]:
    """The words of each command, as they are written."""
    words: list[str] = []
    for word in (*_words(text), "\n"):
        if word not in {"\n", ";"}:
            words.append(word)
        elif words:
            yield words
            words = []
        elif word == ";":
            raise StopsError("a ; that ends no command")


def _words(text: str) -> Iterator[str]:
    """The words of a file, as they are written, and what stands between commands."""
    word = ""
    place = 0
    while place < len(text):
        piece = _piece(text, place)
        place += len(piece)
        if piece == "#" and not word:
            place += len(text[place:].partition("\n")[0])
        elif piece in {" ", "\t", "\n", ";"}:
            yield from filter(None, (word, piece.strip(" \t")))
            word = ""
        elif piece != "\\\n":
            word += piece
    if word:
        yield word


def _piece(text: str, place: int) -> str:
    """A character with what belongs to it: a quoted text, or what a backslash quotes."""
    character = text[place]
    if character == "\\":
        return text[place : place + 2]
    if character == "'":
        end = text.find("'", place + 1)
    elif character == '"':
        closed = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, place)
        end = closed.end() - 1 if closed else -1
    elif character in "&|()<>`~*?[":
        raise UnreadError(f"the shell's {character}")
    else:
        return character
    if end < 0:
        raise StopsError("a quote that nobody closes")
    return text[place : end + 1]


def _expanded(value: str, variables: dict[str, str]) -> str:
    """A value without its quotes, with the values of variables in the place of their names."""
    result = ""
    place = 0
    while place < len(value):
        piece = _piece(value, place)
        place += len(piece)
        if piece[0] == "'":
            result += piece[1:-1]
        elif piece[0] == '"':
            result += _with_variables(_unescaped(piece[1:-1]), variables)
        elif piece[0] == "\\":
            result += piece[1:]
        elif piece == "$":
            found = _VARIABLE.match(value, place - 1)
            if found is None:
                raise UnreadError("the shell's $")
            result += _with_variables(found[0], variables)
            place = found.end()
        else:
            result += piece
    return result


def _unescaped(text: str) -> str:
    """What is between double quotes, its backslashes gone; a dollar sign that was quoted is not read."""
    if re.search(r"\\\$|`", text):
        raise UnreadError("a quoted $ or `")
    return re.sub(r'\\([\\"\n])', lambda found: found[1].strip("\n"), text)


def _with_variables(text: str, variables: dict[str, str]) -> str:
    names = [first or second for first, second in _VARIABLE.findall(text)]
    if text.count("$") != len(names) or not set(names) <= variables.keys():
        raise UnreadError("the shell's $")
    return _VARIABLE.sub(lambda found: variables[found[1] or found[2]], text)


def _split(value: str) -> list[str]:
    """The fields of an unquoted variable."""
    if re.search(r"[*?\[]", value):
        raise UnreadError("a pattern of file names")
    return value.split()


# systemd's files


def _unit_arguments(step: RestartService) -> list[str]:
    """The words of ``ExecStart=``, of the packaged unit or of what a drop-in makes of it."""
    packaged = "dockerd $DOCKER_OPTS" if step.service == "systemd" else "dockerd"
    commands = [packaged]
    variables: dict[str, str] = {}
    from_files = environment_file(step.options) if step.service == "systemd" else {}
    for key, value in _settings(step.drop_in):
        if key == "ExecStart":
            commands = [*commands, value] if value else []
        elif key == "Environment":
            variables |= dict(word.split("=", 1) for word in _unquoted(value) if "=" in word)
        elif key == "EnvironmentFile" and value.lstrip("-") == "/etc/default/docker":
            from_files = environment_file(step.options)
        else:
            raise UnreadError(f"{key}= in a drop-in")
    if len(commands) != 1:
        raise StopsError(f"a unit with {len(commands)} ExecStart=")
    variables |= from_files
    words: list[str] = []
    for word in _unquoted(commands[0])[1:]:
        words += _unquoted(variables.get(word[1:], "")) if word.startswith("$") else [word]
    return words


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """The settings of a unit file's [Service]."""
    section = ""
    for line in map(str.strip, text.replace("\\\n", " ").splitlines()):
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = line
        elif section == "[Service]":
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()
        else:
            raise UnreadError(f"a unit file's {section or 'settings without a section'}")


def environment_file(text: str) -> dict[str, str]:
    """The variables that systemd takes from an ``EnvironmentFile=``: there are neither variables nor ``export`` in it,
    comments are whole lines, and a value goes to the end of its line.
    """
    variables: dict[str, str] = {}
    place = 0
    while place < len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        line = text[place:end].strip()
        key, equals, _ = line.partition("=")
        if not line or line[0] in "#;" or not equals:
            place = end + 1
            continue
        value, place = _value(text, text.index("=", place) + 1)
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key.strip()):
            variables[key.strip()] = value
    return variables


def _value(text: str, place: int) -> tuple[str, int]:
    """The value that begins at a place, and the place after its line."""
    value, kept = "", 0
    fresh = True
    while place < len(text) and text[place] != "\n":
        character = text[place]
        if fresh and character in "\"'":
            try:
                piece = _piece(text, place)
            except StopsError as open_quote:
                raise UnreadError(f"for systemd, {open_quote}") from open_quote
            value += piece[1:-1] if character == "'" else _unescaped_by_systemd(piece[1:-1])
            kept = len(value)
            place += len(piece)
        elif character == "\\":
            value += text[place + 1 : place + 2].strip("\n")
            kept, fresh = len(value), False
            place += 2
        else:
            blank = character in " \t\r"
            value += "" if blank and fresh else character
            fresh = fresh and blank
            kept = kept if blank else len(value)
            place += 1
    return value[:kept], place + 1


def _unescaped_by_systemd(text: str) -> str:
    return re.sub(r'\\(["\\`$\n])', lambda found: found[1].strip("\n"), text)


def _unquoted(text: str) -> list[str]:
    """The words of a value; quotes are heeded in them, and taken away."""
    if "\\" in text:
        raise UnreadError("a backslash among systemd's words")
    words = re.findall(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""", text)
    return [re.sub(r""""([^"]*)"|'([^']*)'""", lambda quoted: quoted[1] or quoted[2] or "", word) for word in words]
