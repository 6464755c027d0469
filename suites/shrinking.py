"""Smaller scenarios that show the same: the fewer things one has to look at, the plainer is the cause."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import TypeAdapter

from fixtures.errors import UsageError
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.mistakes import mistakes
from fixtures.model import ModelLab
from fixtures.playing import Player
from fixtures.scenario import Scenario
from report.text import number
from simulator.arrangement import Copy, Publish
from simulator.checks import ArrangementError
from suites.judge import judge

_Played = TypeVar("_Played", Scenario, MirrorScenario)

Shows = Callable[[Scenario], bool]
"""Whether a scenario shows what is looked for."""


def smallest(scenario: Scenario, shows: Shows, more: Callable[[], bool] = lambda: True) -> Scenario:
    """A scenario that shows the same, and of which nothing more can be taken away.

    It is the smallest found so far once ``more`` says that there is no time for more.
    """
    return least(scenario, lambda candidate: is_possible(candidate) and shows(candidate), simpler, more)


def least(
    scenario: _Played,
    shows: Callable[[_Played], bool],
    simpler: Callable[[_Played], Iterable[_Played]],
    more: Callable[[], bool],
) -> _Played:
    """What shows the same, and of which nothing that is ``simpler`` does, or could be tried in time."""
    tried = {repr(scenario)}
    begun = True
    while begun:
        begun = False
        for candidate in simpler(scenario):
            text = repr(candidate)
            if text in tried:
                continue
            if not more():
                return scenario
            tried.add(text)
            if shows(candidate):
                scenario, begun = candidate, True
                break
    return scenario


def extent(scenario: Scenario | MirrorScenario) -> str:
    """How much there is to look at: the steps, and the characters of all that is not by default."""
    return f"{number(len(scenario.steps), 'step')}, {size(scenario)} characters"


def size(scenario: Scenario | MirrorScenario) -> int:
    """The characters of all that is not by default."""
    return len(TypeAdapter(type(scenario)).dump_json(scenario, exclude_defaults=True))


def shrunk(
    scenario: Scenario, lab: Player, rules: Collection[str], limit: timedelta, say: Callable[[str], None]
) -> Scenario:
    """A smaller scenario that breaks the first of these rules that the scenario breaks on a lab's daemon, in the same
    kind of case.

    Where the model breaks it as well, it is the one that is asked, for it costs nothing; else the daemon is, until
    the time limit, and twice, since a daemon remembers more than it should. What the model has found holds only if the
    daemon does the same.

    Raises:
        UsageError: the daemon keeps all of the rules.
    """

    def broken(player: Player, candidate: Scenario) -> list[tuple[str, str]]:
        verdicts = sorted(judge(candidate, player.play(candidate)), key=lambda verdict: verdict.step)
        return [(v.rule, v.variant) for v in verdicts if v.ruling == "fail" and v.rule in rules]

    sought = next(iter(broken(lab, scenario)), None)
    if sought is None:
        raise UsageError(
            f"{lab.profile.name} keeps every rule that is looked for, so there is nothing to make smaller."
        )
    say(f"{lab.profile.name} breaks {' on '.join(filter(None, sought))}; looking for less that does.")
    model = ModelLab(lab.profile.store)
    if sought in broken(model, scenario):
        small = smallest(scenario, lambda candidate: sought in broken(model, candidate))
        if sought in broken(lab, small):
            return small
    until = time.monotonic() + limit.total_seconds()
    return smallest(
        scenario,
        lambda candidate: all(sought in broken(lab, candidate) for _ in range(2)),
        more=lambda: time.monotonic() < until,
    )


def simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Scenarios with one thing less each, the greatest things first. Not all of them are possible."""
    yield from _with_one_image_for_two(scenario)
    yield from _less(scenario)


def is_possible(scenario: Scenario) -> bool:
    """Whether a scenario names nothing that there is not, and a simulator takes it."""
    if not scenario.steps or not all(spec.layers for spec in scenario.images.values()) or any(mistakes(scenario)):
        return False
    try:
        ModelLab("classic").play(scenario)
    except ArrangementError:
        return False
    return True


def _less(value: Any) -> Iterator[Any]:
    """The same value with something left out, or back at its default; what is at its default stays."""
    if isinstance(value, tuple):
        yield from shorter(value)
        for place, item in enumerate(value):
            yield from ((*value[:place], less, *value[place + 1 :]) for less in _less(item))
    elif isinstance(value, dict):
        for key in value:
            yield {other: item for other, item in value.items() if other != key}
        for key, item in value.items():
            yield from (value | {key: less} for less in _less(item))
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            held, usual = getattr(value, field.name), _default(field)
            if held == usual:
                continue
            if usual is not MISSING:
                yield replace(value, **{field.name: usual})
            yield from (replace(value, **{field.name: less}) for less in _less(held))


def shorter(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Without a half of the items, a quarter ... a single one; what came last goes first."""
    length = len(items)
    while length:
        for last in range(len(items), 0, -length):
            yield items[: max(last - length, 0)] + items[last:]
        length //= 2


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _with_one_image_for_two(scenario: Scenario) -> Iterator[Scenario]:
    for gone in scenario.images:
        for kept in scenario.images:
            if kept != gone:
                left = {name: spec for name, spec in scenario.images.items() if name != gone}
                yield _renamed(replace(scenario, images=left), gone, kept)


def _renamed(value: Any, gone: str, kept: str) -> Any:
    """The same with another image wherever one image was named."""
    if isinstance(value, tuple):
        return tuple(_renamed(item, gone, kept) for item in value)
    if isinstance(value, dict):
        return {key: _renamed(item, gone, kept) for key, item in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    name = "image" if isinstance(value, Copy | Publish) else "digest"
    parts = {field.name: _renamed(getattr(value, field.name), gone, kept) for field in fields(value) if field.init}
    if parts.get(name) == gone:
        parts[name] = kept
    return replace(value, **parts)
