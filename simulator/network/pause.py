"""Waiting for as long as was said."""

import asyncio
import time


async def pause(seconds: float) -> None:
    """Wait for so many seconds, and never for less. An event loop counts from the time that it knows, which is that
    of the beginning of its present turn: a timer that is set late in a long turn comes too early.
    """
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(left)
