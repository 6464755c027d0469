"""A vendor's description of a mirror, in TOML, and the hooks that it gives."""

import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from fixtures.errors import UsageError
from fixtures.mirrors.subject import Feature, HookError, HookName, MirrorSubject, Profile, Promises

PATIENCE = 60.0
"""Seconds that a hook may take."""

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class _Hooks:
    """Each is a command, as a list, or ``METHOD URL``; ``{repository}``, ``{tag}`` and ``{seconds}`` are filled in."""

    warm: tuple[str, ...] | str = ()
    evict: tuple[str, ...] | str = ()
    restart: tuple[str, ...] | str = ()
    advance: tuple[str, ...] | str = ()


@dataclass(frozen=True, config=_STRICT)
class _Promises:
    stale: float | None = None
    deleted: Literal["kept", "gone"] | None = None
    capacity: int | None = None


@dataclass(frozen=True, config=_STRICT)
class _Description:
    url: str = ""
    name: str = ""
    ca: str = ""
    profile: Profile = "pull-through"
    features: tuple[Feature, ...] = ()
    promises: _Promises = _Promises()
    hooks: _Hooks = _Hooks()


class DescribedHooks:
    """The hooks of a description."""

    def __init__(self, hooks: dict[HookName, tuple[str, ...] | str]) -> None:
        self._hooks = {name: how for name, how in hooks.items() if how}

    @property
    def known(self) -> frozenset[HookName]:
        return frozenset(self._hooks)

    def do(self, hook: HookName, **words: str) -> None:
        how = self._hooks[hook]
        if isinstance(how, str):
            method, _, url = _filled(how, words).partition(" ")
            self._call(hook, method, url)
        else:
            self._run(hook, [_filled(word, words) for word in how])

    def _call(self, hook: HookName, method: str, url: str) -> None:
        try:
            answer = httpx.request(method, url, timeout=PATIENCE, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HookError(f"The hook {hook!r} failed: {method} {url}: {error or type(error).__name__}.") from error
        if answer.status_code >= 300:
            raise HookError(f"The hook {hook!r} failed: {method} {url} was answered {answer.status_code}.")

    def _run(self, hook: HookName, command: list[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise HookError(f"The hook {hook!r} had not ended within {PATIENCE:g} s: {command[0]}.") from error
        except OSError as error:
            raise HookError(f"The hook {hook!r} cannot be run: {command[0]}: {error.strerror or error}.") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise HookError(f"The hook {hook!r} ended with {done.returncode}: {said[-1] if said else command[0]}.")


def described(file: Path | None, url: str, **given: Any) -> MirrorSubject:
    """The subject of a description, of the command line, or of both: the latter counts.

    Raises:
        UsageError: the file cannot be read, or says what cannot be; or nothing names a URL.
    """
    read = _read(file) if file else _Description()
    hooks = read.hooks
    subject = MirrorSubject(
        name=read.name or url or read.url,
        url=url or read.url,
        profile=read.profile,
        features=frozenset(read.features),
        promises=Promises(read.promises.stale, read.promises.deleted, read.promises.capacity),
        hooks=DescribedHooks(
            {"warm": hooks.warm, "evict": hooks.evict, "restart": hooks.restart, "advance": hooks.advance}
        ),
        authority=Path(read.ca) if read.ca else None,
    )
    subject = replace(subject, **{name: value for name, value in given.items() if value is not None})
    if not subject.url:
        raise UsageError("No mirror is named: give --url, or a description with a url.")
    return subject


def _read(file: Path) -> _Description:
    try:
        return TypeAdapter(_Description).validate_python(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The description {file} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        what = "there is no such key" if "unexpected" in first["type"] else first["msg"]
        raise UsageError(f"The description {file} is wrong at {place}: {what}.") from error


def _filled(text: str, words: dict[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text
