"""One request, in bounds of time and size: whatever comes back, or nothing, it ends with a plain value."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from suites.verify.answers import Problem, Stage
from suites.verify.network import LARGEST_BODY, NoProxyError, UnknownHostError, causes


@dataclass(frozen=True, slots=True)
class Call:
    """A request: what it is for, and ``wanted``, the tag or digest that it is about. Of a body, little more than
    ``most`` bytes is read.
    """

    stage: Stage
    method: str
    url: str
    wanted: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    follows: bool = True
    """Whether redirects are followed."""
    most: int = LARGEST_BODY


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``status`` is 0 where nothing did, ``body`` None where none was wanted or it did not come."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    seconds: float = 0.0
    problem: Problem = ""
    detail: str = ""
    unsent: bool = False
    """Whether there was no time to send the request."""


async def exchange(client: httpx.AsyncClient, call: Call, until: float) -> Reply:
    """Send a request and read its answer, with all redirects, until a time of the monotonic clock. It never raises."""
    began, phase = time.monotonic(), _Phase()
    if began >= until:
        return Reply(problem="timeout", unsent=True)
    status, headers, body = 0, httpx.Headers(), bytearray()
    problem: Problem = ""
    detail, unsent = "", False
    try:
        async with asyncio.timeout_at(on_loop(until)), _streamed(client, call, phase) as response:
            status, headers = response.status_code, response.headers
            phase.now = "body"
            if call.most:
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) > call.most:
                        break
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        problem, detail = _why(error, phase, call.url), str(error)
        unsent = isinstance(error, TimeoutError) and phase.now not in ("asking", "body")
    if problem in ("", "cut-short") and status >= (300 if call.follows else 400):
        problem = "unauthorized" if status == 401 else "status"
    data = bytes(body) if status and call.method != "HEAD" else None
    return Reply(status, dict(headers), data, time.monotonic() - began, problem, detail, unsent)


@asynccontextmanager
async def _streamed(client: httpx.AsyncClient, call: Call, phase: "_Phase") -> AsyncIterator[httpx.Response]:
    request = client.build_request(call.method, call.url, headers=dict(call.headers), extensions={"trace": phase.trace})
    response = await client.send(request, stream=True, follow_redirects=call.follows)
    try:
        yield response
    finally:
        await response.aclose()


def on_loop(monotonic: float) -> float:
    """A time of the monotonic clock, as the running loop has it."""
    return asyncio.get_running_loop().time() + monotonic - time.monotonic()


class _Phase:
    """How far a request has come."""

    def __init__(self) -> None:
        self.now = "looking up"

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        """Told by httpcore of each thing that begins or ends."""
        if event.startswith("connection.connect_tcp"):
            self.now = "connecting"
        elif event.startswith(("connection.start_tls", "proxy.start_tls")):
            self.now = "handshake"
        elif event.startswith("http11.") and self.now != "body":
            self.now = "asking"


_BY_PHASE: Mapping[str, Problem] = {
    "looking up": "lookup",
    "connecting": "unreachable",
    "handshake": "tls",
    "asking": "timeout",
    "body": "timeout",
}


def _why(error: Exception, phase: _Phase, url: str) -> Problem:
    """What kept a request from its answer."""
    if isinstance(error, httpx.RequestError) and _is_elsewhere(error, url):
        return "redirect"
    if isinstance(error, httpx.TooManyRedirects | httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "redirect"
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return _BY_PHASE[phase.now]
    if isinstance(error, UnknownHostError):
        return "dns"
    if isinstance(error, NoProxyError):
        return "proxy"
    if isinstance(error, httpx.ConnectError):
        return _no_connection(error, phase)
    if phase.now == "body":
        return "cut-short"
    disconnected = isinstance(error, httpx.NetworkError) or "disconnected" in str(error)
    return "reset" if disconnected else "malformed"


def _is_elsewhere(error: httpx.RequestError, url: str) -> bool:
    """Whether it happened at whom a redirect led to."""
    try:
        return error.request.url != httpx.URL(url)
    except (RuntimeError, httpx.InvalidURL):
        return False


def _no_connection(error: BaseException, phase: _Phase) -> Problem:
    chain = list(causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in chain):
        return "untrusted"
    if phase.now == "handshake":
        return "tls"
    return "refused" if any(isinstance(cause, ConnectionRefusedError) for cause in chain) else "unreachable"
