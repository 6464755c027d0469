"""A person on the machine of a lab's daemon, who types ``mirror-conformance verify`` there.

The machine has no Python: this process' own is brought along, to where the machine's network and processes are, and a
copy of its /etc.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.lab.containers import SOCKET_DIRECTORY
from tests.verify.standing import Standing

ROOT = Path(__file__).parents[2]
_COME = """
mount -t tmpfs none /mnt
cp -a /proc/$MACHINE/root/etc/. /mnt
mount --bind /mnt /etc
mount -t proc proc /proc
cd / && exec "$@"
"""


@dataclass(frozen=True)
class Told:
    """How the command ended, and what it told as JSON."""

    code: int
    document: dict[str, Any]

    @property
    def codes(self) -> list[str]:
        """The codes of all remarks but those that any daemon of this kind earns."""
        return [remark["code"] for remark in self.document["remarks"] if remark["code"] != "known-deviation"]


@dataclass(frozen=True)
class Person:
    """Someone where a lab's daemon stands."""

    standing: Standing

    def verifies(self, *arguments: str) -> Told:
        """What ``verify`` tells this person, as JSON."""
        process = self.standing.process
        come = ["nsenter", f"--target={process}", "--net", "--pid", "unshare", "--mount", "sh", "-ec", _COME, "sh"]
        program = [sys.executable, "-m", "suites", "verify", "--format=json", *arguments]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            **{name: value for name, value in os.environ.items() if name.startswith(("PYTHONPYCACHE", "PYTHONDONT"))},
            "LD_LIBRARY_PATH": str(Path(sys.base_prefix) / "lib"),
            "DOCKER_HOST": f"unix:///proc/1/root{SOCKET_DIRECTORY}/docker.sock",
            "MACHINE": str(process),
        }
        ran = subprocess.run([*come, *program], capture_output=True, text=True, env=environment, check=False)
        assert ran.stdout, ran.stderr
        return Told(ran.returncode, json.loads(ran.stdout))
