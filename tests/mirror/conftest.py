"""Mirrors of ours for the command line, which may be broken."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from fixtures.mirrors.local import MIRROR, subject_of
from fixtures.mirrors.playing import MirrorLab
from simulator.arrangement import Holdings
from simulator.local import LocalSimulator
from simulator.mirror.policy import PresetName, policy_of
from suites.mirror import command
from tests.mutants.broken_mirrors.spoilers import changed
from tests.mutants.broken_mirrors.standing import Spoil, Standing

NO_DIGEST: Spoil = changed(("manifests",), lambda _, given: given.saying(docker_content_digest=""))
"""A mirror that keeps the digests of manifests to itself: it breaks MANIFEST-1 on the trial ``held``."""

Break = Callable[[Spoil], None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Break:
    """Breaks the mirrors that ``--url simulator:...`` means."""

    def break_all(spoil: Spoil) -> None:
        @contextlib.contextmanager
        def lab(preset: PresetName, **_: object) -> Iterator[MirrorLab]:
            with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
                standing.spoil = spoil
                held = {MIRROR: Holdings(policy=policy_of(preset))}
                yield MirrorLab(subject_of(preset, simulator, standing.url), simulator, held)

        monkeypatch.setattr(command, "local_lab", lab)

    return break_all
