"""The simplest mirror that there is: it passes every request on to Hub, and keeps nothing."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from simulator.local import LocalSimulator
from simulator.topology import REGISTRY_HOST

_PASSED = ("content-type", "docker-content-digest", "etag", "content-range", "link")


class Passing:
    """A mirror in this process, at ``url``; with ``digests`` it says of manifests which they are."""

    def __init__(self, hub: LocalSimulator, digests: bool = True) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                accept = {"accept": self.headers.get("accept", "*/*")}
                url = f"https://{REGISTRY_HOST}{self.path}"
                given = hub.http.request(self.command, url, headers=accept)
                self.send_response(given.status_code)
                for name in _PASSED:
                    if name in given.headers and (digests or name != "docker-content-digest"):
                        self.send_header(name, given.headers[name])
                self.send_header("content-length", given.headers.get("content-length", str(len(given.content))))
                self.end_headers()
                self.wfile.write(given.content)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Passing":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
