"""What happens by itself, at its time: as time goes on, or one moment after the other when time is skipped."""

import asyncio
from collections.abc import Awaitable, Callable

from simulator.clock import Clock

_LONGEST_SLEEP = 3600.0
"""Seconds. A moment further away than that is slept to in parts."""


class Turns:
    """Has a world's turns carried out, none before an earlier one.

    ``next_turn`` tells when, after a given time, something next happens. ``carry_out`` does what is due at a
    moment. When it returns, time may go on; where ``wholly`` is true it returns when all that it began has come to
    its end, too.
    """

    def __init__(
        self,
        clock: Clock,
        next_turn: Callable[[float], float | None],
        carry_out: Callable[..., Awaitable[None]],
    ) -> None:
        self._clock = clock
        self._next_turn = next_turn
        self._carry_out = carry_out
        self._one_at_a_time = asyncio.Lock()
        self._done = clock()
        self._alarm: asyncio.TimerHandle | None = None
        self._at = 0.0
        self._ringing: set[asyncio.Task[None]] = set()

    def arm(self) -> None:
        """Take note that the next turn may be another than before."""
        turn = self._next_turn(self._done)
        if self._alarm and turn == self._at:
            return
        self._disarm()
        if turn is not None and not self._one_at_a_time.locked():
            self._at = turn
            seconds = min(max(turn - self._clock(), 0.0), _LONGEST_SLEEP)
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._ring)

    async def advance(self, seconds: float) -> float:
        """Skip so many seconds, and tell the time thereafter.

        The clock stands at each moment at which something happens, until all of it has come to its end.
        """
        async with self._one_at_a_time:
            self._disarm()
            try:
                begin = self._clock()
                await self._at_once(begin)
                while (turn := self._next_turn(self._done)) is not None and turn <= begin + seconds:
                    await self._at_once(turn)
                self._clock.stand(begin + seconds)
            finally:
                after = self._clock()
                self._clock.run()
        self.arm()
        return after

    async def _at_once(self, turn: float) -> None:
        """Carry out wholly what is due, with the clock standing at that time."""
        self._clock.stand(turn)
        self._done = self._clock()
        await self._carry_out(self._done, wholly=True)

    def stop(self) -> None:
        self._disarm()
        for task in self._ringing:
            task.cancel()

    def _disarm(self) -> None:
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        self._alarm = None
        task = asyncio.get_running_loop().create_task(self._due())
        self._ringing.add(task)
        task.add_done_callback(self._ringing.discard)

    async def _due(self) -> None:
        async with self._one_at_a_time:
            self._done = self._clock()
            await self._carry_out(self._done, wholly=False)
        self.arm()
