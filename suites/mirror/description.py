"""A vendor's description of a mirror, in TOML, and the hooks that it gives."""

import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

import fixtures.mirrors
from fixtures.errors import UsageError
from fixtures.mirrors.containers import MirrorContainer, RunningMirror, filled
from fixtures.mirrors.subject import Feature, HookError, HookName, MirrorSubject, Profile, Promises

KNOWN = Path(fixtures.mirrors.__path__[0]) / "known"
"""Where the descriptions of mirrors are that everybody may have."""

PATIENCE = 60.0
"""Seconds that a hook may take."""

_STRICT = ConfigDict(extra="forbid")
_NOTHING: Mapping[str, Any] = {}
_MADE_OF = ("image", "dockerfile", "debian")


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
class Description:
    """What a mirror is and promises; where it is, or the ``container`` that it runs in."""

    url: str = ""
    name: str = ""
    ca: str = ""
    profile: Profile = "pull-through"
    features: tuple[Feature, ...] = ()
    promises: _Promises = _Promises()
    hooks: _Hooks = _Hooks()
    container: MirrorContainer | None = None


class DescribedHooks:
    """The hooks of a description. Those of a mirror in a container run there, and ask the mirror itself; it can always
    be restarted.
    """

    def __init__(self, hooks: dict[HookName, tuple[str, ...] | str], running: RunningMirror | None = None) -> None:
        self._hooks = {name: how for name, how in hooks.items() if how}
        self._running = running

    @property
    def known(self) -> frozenset[HookName]:
        return frozenset(self._hooks) | (frozenset({"restart"}) if self._running else frozenset())

    def do(self, hook: HookName, **words: str) -> None:
        how = self._hooks.get(hook)
        if how is None and self._running:
            self._running.restart()
        elif isinstance(how, str):
            method, _, url = filled(how, words).partition(" ")
            self._call(hook, method, f"{self._running.url}{url}" if self._running and url.startswith("/") else url)
        elif how:
            self._run(hook, [filled(word, words) for word in how])

    def _call(self, hook: HookName, method: str, url: str) -> None:
        try:
            answer = httpx.request(method, url, timeout=PATIENCE, trust_env=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise HookError(f"The hook {hook!r} failed: {method} {url}: {error or type(error).__name__}.") from error
        if answer.status_code >= 300:
            raise HookError(f"The hook {hook!r} failed: {method} {url} was answered {answer.status_code}.")

    def _run(self, hook: HookName, command: list[str]) -> None:
        code, output = self._running.run(command) if self._running else _ran(hook, command)
        if code:
            said = output.strip().splitlines()
            raise HookError(f"The hook {hook!r} ended with {code}: {said[-1] if said else command[0]}.")


def known() -> dict[str, Path]:
    """The descriptions that everybody may have, by name."""
    return {file.stem: file for file in sorted(KNOWN.glob("*.toml")) if not file.stem.endswith(".baseline")}


def described(
    description: Description, url: str = "", running: RunningMirror | None = None, given: Mapping[str, Any] = _NOTHING
) -> MirrorSubject:
    """The subject of a description that was read. ``url`` and what is ``given`` of its fields beside it count more.

    Raises:
        UsageError: nothing names a URL.
    """
    hooks = description.hooks
    subject = MirrorSubject(
        name=description.name or url or description.url,
        url=running.url if running else url or description.url,
        profile=description.profile,
        features=frozenset(description.features),
        promises=Promises(description.promises.stale, description.promises.deleted, description.promises.capacity),
        hooks=DescribedHooks(
            {"warm": hooks.warm, "evict": hooks.evict, "restart": hooks.restart, "advance": hooks.advance}, running
        ),
        authority=Path(description.ca) if description.ca else None,
    )
    subject = replace(subject, **{name: value for name, value in given.items() if value is not None})
    if not subject.url:
        raise UsageError("No mirror is named: give --url, or a description with a url.")
    return subject


def place_of(named: Path) -> Path:
    """The file of a description that is named by its path or, where no file is there, by its name among the known ones.

    Raises:
        UsageError: there is none.
    """
    among_the_known = known().get(str(named))
    if named.is_dir() and not among_the_known:
        raise UsageError(f"The description {named} is a folder: name a file in it, or one of {', '.join(known())}.")
    if not named.is_dir() and (named.exists() or named.suffix == ".toml"):
        return named
    if among_the_known:
        return among_the_known
    raise UsageError(f"There is no description {named}: no such file, and the known ones are {', '.join(known())}.")


def read(named: Path) -> Description:
    """A description, by its path or its name.

    Raises:
        UsageError: there is none, it cannot be read, or it says what cannot be.
    """
    file = place_of(named)
    try:
        said = _with_files(tomllib.loads(file.read_text(encoding="utf-8")), file.parent)
        found = TypeAdapter(Description).validate_python(said)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The description {file} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        what = "there is no such key" if "unexpected" in first["type"] else first["msg"]
        raise UsageError(f"The description {file} is wrong at {place}: {what}.") from error
    if found.container:
        _check(found, found.container, file)
        return replace(found, name=found.name or file.stem)
    return found


def _with_files(said: dict[str, Any], beside: Path) -> dict[str, Any]:
    """The same, with the text of each of the container's files that is named as ``{ file = "mirror.yml" }``.

    Raises OSError and UnicodeDecodeError.
    """
    match said:
        case {"container": {"files": dict(files), **others}}:
            texts = {path: _text(text, beside) for path, text in files.items()}
            return said | {"container": others | {"files": texts}}
        case _:
            return said


def _text(said: object, beside: Path) -> object:
    match said:
        case {"file": str(name), **others} if not others:
            return (beside / name).read_text(encoding="utf-8")
        case _:
            return said


def _check(found: Description, container: MirrorContainer, file: Path) -> None:
    if found.url or found.ca:
        raise UsageError(f"The description {file} has a container, which needs neither a url nor a ca: leave them out.")
    named = [name for name in _MADE_OF if getattr(container, name)]
    if len(named) != 1:
        there = f"not {' and '.join(named)}" if named else "and there is none"
        raise UsageError(f"The description {file} is wrong at container: one of {', '.join(_MADE_OF)}, {there}.")


def _ran(hook: HookName, command: list[str]) -> tuple[int, str]:
    """A command of this machine: its exit status and what it complained of. Raises HookError."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise HookError(f"The hook {hook!r} had not ended within {PATIENCE:g} s: {command[0]}.") from error
    except OSError as error:
        raise HookError(f"The hook {hook!r} cannot be run: {command[0]}: {error.strerror or error}.") from error
    return done.returncode, done.stderr.decode(errors="replace")
