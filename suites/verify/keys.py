"""The keys that dockerd takes in ``daemon.json``, read from ``keys.toml``, and those that people write instead."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from suites.verify.versions import parsed

MIRRORS, INSECURE = "registry-mirrors", "insecure-registries"

TABLE = Path(__file__).with_name("keys.toml")

NESTING = frozenset(
    {"builder", "cluster-store-opts", "default-network-opts", "default-ulimits", "features", "log-opts", "runtimes"}
)
"""Keys whose own keys are not dockerd's. Those of any other object, dockerd checks as if they stood outside."""

_MEANT = {MIRRORS: {"registrymirror", "mirror", "mirrors", "registriesmirrors"}, INSECURE: {"insecureregistry"}}
_NEAR = 0.85


@dataclass(frozen=True)
class _Table:
    always: frozenset[str]
    more: dict[str, frozenset[str]]


def takes(key: str, version: str) -> bool | None:
    """Whether a dockerd takes a key; None where nobody knows: of no version, or one that was not tried."""
    table = _table()
    if key in table.always:
        return True
    numbers = parsed(version)[:2]
    tried = sorted(map(parsed, table.more))
    before = [series for series in tried if series <= numbers]
    after = [series for series in tried if series >= numbers]
    if not numbers or not before or not after:
        return None
    answers = {key in table.more[".".join(map(str, series))] for series in (before[-1], after[0])}
    return answers.pop() if len(answers) == 1 else None


def known() -> frozenset[str]:
    """Every key that some version takes."""
    table = _table()
    return table.always.union(*table.more.values())


def meant(key: str) -> str:
    """Which of MIRRORS and INSECURE somebody who wrote a key most likely meant; ``""``: neither."""
    return next((name for name in (MIRRORS, INSECURE) if _means(key, name)), "")


def _means(key: str, name: str) -> bool:
    bare = re.sub(r"[^a-z]", "", key.lower())
    wanted = name.replace("-", "")
    if bare == wanted or bare in _MEANT[name]:
        return True
    return key not in known() and difflib.SequenceMatcher(None, bare, wanted).ratio() >= _NEAR


@cache
def _table() -> _Table:
    return TypeAdapter(_Table).validate_python(tomllib.loads(TABLE.read_text(encoding="utf-8")))
