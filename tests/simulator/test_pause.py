"""A pause lasts as long as was said, also where the event loop's timers come too early."""

import pytest

from simulator.network import pause


def test_a_timer_that_comes_too_early_ends_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0

    async def too_early(seconds: float) -> None:
        nonlocal now
        now += max(seconds / 2, 0.001)

    monkeypatch.setattr("time.monotonic", lambda: now)
    monkeypatch.setattr("asyncio.sleep", too_early)
    step = pause.pause(5)
    with pytest.raises(StopIteration):
        step.send(None)
    assert now >= 105.0
