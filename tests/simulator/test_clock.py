"""The clock of a world."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import Clock
from tests.simulator import QUICK


@dataclass
class Real:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_runs_with_real_time() -> None:
    real = Real()
    clock = Clock(real)
    assert clock() == 100.0
    real.now += 5
    assert clock() == 105.0


def test_it_stands_and_runs_on_from_there() -> None:
    real = Real()
    clock = Clock(real)
    clock.stand(700.0)
    real.now += 5
    assert clock() == 700.0
    clock.run()
    assert clock() == 700.0
    real.now += 5
    assert clock() == 705.0


@QUICK
@given(st.lists(st.sampled_from(["stand", "run", "pass"]) | st.floats(0, 1000)))
def test_it_never_goes_back(actions: list[str | float]) -> None:
    real = Real()
    clock, told = Clock(real), [0.0]
    for action in actions:
        if action == "run":
            clock.run()
        elif action == "pass":
            real.now += 1
        else:
            clock.stand(action if isinstance(action, float) else clock())
        told.append(clock())
    assert told == sorted(told)
