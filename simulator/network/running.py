"""A simulator as a process serves it: with its control API, until a signal comes."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator

from simulator.control import api as control
from simulator.network.connections import HttpServer, want_descriptors
from simulator.network.endpoint import Endpoint
from simulator.network.server import Simulator


def stop_at_signals(*numbers: signal.Signals) -> asyncio.Event:
    """An event that these signals set, instead of what they did before."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in numbers:
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def running(simulator: Simulator, at: Endpoint, token: str = "") -> AsyncIterator[None]:
    """Have a simulator and its control API listen, and nothing of them thereafter. Raises ListenError.

    With a token the control API answers those who send it alone.
    """
    want_descriptors()
    api = HttpServer(control.application(simulator, token))
    try:
        await simulator.start()
        await api.listen(at.address, at.port)
        yield
    finally:
        await api.stop()
        await simulator.stop()
