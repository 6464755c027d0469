"""``daemon.json``, read as dockerd reads it: what it sets, and why a daemon would not have it."""

import codecs
import difflib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fixtures.profiles import Store
from suites.verify.facts import Code, Remark, Source
from suites.verify.keys import INSECURE, MIRRORS, NESTING, known, meant, takes
from suites.verify.versions import is_older

_FORGIVING = (26,)
"""From this version on (of those tried), a byte order mark and an empty file are taken, and text after the JSON is
not. Up to 20.10, it is the other way round."""

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OTHER_QUOTES = "\u201c\u201d\u2018\u2019'"
_TYPES = {str: "a string", bool: "true or false", dict: "an object", list: "a list", float: "a number"}


class _Refused(Exception):  # noqa: N818 - how reading ends, and no error of ours
    def __init__(self, remark: Remark) -> None:
        self.remark = remark


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys it was given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = tuple(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)


@dataclass(frozen=True, slots=True)
class _Text:
    """A file while it is read."""

    text: str
    place: str
    version: str

    def warning(self, code: Code, sentence: str, advice: str, at: int | None = None) -> Remark:
        line = 0 if at is None else self.text.count("\n", 0, at) + 1
        return Remark(code, "warning", sentence, advice, self.place, line)

    def error(self, code: Code, sentence: str, advice: str, at: int | None = None) -> Remark:
        return replace(self.warning(code, sentence, advice, at), severity="error")

    def refused(self, code: Code, sentence: str, advice: str, at: int | None = None) -> _Refused:
        return _Refused(replace(self.error(code, sentence, advice, at), stops=True))


def daemon_json(data: bytes, place: str, version: str = "") -> Source:
    """What a ``daemon.json`` sets, for a dockerd of this version; an empty version is that of a new one."""
    empty = Source("daemon.json", place)
    try:
        file = _decoded(data, place, version)
        content = _parsed(file)
        remarks = tuple(_remarks(file, content))
        mirrors, insecure = (_listed(file, content, key) for key in (MIRRORS, INSECURE))
    except _Refused as refusal:
        return replace(empty, problem=refusal.remark.sentence, remarks=(refusal.remark,))
    problem = next((remark.sentence for remark in remarks if remark.stops), "")
    lines = _lines(file, mirrors or ())
    return replace(empty, mirrors=mirrors, insecure=insecure or (), problem=problem, lines=lines, remarks=remarks)


def chosen_store(data: bytes) -> Store | None:
    """The image store that a ``daemon.json`` chooses; None where it chooses none."""
    try:
        features = _parsed(_decoded(data, "", "")).get("features")
    except _Refused:
        return None
    chosen = features.get("containerd-snapshotter") if isinstance(features, dict) else None
    return {True: "containerd", False: "classic"}.get(chosen) if isinstance(chosen, bool) else None  # type: ignore[return-value]


def _decoded(data: bytes, place: str, version: str) -> _Text:
    nothing = _Text("", place, version)
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    if mark and is_older(version, _FORGIVING):
        raise nothing.refused(
            "byte-order-mark",
            "The file begins with a byte order mark, and dockerd refuses to start: invalid character 'ï'.",
            "Save it as UTF-8 without a byte order mark.",
        )
    try:
        text = data[len(mark) :].decode(_MARKS.get(mark, "utf-8"))
    except UnicodeDecodeError as error:
        if not is_older(version, _FORGIVING):
            raise nothing.refused(
                "not-utf8",
                f"Byte {error.start + len(mark)} of the file is not UTF-8, and dockerd refuses to start: "
                "invalid UTF-8.",
                "Save the file as UTF-8.",
            ) from error
        text = data.decode("utf-8", "replace")
    return _Text(text, place, version)


def _parsed(file: _Text) -> _Object:
    if not file.text.strip(" \t\r\n"):
        if is_older(file.version, _FORGIVING):
            raise file.refused(
                "empty-file", "The file is empty, and dockerd refuses to start: EOF.", "Write {} into it, or remove it."
            )
        return _Object([])
    decoder = json.JSONDecoder(object_pairs_hook=_Object, parse_int=float, parse_constant=_no_constant)
    start = len(file.text) - len(file.text.lstrip(" \t\r\n"))
    try:
        content, end = decoder.raw_decode(file.text, start)
    except json.JSONDecodeError as error:
        raise _broken(file, error) from error
    except RecursionError as error:
        raise file.refused("broken-json", "The file is nested too deep to be read.", "Write it anew.") from error
    if file.text[end:].strip(" \t\r\n") and not is_older(file.version, _FORGIVING):
        raise file.refused(
            "text-after-json",
            "There is more after the end of the JSON, and dockerd refuses to start: invalid character after "
            "top-level value.",
            "Keep one object, from its { to its }, and nothing else.",
            end,
        )
    if content is None:
        return _Object([])
    if not isinstance(content, _Object):
        raise file.refused(
            "wrong-type",
            f"The file is {_type(content)} instead of an object, and dockerd refuses to start.",
            'Write { "registry-mirrors": ["https://mirror.example"] }.',
        )
    return content


def _no_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


