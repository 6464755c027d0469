"""The servers that are compared: each a process that listens on loopback in plain HTTP."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from fixtures.errors import LabError
from fixtures.machine.children import MARK

_PATIENCE = 20.0
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A server that listens, and what it took until it did, in seconds from the start of its process."""

    name: str
    url: str
    pid: int
    ready: float

    @property
    def resident(self) -> int:
        """Bytes of its memory that are in use (VmRSS, proc(5))."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        kilobytes = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(kilobytes[1]) << 10 if kilobytes else 0

    @property
    def processor(self) -> float:
        """Seconds of processor time that it has used (proc(5): utime and stime)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


@contextmanager
def simulator(work: Path, address: str) -> Iterator[Server]:
    """One process with a Hub and a mirror; its control API is at the same address as Hub. The URL is that."""
    port, tls, plain = free_port(address), free_port(address), free_port(address)
    network = f"{address.rpartition('.')[0]}.0/24"
    command = [sys.executable, "-m", "simulator", "serve", "--quiet", "--mirrors", "1", "--address", network]
    command += ["--ports", f"{tls},{plain}", "--control", f"{address}:{port}"]
    with _started("simulator", command, f"http://{address}:{port}", "/health", work) as server:
        yield server


@contextmanager
def distribution(work: Path, root: Path, address: str) -> Iterator[Server]:
    """Debian's docker-registry on a file system, with its cache of descriptors in memory and no access log."""
    listen = f"{address}:{free_port(address)}"
    settings = work / "registry.yml"
    settings.write_text(
        f"""version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{cache: {{blobdescriptor: inmemory}}, filesystem: {{rootdirectory: {work / "storage"}}}}}
http: {{addr: "{listen}"}}
""",
        encoding="utf-8",
    )
    command = [str(root / "usr/bin/docker-registry"), "serve", str(settings)]
    with _started("docker-registry", command, f"http://{listen}", "/v2/", work) as server:
        yield server


@contextmanager
def crane(work: Path, root: Path, address: str) -> Iterator[Server]:
    """The registry of go-containerregistry, which holds everything in memory."""
    listen = f"{address}:{free_port(address)}"
    command = [str(root / "usr/bin/crane"), "registry", "serve", "--address", listen]
    with _started("crane", command, f"http://{listen}", "/v2/", work) as server:
        yield server


def free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _started(name: str, command: Sequence[str], url: str, path: str, work: Path) -> Iterator[Server]:
    """A server's process, from when it answers until the end of the context. Whoever clears the work directory ends
    it, too.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env=os.environ | {MARK: str(work), "TMPDIR": str(work)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(process, name, url + path, began)
        yield Server(name, url, process.pid, time.perf_counter() - began)
    finally:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", name: str, url: str, began: float) -> None:
    while time.perf_counter() - began < _PATIENCE:
        if process.poll() is not None:
            message = f"{name} ended with code {process.returncode} before it listened."
            raise LabError(message)
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.005)
    message = f"{name} did not answer within {_PATIENCE:.0f} seconds."
    raise LabError(message)
