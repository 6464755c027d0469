"""Listeners that close and open at once, and connections that can be reached."""

import asyncio
import resource
import ssl
from collections.abc import Awaitable, Callable

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from simulator.network.http import HEAD_TIME, KEEP_ALIVE, Application, Connection

MOST_CONNECTIONS = 16384
"""Connections of one site. One more ends the one that has rested for longest; where none rests, it is broken off
itself."""

_SWEEP = 1.0


class ListenError(OSError):
    """An address that cannot be listened at. Its text is one sentence that says which and why."""


class _Listeners:
    """The addresses where one protocol is spoken."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        self._listeners: list[asyncio.Server] = []

    async def listen(
        self,
        address: str,
        port: int,
        context: ssl.SSLContext | None = None,
        speaker: Callable[[], asyncio.Protocol] | None = None,
    ) -> None:
        """Listen at one more port; there ``speaker`` may speak instead. Raises ListenError."""
        loop = asyncio.get_running_loop()
        speaks, handshake = speaker or self._protocol, HEAD_TIME if context else None
        try:
            listener = await loop.create_server(
                speaks, address, port, ssl=context, backlog=1024, ssl_handshake_timeout=handshake
            )
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


class SiteServer(_Listeners):
    """The listeners of a site, and the connections that they took."""

    def __init__(self, application: Application) -> None:
        super().__init__(lambda: Connection(application, self._join, self._connections.discard))
        self._connections: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def retire(self) -> None:
        """Close idle connections now, and busy ones after their answer."""
        for connection in list(self._connections):
            connection.retire()

    async def stop(self) -> None:
        """Close all listeners and break off all connections, whatever they wait for."""
        await self.refuse()
        tasks = [task for connection in list(self._connections) if (task := connection.break_off())]
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._sweeping:
            self._sweeping.cancel()
        await asyncio.sleep(0)

    def _join(self, connection: Connection) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            resting = (other for other in self._connections if other.rests)
            min(resting, key=lambda other: other.due, default=connection).transport.abort()
        self._connections.add(connection)
        if self._sweeping is None:
            self._sweep()

    def _sweep(self) -> None:
        """Give up the connections whose time is over, from now on as long as there are any."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [connection for connection in self._connections if connection.due < now]:
            connection.give_up()
        self._sweeping = loop.call_later(_SWEEP, self._sweep) if self._connections else None


class HttpServer(_Listeners):
    """Listeners for an ASGI application, and the connections that they took."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        super().__init__(lambda: HttpToolsProtocol(self._config, self._state, {}))
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

    async def stop(self) -> None:
        """Close all listeners and break off all connections, whatever they wait for."""
        await self.refuse()
        for connection in list(self._state.connections):
            connection.transport.abort()
        tasks = list(self._state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def want_descriptors() -> None:
    """Let this process have as many open files, and so connections, as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
