"""The control API: arrange, change, read the journal. At an address of its own, never among the servers'."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.archives.files import ArchiveError
from simulator.checks import ArrangementError
from simulator.command.imagespec import SpecError
from simulator.control import openapi, wire
from simulator.control.operations import OPERATIONS, Operation
from simulator.network.server import Simulator

UNAUTHORIZED = "The control API wants its token: send it as Authorization: Bearer TOKEN."

_log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def application(simulator: Simulator, token: str = "") -> Starlette:
    """The control API of a simulator, as an ASGI application. With a token, it answers those who send it alone."""

    async def about(_: Request) -> Response:
        return _json(json.dumps(openapi.document()).encode())

    return Starlette(
        routes=[
            Route(openapi.PATH, _guarded(simulator, token, about), methods=["GET"]),
            *(
                Route(
                    operation.path,
                    _guarded(simulator, token, _answering(simulator, operation)),
                    methods=[operation.method],
                )
                for operation in OPERATIONS
            ),
        ],
        exception_handlers={HTTPException: _not_there},
    )


def _answering(simulator: Simulator, operation: Operation) -> Endpoint:
    async def answer(request: Request) -> Response:
        return _json(await operation.does(simulator, request))

    return answer


def _guarded(simulator: Simulator, token: str, endpoint: Endpoint) -> Endpoint:
    """The endpoint, with its exceptions answered: a connection that is good is kept, too."""

    async def answer(request: Request) -> Response:
        if not _may(request, token):
            return _problem(401, UNAUTHORIZED, {"www-authenticate": "Bearer"})
        try:
            return await endpoint(request)
        except (ArrangementError, wire.MalformedError, ArchiveError, SpecError) as problem:
            return _problem(422, str(problem))
        except ClientDisconnect:
            return _problem(422, "The request broke off.")
        except Exception as problem:  # noqa: BLE001 - whatever it is, the journal must tell of it
            _log.exception("The control API failed")
            simulator.failed(f"The control API failed: {problem!r}")
            return _problem(500, f"The simulator failed: {problem!r}.")

    return answer


def _may(request: Request, token: str) -> bool:
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    if not token:
        return True
    return hmac.compare_digest(sent.strip().encode(), token.encode()) and scheme.lower() == "bearer"


async def _not_there(_: Request, problem: Exception) -> Response:
    """The answer to a request for a path or a method that there is not."""
    if not isinstance(problem, HTTPException):
        raise problem
    return _problem(problem.status_code, f"{problem.detail}; GET {openapi.PATH} tells what there is.", problem.headers)


def _json(data: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(data, status, headers, media_type="application/json")


def _problem(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json(wire.problem_json(sentence), status, headers)
