"""Each order against the one that is written down plainly."""

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.mirror.orders import ordering
from simulator.mirror.policy import Order
from tests.simulator.mirror.orders import Plain

ORDERS = get_args(Order)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "add", "use", "use", "use", "remove", "pop"]), st.integers(0, 5)))


@pytest.mark.parametrize("order", ORDERS)
@settings(deadline=None, max_examples=300)
@given(steps=STEPS)
def test_an_order_is_what_it_is_called(order: Order, steps: list[tuple[str, int]]) -> None:
    real, plain = ordering(order, int), Plain[int](order)
    for step, key in steps:
        held = key in plain.keys
        if step == "add" and not held:
            real.add(key)
            plain.add(key)
        elif step == "use" and held:
            real.use(key)
            plain.use(key)
        elif step == "remove" and held:
            real.remove(key)
            plain.remove(key)
        elif step == "pop" and plain.keys:
            assert real.pop() == plain.pop()
        assert len(real) == len(plain.keys)
    assert [real.pop() for _ in range(len(real))] == [plain.pop() for _ in range(len(plain.keys))]
