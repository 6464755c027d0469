"""A daemon's API that says what it is told to, at a socket of this process."""

import json
import os
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from suites.verify.host import Machine

SNAPSHOTTER = [["driver-type", "io.containerd.snapshotter.v1"]]


def info(*mirrors: str, insecure: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """What ``/info`` answers."""
    hosts = {"docker.io": {"Name": "docker.io", "Mirrors": mirrors, "Secure": True}} | {
        host: {"Name": host, "Secure": False} for host in insecure
    }
    registries = {"Mirrors": list(mirrors), "InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": hosts}
    return {"RegistryConfig": registries, "OperatingSystem": "Debian", "DriverStatus": [["Backing", "extfs"]], **more}


@contextmanager
def engine(directory: Path, answer: dict[str, Any], version: str = "28.5.2") -> Iterator[str]:
    """Serve the API, and give its DOCKER_HOST."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0].rpartition("/")[2]
            told = {"version": {"Version": version, "ApiVersion": "1.45", "MinAPIVersion": "1.24"}, "info": answer}[
                path
            ]
            body = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

        def get_request(self) -> tuple[Any, Any]:
            request, _ = super().get_request()
            return request, ("local", 0)

    with Server(str(directory / "docker.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"unix://{directory}/docker.sock"
        finally:
            server.shutdown()
            thread.join()


def machine(directory: Path, *arguments: str, service: bool = True, name: str = "dockerd") -> Machine:
    """A machine on which this very process is a dockerd with a command line."""
    root, home, processes = directory / "root", directory / "home", directory / "proc"
    process = processes / str(os.getpid())
    process.mkdir(parents=True)
    (process / "comm").write_text(f"{name}\n")
    (process / "cmdline").write_text("\0".join(("/usr/bin/dockerd", *arguments, "")))
    (process / "status").write_text(f"Name:\t{name}\nNSpid:\t{os.getpid()}\n")
    (process / "cgroup").write_text("0::/system.slice/docker.service\n" if service else "0::/user.slice\n")
    root.mkdir()
    home.mkdir()
    return Machine(root, home, processes, {})


def put(some: Machine, path: str, text: str) -> Path:
    """Write a file of a machine."""
    file = some.at(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
