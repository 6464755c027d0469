"""Load on one server: as many requests as it answers on so many connections, for so long.

By wrk, whose own part in the work is small; it cannot do HEAD, which hey does. hey's times are exact to 0.1 ms.
"""

import csv
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from fixtures.errors import LabError

_SCRIPT = """
done = function(summary, latency, requests)
   local e = summary.errors
   io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, summary.bytes,
      latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""
_PATIENCE = 60


@dataclass(frozen=True)
class Load:
    """What came of it. Times are in seconds."""

    requests: int
    seconds: float
    bytes: int
    p50: float
    p99: float


class Generator:
    """Runs the programs that were unpacked at ``root``."""

    def __init__(self, root: Path, environment: Mapping[str, str], work: Path) -> None:
        self._programs = root / "usr/bin"
        self._environment = os.environ | environment
        self._script = work / "done.lua"
        self._script.write_text(_SCRIPT, encoding="ascii")

    def run(self, method: str, url: str, headers: Mapping[str, str], connections: int, seconds: float) -> Load:
        """Load a server.

        Raises:
            LabError: not every answer was a good one.
        """
        fields = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        if method == "HEAD":
            return self._hey(url, fields, connections, seconds)
        return self._wrk(url, fields, connections, seconds)

    def _wrk(self, url: str, fields: list[str], connections: int, seconds: float) -> Load:
        options = ["-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", f"{_PATIENCE}s"]
        text = self._run(["wrk", *options, "-s", str(self._script), *fields, url])
        found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", text)
        numbers = [int(number) for number in found.groups()] if found else []
        if not numbers or numbers[-1] or not numbers[0]:
            message = f"The load on {url} had errors:\n{text}"
            raise LabError(message)
        requests, duration, size, p50, p99, _ = numbers
        return Load(requests, duration / 1e6, size, p50 / 1e6, p99 / 1e6)

    def _hey(self, url: str, fields: list[str], connections: int, seconds: float) -> Load:
        text = self._run(["hey", "-o", "csv", "-m", "HEAD", "-z", f"{seconds}s", "-c", str(connections), *fields, url])
        rows = list(csv.DictReader(text.splitlines()))
        if len(rows) < 2 or {row["status-code"] for row in rows} != {"200"}:
            message = f"The load on {url} had errors, in {len(rows)} answers."
            raise LabError(message)
        times = quantiles((float(row["response-time"]) for row in rows), n=100)
        return Load(len(rows), max(float(row["offset"]) for row in rows) or seconds, 0, times[49], times[98])

    def _run(self, command: list[str]) -> str:
        done = subprocess.run(
            [str(self._programs / command[0]), *command[1:]],
            check=False,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * _PATIENCE,
        )
        if done.returncode != 0:
            message = f"{command[0]} failed:\n{done.stdout}"
            raise LabError(message)
        return done.stdout
