"""An example in words, whatever was on trial: a daemon that played a scenario, or a mirror on a trial."""

from collections.abc import Container

from report import mirrored, words
from report.results import Example
from report.text import inert
from report.words import Taken


def subject(example: Example) -> str:
    """What was on trial."""
    return mirrored.named(example.tried) if example.tried else words.named(example.history)


def arranged(example: Example) -> list[tuple[str, str]]:
    """What there is before the first step, by server."""
    if example.tried:
        return mirrored.arranged(example.tried)
    return words.arranged(example.scenario, example.history)


def taken(example: Example, judged: Container[int]) -> list[Taken]:
    """The steps in order, with what came of them."""
    if example.tried:
        return mirrored.taken(example.tried, judged)
    return words.taken(example.scenario, example.history, judged)


def described(example: Example, judged: Container[int], width: int) -> list[str]:
    """What was arranged, then the steps, numbered, with what came of them; those that are judged are marked."""
    return words.laid_out(arranged(example), taken(example, judged), width)


def spelled(example: Example, step: int) -> str:
    """A step as a person would say it; nothing, where there is no such step."""
    steps = example.tried.scenario.steps if example.tried else example.scenario.steps
    if step not in range(len(steps)):
        return ""
    if example.tried:
        return mirrored.spell(example.tried, step)
    return words.spell(example.scenario.steps[step], example.history)


def again(example: Example) -> str:
    """The command that plays it again."""
    if example.tried:
        return mirrored.again(example.tried, example.id)
    return f"mirror-conformance replay {inert(example.id)}"
