"""The command line, called in this process, with nothing of it left behind."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from suites import cli, preparing


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """All that was said on standard error, on one line."""
        return " ".join(self.err.split())


Call = Callable[..., Ended]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Call]:
    """Runs a command where no engine answers, in a directory of its own."""

    def called(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mirror-conformance", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Ended(ended.value.code if isinstance(ended.value.code, int) else 1, said.out, said.err)

    # What belongs to this process may be the lab of other tests. Commands of a process of their own remove for real.
    monkeypatch.setattr(preparing, "remove_own", lambda _: None)
    monkeypatch.chdir(tmp_path)
    terminated = signal.getsignal(signal.SIGTERM)
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(("DOCKER_", "GITHUB_", "MIRROR_CONFORMANCE_"))]:
            del os.environ[name]
        os.environ["DOCKER_HOST"] = f"unix://{tmp_path}/nowhere.sock"
        yield called
    signal.signal(signal.SIGTERM, terminated)
