"""What a check is: a test of one statement of the specification, tried on every subject that it is about, and on a
broken registry, where it must fail.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.simulator.conformance.subjects import Subject

Function = Callable[[Subject], None]

READERS = ("hub", "registry", "mirror")
TAKERS = ("hub", "registry")


@dataclass(frozen=True, slots=True)
class Check:
    """``section`` is a heading of the specification; ``broken`` names the broken registry that it must find out."""

    section: str
    subjects: tuple[str, ...]
    broken: str
    function: Function

    @property
    def module(self) -> str:
        return self.function.__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function.__name__}"


CHECKS: list[Check] = []


def check(section: str, subjects: tuple[str, ...], *, broken: str) -> Callable[[Function], Function]:
    """Make a function a check, and a test of each of the subjects."""

    def enlist(function: Function) -> Function:
        CHECKS.append(Check(section, subjects, broken, function))
        marked: Function = pytest.mark.parametrize("subject", subjects, indirect=True)(function)
        return marked

    return enlist
