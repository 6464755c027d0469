"""HTTP as uvicorn speaks it, with listeners that close and open at once and connections that can be reached."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

KEEP_ALIVE = 600
"""Seconds. Longer than any trial, so that no idle connection closes at a moment of its own choice."""


class ListenError(OSError):
    """An address that cannot be listened at. Its text is one sentence that says which and why."""


class _Connection(HttpToolsProtocol):
    """A connection as uvicorn serves it, whose application can reach its transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state["transport"] = transport
        super().connection_made(transport)


class HttpServer:
    """Listeners for one application, and the connections that they took."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self._config = Config(
            application,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        self._state = ServerState()
        self._listeners: list[asyncio.Server] = []

    async def listen(
        self,
        address: str,
        port: int,
        context: ssl.SSLContext | None = None,
        speaker: Callable[[], asyncio.Protocol] | None = None,
    ) -> None:
        """Listen at one more port; there ``speaker`` may speak instead of HTTP. Raises ListenError."""
        loop = asyncio.get_running_loop()
        try:
            listener = await loop.create_server(speaker or self._protocol, address, port, ssl=context, backlog=1024)
        except OSError as error:
            message = f"Cannot listen at {address}:{port}: {error.strerror or error}."
            raise ListenError(message) from error
        self._listeners.append(listener)

    async def refuse(self) -> None:
        """Close all listeners: when this returns, the kernel refuses connections."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        await asyncio.sleep(0)

    def retire(self) -> None:
        """Close idle connections now, and busy ones after their answer."""
        for connection in list(self._state.connections):
            connection.shutdown()

    async def stop(self) -> None:
        """Close all listeners and break off all connections, whatever they wait for."""
        await self.refuse()
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _protocol(self) -> _Connection:
        return _Connection(self._config, self._state, {})