def _broken(file: _Text, error: json.JSONDecodeError) -> _Refused:
    """The mistakes that people make in JSON, by their names."""
    at = min(error.pos, len(file.text))
    line = file.text.count("\n", 0, at) + 1
    column = at - (file.text.rfind("\n", 0, at) + 1) + 1
    comma = file.text.rfind(",", 0, at + 1)
    ends = re.compile(r",[ \t\r\n]*[\]}]").match(file.text, comma) if comma >= 0 else None
    if ends and at < ends.end():
        return file.refused(
            "trailing-comma",
            f"A comma stands before the end of a list or object (line {line}), and dockerd refuses to start.",
            "Take the last comma away.",
            at,
        )
    rest = file.text[at:]
    advice = "Have it checked with `dockerd --validate` or `python3 -m json.tool`."
    if not rest.strip():
        advice = "The file ends too early: look for a bracket, brace or quotation mark that is not closed."
    elif rest.startswith(("//", "/*", "#")):
        advice = "JSON has no comments: take them out."
    elif rest[0] in _OTHER_QUOTES:
        advice = 'Strings stand in straight double quotes ("): replace the others.'
    elif error.msg.startswith("Expecting ',' delimiter"):
        advice = "A comma is missing before this place."
    return file.refused(
        "broken-json",
        f"The file is not valid JSON (line {line}, column {column}: {error.msg}), and dockerd refuses to start.",
        advice,
        at,
    )


def _remarks(file: _Text, content: _Object) -> Iterator[Remark]:
    for key in content.repeated:
        if key in {MIRRORS, INSECURE}:
            yield file.warning(
                "repeated-key",
                f"`{key}` stands there more than once: only the last one counts.",
                "Keep one of them.",
                _place(file, key),
            )
    for key, value in content.items():
        if not isinstance(value, dict) or key in NESTING or key.lower() in {MIRRORS, INSECURE}:
            yield from _of_key(file, key)
            continue
        for below in value:
            yield from _nested(file, key, below) if below in {MIRRORS, INSECURE} else _of_key(file, below)


def _nested(file: _Text, key: str, below: str) -> Iterator[Remark]:
    yield file.error(
        "nested-key",
        f"`{below}` stands inside of `{key}`: dockerd starts, says nothing, and leaves it lying.",
        f"Put `{below}` at the top of the file, beside the other keys.",
        _place(file, below),
    )


def _of_key(file: _Text, key: str) -> Iterator[Remark]:
    if key in {MIRRORS, INSECURE}:
        return
    taken, at = takes(key, file.version), _place(file, key)
    wanted = meant(key)
    if wanted and taken:
        sentence = f"`{key}` is not the name of the key: dockerd starts, says nothing, and leaves it lying."
        yield file.error("wrong-key", sentence, f"Write `{wanted}`.", at)
    elif wanted:
        sentence = f"`{key}` is not the name of the key, and dockerd refuses to start: it matches no option."
        yield replace(file.error("wrong-key", sentence, f"Write `{wanted}`.", at), stops=True)
    elif taken is False:
        sentence = f"dockerd {file.version} knows no key `{key}`, and refuses to start with it."
        advice = "Take it out, or look up its name in dockerd's documentation."
        yield replace(file.error("unknown-key", sentence, advice, at), stops=True)
    elif taken is None:
        like = difflib.get_close_matches(key, sorted(known() - {key}), 1)
        sentence = f"`{key}` is a key that not every dockerd knows; one that does not refuses to start with it."
        advice = f"Did you mean `{like[0]}`?" if like and key not in known() else "Try it with `dockerd --validate`."
        yield file.warning("unknown-key", sentence, advice, at)


def _listed(file: _Text, content: _Object, key: str) -> tuple[str, ...] | None:
    value = content.get(key)
    if value is None:
        return None
    if not isinstance(value, list):
        raise _wrong_type(file, key, f"`{key}` is {_type(value)}")
    for item in value:
        if not isinstance(item, str | None):
            raise _wrong_type(file, key, f"`{key}` holds {_type(item)}")
    return tuple(item or "" for item in value)


def _type(value: object) -> str:
    return next(name for kind, name in _TYPES.items() if isinstance(value, kind))


def _wrong_type(file: _Text, key: str, what: str) -> _Refused:
    return file.refused(
        "wrong-type",
        f"{what}, and dockerd refuses to start: it must be a list of strings.",
        f'Write "{key}": ["..."], with brackets, also around a single one.',
        _place(file, key),
    )


def _strings(file: _Text, key: str) -> Iterator[re.Match[str]]:
    """The string literals of a valid file from the last one that is this key."""
    found = list(_STRING.finditer(file.text))
    keys = [n for n, match in enumerate(found) if _is_key(file, match, key)]
    yield from found[keys[-1] :] if keys else ()


def _is_key(file: _Text, match: re.Match[str], key: str) -> bool:
    return file.text[match.end() :].lstrip(" \t\r\n")[:1] == ":" and json.loads(match[0]) == key


def _place(file: _Text, key: str) -> int | None:
    return next((match.start() for match in _strings(file, key)), None)


def _lines(file: _Text, mirrors: tuple[str, ...]) -> tuple[int, ...]:
    """The line of each mirror; of none where the list holds null, which is no string."""
    literals = list(_strings(file, MIRRORS))[1 : len(mirrors) + 1]
    if [json.loads(match[0]) for match in literals] != list(mirrors):
        return ()
    return tuple(file.text.count("\n", 0, match.start()) + 1 for match in literals)
