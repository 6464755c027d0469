"""What stands before a mirror: it hands requests and answers on, and spoils them as it is told."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from simulator.local import LocalSimulator
from simulator.topology import REGISTRY_HOST

Pairs = tuple[tuple[str, str], ...]
_OF_THE_CONNECTION = frozenset({"connection", "transfer-encoding", "keep-alive"})


@dataclass(frozen=True)
class Asked:
    """A request of a client. Names of headers are in lower case."""

    method: str
    target: str
    headers: Pairs = ()
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def kind(self) -> str:
        """``manifests``, ``blobs``, ``tags``, ``referrers`` or whatever else is asked for."""
        parts = self.path.split("/")
        return next((part for part in ("manifests", "blobs", "tags", "referrers") if part in parts), "")

    @property
    def reference(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def repository(self) -> str:
        return self.path.removeprefix("/v2/").partition(f"/{self.kind}/")[0]

    @property
    def by_digest(self) -> bool:
        return self.reference.startswith("sha256:")

    def gets(self, *kinds: str) -> bool:
        """Whether it is a GET of one of these."""
        return self.method == "GET" and self.kind in kinds

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def without(self, *names: str) -> "Asked":
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] not in names))


@dataclass(frozen=True)
class Given:
    """An answer. ``body`` comes piece by piece."""

    status: int
    headers: Pairs = ()
    body: Iterable[bytes] = ()

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def saying(self, **headers: str) -> "Given":
        """The same with other headers; one that is ``""`` is left out."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = tuple(pair for pair in self.headers if pair[0] not in told)
        return replace(self, headers=(*kept, *((name, value) for name, value in told.items() if value)))

    def with_body(self, data: bytes) -> "Given":
        return replace(self.saying(content_length=str(len(data))), body=(data,))

    def read(self) -> tuple["Given", bytes]:
        """The same once all of it has come, and its bytes."""
        data = b"".join(self.body)
        return replace(self, body=(data,)), data


def page(status: int, text: str = "", **headers: str) -> Given:
    """An answer with a short text, or with none."""
    return Given(status, (("content-type", "text/plain"),)).saying(**headers).with_body(text.encode())


@dataclass
class Memory:
    """What a spoiler remembers, and whom it can ask. ``evicted`` are the repositories that lost
    something, ``crashes`` the spoiler's own failures.
    """

    simulator: LocalSimulator
    kept: dict[str, Given] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    evicted: set[str] = field(default_factory=set)
    crashes: list[str] = field(default_factory=list)

    def hub(self, method: str, target: str, **more: object) -> httpx.Response:
        """Ask Hub, with a token of one's own. Raises httpx.HTTPError."""
        url = target if target.startswith("http") else f"https://{REGISTRY_HOST}{target}"
        return self.simulator.http.request(method, url, timeout=1.5, **more)  # type: ignore[arg-type]


Send = Callable[[Asked], Given]
Spoil = Callable[[Asked, Send, Memory], Given]


def nothing(asked: Asked, send: Send, _: Memory) -> Given:
    """Hand on what is asked and answered."""
    return send(asked)


class Standing:
    """A server before the first mirror of a simulator. ``spoil`` and ``memory`` are exchanged as one likes."""

    def __init__(self, simulator: LocalSimulator) -> None:
        self.spoil: Spoil = nothing
        self.memory = Memory(simulator)
        self._inner = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=None))
        self._base = simulator.mirrors[0].url
        standing = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError, httpx.HTTPError):
                    super().handle_one_request()

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name.startswith("do_"):
                    return lambda: standing.answer(self)
                raise AttributeError(name)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Standing":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._inner.close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        handler.close_connection = True
        length = int(handler.headers.get("content-length") or 0)
        headers = tuple((name.lower(), value) for name, value in handler.headers.items())
        asked = Asked(handler.command, handler.path, headers, handler.rfile.read(length))
        try:
            given = self.spoil(asked, self._send, self.memory)
        except Exception as crash:  # noqa: BLE001 - a spoiler that fails has spoiled nothing, and is to be found out
            self.memory.crashes.append(repr(crash))
            given = page(500)
        handler.send_response_only(given.status)
        for name, value in given.headers:
            if name not in _OF_THE_CONNECTION:
                handler.send_header(name, value)
        handler.send_header("connection", "close")
        handler.end_headers()
        for piece in given.body:
            if asked.method != "HEAD":
                handler.wfile.write(piece)

    def _send(self, asked: Asked) -> Given:
        headers = [(name, value) for name, value in asked.headers if name not in ("connection", "content-length")]
        request = httpx.Request(
            asked.method,
            f"{self._base}/",
            headers=headers,
            content=asked.body or None,
            extensions={"target": asked.target.encode(), "timeout": httpx.Timeout(30).as_dict()},
        )
        response = self._inner.send(request, stream=True)
        pairs = tuple((name.lower(), value) for name, value in response.headers.multi_items())
        return Given(response.status_code, pairs, _pieces(response))


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_raw(1 << 16)
    finally:
        response.close()
