"""The control API's JSON: what it looks like, how it is read and written."""

from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Discriminator, Field, TypeAdapter, ValidationError

from simulator.arrangement import Arrangement, Change, Content
from simulator.checks import LONGEST_ADVANCE
from simulator.hub.limits import LedgerEntry
from simulator.journal import Exchange
from simulator.mirror.policy import Policy
from simulator.topology import Topology


@dataclass(frozen=True)
class JournalPage:
    """The exchanges since a mark, the simulator's own failures (sentences), and the next mark.

    Of a long journal the first exchanges are ``forgotten``: so many, with smaller ``seq`` than this.
    """

    exchanges: tuple[Exchange, ...]
    errors: tuple[str, ...]
    mark: int
    forgotten: int = 0


@dataclass(frozen=True)
class LedgerPage:
    """The ledger's entries since a mark of the journal, and how many entries were forgotten for want of room."""

    entries: tuple[LedgerEntry, ...]
    forgotten: int


@dataclass(frozen=True)
class Mark:
    """The length of the journal."""

    mark: int


@dataclass(frozen=True)
class Advance:
    """How many seconds the world's clock shall skip."""

    advance: Annotated[float, Field(ge=0, le=LONGEST_ADVANCE, allow_inf_nan=False)]


@dataclass(frozen=True)
class Time:
    """The time of the world's clock, in seconds: that of the journal and of the faults' schedules."""

    now: float


@dataclass(frozen=True)
class LoadedImage:
    """An image that was taken in from an archive; without a tag it can be had by digest alone."""

    repository: str
    tag: str | None
    digest: str


@dataclass(frozen=True)
class Problem:
    """Why a request to the control API was refused: one sentence."""

    problem: str


class MalformedError(ValueError):
    """JSON that is not what was expected. Its text is one sentence that says where and why."""


# What is written and read, and what the OpenAPI document is made of. A tuple of one stands for that one:
# of a dataclass itself pydantic takes no configuration, of what contains it it does: hence the tuples.
_STRICT = ConfigDict(extra="forbid", ser_json_inf_nan="constants")
ARRANGEMENT = TypeAdapter(tuple[Arrangement], config=_STRICT)
POLICY = TypeAdapter(tuple[Policy], config=_STRICT)
CHANGES = TypeAdapter(tuple[Annotated[Change, Discriminator("do")], ...], config=_STRICT)
ADVANCE = TypeAdapter(tuple[Advance], config=_STRICT)
TOPOLOGY = TypeAdapter(tuple[Topology], config=_STRICT)
CONTENTS = TypeAdapter(dict[str, Content])
JOURNAL = TypeAdapter(JournalPage)
LEDGER = TypeAdapter(LedgerPage)
MARK = TypeAdapter(Mark)
TIME = TypeAdapter(Time)
LOADED = TypeAdapter(tuple[LoadedImage, ...])
PROBLEM = TypeAdapter(Problem)


def arrangement_from(data: bytes) -> Arrangement:
    """Read an arrangement; raises MalformedError."""
    return _read(ARRANGEMENT, b"[%s]" % data, "arrangement", wrapped=True)[0]


def arrangement_json(arrangement: Arrangement) -> bytes:
    return ARRANGEMENT.dump_json((arrangement,))[1:-1]


def policy_from(data: bytes) -> Policy:
    """Read a mirror's policy; raises MalformedError."""
    return _read(POLICY, b"[%s]" % data, "policy", wrapped=True)[0]


def changes_from(data: bytes) -> tuple[Change, ...]:
    """Read one change or a list of them; raises MalformedError."""
    return _read(CHANGES, data if data.lstrip().startswith(b"[") else b"[%s]" % data, "list of changes")


def changes_json(changes: tuple[Change, ...]) -> bytes:
    return CHANGES.dump_json(changes)


def topology_from(data: bytes) -> Topology:
    """Read a topology; raises MalformedError."""
    return _read(TOPOLOGY, b"[%s]" % data, "topology", wrapped=True)[0]


def topology_json(topology: Topology) -> bytes:
    return TOPOLOGY.dump_json((topology,))[1:-1]


def contents_from(data: bytes) -> dict[str, Content]:
    """Read the contents of images; raises MalformedError."""
    return _read(CONTENTS, data, "contents")


def contents_json(contents: dict[str, Content]) -> bytes:
    return CONTENTS.dump_json(contents)


def journal_from(data: bytes) -> JournalPage:
    """Read a page of the journal; raises MalformedError."""
    return _read(JOURNAL, data, "journal")


def journal_json(page: JournalPage) -> bytes:
    return JOURNAL.dump_json(page)


def ledger_from(data: bytes) -> LedgerPage:
    """Read a page of the ledger; raises MalformedError."""
    return _read(LEDGER, data, "ledger")


def ledger_json(page: LedgerPage) -> bytes:
    return LEDGER.dump_json(page)


def mark_from(data: bytes) -> int:
    """Read a mark; raises MalformedError."""
    return _read(MARK, data, "mark").mark


def mark_json(mark: int) -> bytes:
    return MARK.dump_json(Mark(mark))


def advance_from(data: bytes) -> float:
    """Read how many seconds to skip; raises MalformedError."""
    return _read(ADVANCE, b"[%s]" % data, "advance", wrapped=True)[0].advance


def advance_json(seconds: float) -> bytes:
    return ADVANCE.dump_json((Advance(seconds),))[1:-1]


def time_from(data: bytes) -> float:
    """Read the time; raises MalformedError."""
    return _read(TIME, data, "time").now


def time_json(now: float) -> bytes:
    return TIME.dump_json(Time(now))


def loaded_from(data: bytes) -> tuple[LoadedImage, ...]:
    """Read which images were taken in; raises MalformedError."""
    return _read(LOADED, data, "list of images")


def loaded_json(images: tuple[LoadedImage, ...]) -> bytes:
    return LOADED.dump_json(images)


def problem_from(data: bytes) -> str:
    """Read why a request was refused; raises MalformedError."""
    return _read(PROBLEM, data, "problem").problem


def problem_json(sentence: str) -> bytes:
    return PROBLEM.dump_json(Problem(sentence))


_T = TypeVar("_T")


def _read(adapter: TypeAdapter[_T], data: bytes, what: str, *, wrapped: bool = False) -> _T:
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"][wrapped:])
        message = f"This is no {what}: {f'at {place}: ' if place else ''}{first['msg']}."
        raise MalformedError(message) from error
