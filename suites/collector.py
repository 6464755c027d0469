"""The collector: gathers the tallies of all tests, in whichever process they ran, into one run."""

import io
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from fixtures.errors import UsageError
from report.results import Daemon, Run, Told
from suites.catalogue import rules
from suites.lanes import Lane, Lanes
from suites.plugin import BROKEN, TALLIED, lane_of
from suites.tally import TALLY, Count, Tally, coverage_of, result_of

Progress = Callable[[int, int, str], None]
"""Told of each test that ended: how many have, of how many, and the last one's name."""


@dataclass(frozen=True)
class Chosen:
    """The lanes of the chosen tests, by their ids."""

    lanes: Mapping[str, Lane] = field(default_factory=dict)


class _Choice:
    """A pytest plugin that notes what was chosen."""

    chosen = Chosen()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.chosen = Chosen({item.nodeid: lane_of(item) for item in items})


def collect(arguments: Sequence[str]) -> Chosen:
    """What these pytest arguments choose: found out before anything is started for it.

    Raises:
        UsageError: pytest refuses the arguments.
    """
    choice = _Choice()
    with redirect_stderr(io.StringIO()) as said:
        status = pytest.main([*arguments, "--collect-only"], plugins=[choice])
    if status == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(" ".join(said.getvalue().removeprefix("ERROR: ").split()))
    return choice.chosen


class Collector:
    """A pytest plugin for the process that reports. Afterwards, :meth:`run` tells what the run yields."""

    def __init__(self, progress: Progress, chosen: Chosen) -> None:
        self._progress = progress
        self._chosen = chosen
        self._began = time.monotonic()
        self._started = datetime.now(UTC)
        self._tallies: dict[str, Tally] = {}
        self._seconds: dict[str, float] = {}
        self._tests: dict[str, list[str]] = {}
        self._problems: list[str] = []
        self._ended: set[str] = set()
        self._total = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self._total = len(items)

    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Under xdist only the workers collect."""
        self._total = len(ids)

    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Lanes:
        return Lanes(len(config.getvalue("tx")), self._chosen.lanes)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._problems.append(f"The tests of {report.nodeid} could not be read: {reason(report.longreprtext)}")

    def pytest_keyboard_interrupt(self) -> None:
        """One Ctrl-C is enough: what follows is short, and leaves nothing behind if it is let."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def pytest_internalerror(self, excrepr: object) -> bool:
        """What breaks in pytest or in a plugin of it, in whichever process; it is told of in one sentence."""
        self._problems.append(f"The run itself broke off: {reason(str(excrepr))}")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties = dict(report.user_properties)
        if report.failed and not (report.when == "call" and BROKEN in properties):
            self._problems.append(f"{report.nodeid} could not be judged: {reason(report.longreprtext)}")
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.when != "teardown":
            return
        self._ended.add(report.nodeid)
        self._progress(len(self._ended), self._total, report.nodeid.rpartition("::")[2])
        if TALLIED in properties:
            tally = TALLY.validate_json(str(properties[TALLIED]))
            if tally.daemon:
                self._tallies[tally.daemon] = self._tallies.get(tally.daemon, Tally()).plus(tally)
                self._tests.setdefault(tally.daemon, []).append(report.nodeid)

    def run(
        self,
        wanted: tuple[str, ...],
        seed: int,
        command: str,
        *,
        interrupted: bool,
        nightly: bool,
    ) -> Run:
        """The whole run, for the rules that are wanted, in the order of the catalogue."""
        return Run(
            results=tuple(
                result_of(rules()[rule], daemon, tally.counts.get(rule, Count()))
                for daemon, tally in sorted(self._tallies.items())
                for rule in wanted
            ),
            daemons=tuple(self._daemon(name, tally) for name, tally in sorted(self._tallies.items())),
            told=tuple(told for _, tally in sorted(self._tallies.items()) for told in sorted(tally.told, key=_by_kind)),
            seed=seed,
            scenarios=sum(tally.scenarios for tally in self._tallies.values()),
            pulls=sum(tally.pulls for tally in self._tallies.values()),
            seconds=time.monotonic() - self._began,
            started=self._started.isoformat(timespec="seconds"),
            tool_version=version("mirror-conformance"),
            command=command,
            problems=(*self._problems, *(s for tally in self._tallies.values() for s in tally.refuted)),
            interrupted=interrupted,
            coverage=tuple(coverage_of(daemon, tally) for daemon, tally in sorted(self._tallies.items())),
            nightly=nightly,
        )

    def _daemon(self, name: str, tally: Tally) -> Daemon:
        seconds = sum(self._seconds[test] for test in self._tests.get(name, ()))
        return Daemon(name, tally.version, tally.store, tally.scenarios, tally.pulls, seconds)


def _by_kind(told: Told) -> tuple[str, str, str]:
    return told.hub, told.mirrors, told.sentence


def reason(text: str) -> str:
    """The sentence of the exception that a test ended with. What follows it, as a drawn example does, are notes; and a
    group of exceptions is drawn with a frame.
    """
    lines = text.splitlines()
    told = [line.startswith("E ") for line in lines]
    begins = [line for line, before, now in zip(lines, [False, *told], told, strict=False) if now and not before]
    unframed = [line.lstrip(" |") for line in lines if any(map(str.isalpha, line))]
    last = next(reversed(begins or unframed), "no reason was given")
    return last.removeprefix("E").strip()
