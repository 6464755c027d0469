"""The control API: arrange, change, read the journal. For the lab alone, at an address of its own."""

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.checks import ArrangementError
from simulator.control import wire
from simulator.network.server import Simulator

_LONGEST_MARK = 18
_log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def application(simulator: Simulator) -> Starlette:
    """The control API of a simulator, as an ASGI application."""

    async def arrange(request: Request) -> Response:
        arrangement = wire.arrangement_from(await request.body())
        return _json(wire.contents_json(await simulator.arrange(arrangement)))

    async def change(request: Request) -> Response:
        changes = wire.changes_from(await request.body())
        return _json(wire.mark_json(await simulator.apply(changes)))

    async def journal(request: Request) -> Response:
        return _json(wire.journal_json(simulator.journal(_since(request))))

    async def ledger(request: Request) -> Response:
        return _json(wire.ledger_json(simulator.ledger(_since(request))))

    async def mark(_: Request) -> Response:
        return _json(wire.mark_json(simulator.journal().mark))

    async def clock(_: Request) -> Response:
        return _json(wire.time_json(simulator.clock()))

    async def advance(request: Request) -> Response:
        seconds = wire.advance_from(await request.body())
        return _json(wire.time_json(await simulator.advance(seconds)))

    async def health(_: Request) -> Response:
        return _json(wire.topology_json(simulator.world.topology))

    return Starlette(
        routes=[
            Route("/arrangement", _guarded(simulator, arrange), methods=["PUT"]),
            Route("/changes", _guarded(simulator, change), methods=["POST"]),
            Route("/journal", _guarded(simulator, journal), methods=["GET"]),
            Route("/ledger", _guarded(simulator, ledger), methods=["GET"]),
            Route("/mark", _guarded(simulator, mark), methods=["GET"]),
            Route("/clock", _guarded(simulator, clock), methods=["GET"]),
            Route("/clock", _guarded(simulator, advance), methods=["POST"]),
            Route("/health", _guarded(simulator, health), methods=["GET"]),
        ]
    )


def _since(request: Request) -> int:
    """The mark that a query begins at; raises MalformedError."""
    since = request.query_params.get("since", "0")
    if not since.isdecimal() or len(since) > _LONGEST_MARK:
        message = f"since={since!r} is not a mark."
        raise wire.MalformedError(message)
    return int(since)


def _guarded(simulator: Simulator, endpoint: Endpoint) -> Endpoint:
    """The endpoint, with its exceptions answered: a connection that is good is kept, too."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (ArrangementError, wire.MalformedError) as problem:
            return _problem(422, str(problem))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            _log.exception("The control API failed")
            simulator.failed(f"The control API failed: {problem!r}")
            return _problem(500, f"The simulator failed: {problem!r}.")

    return answer


def _json(data: bytes, status: int = 200) -> Response:
    return Response(data, status, media_type="application/json")


def _problem(status: int, sentence: str) -> Response:
    return _json(wire.problem_json(sentence), status)
