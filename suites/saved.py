"""Scenarios and histories in files: those that people write, and those that a run saved as evidence."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fixtures.errors import UsageError
from fixtures.history import History
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.mistakes import mistakes
from fixtures.scenario import Scenario

SCENARIOS = Path(__file__).with_name("scenarios")
"""Named scenarios that every run plays first."""

_Value = TypeVar("_Value", Scenario, History, MirrorScenario, MirrorHistory)
_STRICT = ConfigDict(extra="forbid")
# Of a dataclass itself pydantic takes no configuration, of what contains it it does: hence the tuples.
_SCENARIO = TypeAdapter(tuple[Scenario], config=_STRICT)
_HISTORY = TypeAdapter(tuple[History], config=_STRICT)
_MIRROR_SCENARIO = TypeAdapter(tuple[MirrorScenario], config=_STRICT)
_MIRROR_HISTORY = TypeAdapter(tuple[MirrorHistory], config=_STRICT)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario.

    Raises:
        UsageError: there is none, or it is not one; the sentence says where.
    """
    scenario = _read(path, _SCENARIO, "scenario")
    wrong = next(mistakes(scenario), "")
    if wrong:
        raise UsageError(f"The scenario {path} {wrong}.")
    return scenario


def read_history(path: Path) -> History:
    """Read a history, as :func:`read_scenario` does."""
    return _read(path, _HISTORY, "history")


def read_mirror_scenario(path: Path) -> MirrorScenario:
    """Read what a mirror was asked, as :func:`read_scenario` does."""
    return _read(path, _MIRROR_SCENARIO, "scenario")


def read_mirror_history(path: Path) -> MirrorHistory:
    """Read what happened when a mirror was asked."""
    return _read(path, _MIRROR_HISTORY, "history")


def is_of_mirror(path: Path) -> bool:
    """Whether a scenario's file is of a mirror, rather than of a daemon."""
    try:
        scenario = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(scenario, dict) and "hub" in scenario


def evidence(identifier: str, report: Path) -> Path:
    """The directory of a saved example: by its short id, or by a path to it or to a file in it.

    Raises:
        UsageError: nothing was saved under that name.
    """
    named = Path(identifier)
    for candidate in (named, named.parent, report / "failures" / identifier):
        if (candidate / "scenario.json").is_file():
            return candidate
    saved = sorted(path.parent.name for path in (report / "failures").glob("*/scenario.json"))
    known = f"saved there are {', '.join(saved)}" if saved else "nothing is saved there"
    raise UsageError(f"There is no example {identifier!r} in {report / 'failures'}; {known}.")


def _read(path: Path, adapter: TypeAdapter[tuple[_Value]], what: str) -> _Value:
    try:
        return adapter.validate_json(b"[%s]" % path.read_bytes())[0]
    except OSError as error:
        raise UsageError(f"The {what} {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"][1:])) or "its start"
        raise UsageError(f"The {what} {path} is wrong at {place}: {first['msg']}.") from error
