"""Whole stories, drawn step by step: publish, retag, warm, evict, break, heal, reorder, restart, remove, pull."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from fixtures.addresses import ELSEWHERE_HOST
from fixtures.playing import Play
from fixtures.scenario import Configure, Pull, Reference, Remove, Restart, Scenario, ShowInfo, Step
from simulator.arrangement import Break, Copy, Evict, Heal, Holdings, ImageSpec, Publish, Warm
from suites.strategies import HOST_OF, MIRROR_SERVERS, PARTS, TAGS, early_faults, mirror_urls, orders, references
from suites.trial import Trial

STORIES = 10
STEPS = 16
VERSIONS = {"v1": (64, 512), "v2": (64,), "v3": (512,)}
REPOSITORY = "library/app"

mirrors = st.sampled_from(MIRROR_SERVERS)
tags = st.sampled_from(TAGS)
versions = st.sampled_from(tuple(VERSIONS))
urls = orders.flatmap(mirror_urls)


class Story(RuleBasedStateMachine):
    """Plays each step as it is drawn, and has the whole story judged at its end."""

    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self._trial = trial
        self._steps: list[Step] = []
        self._arranged = Scenario()
        self._opened: Any = None
        self._play: Play | None = None
        self._restarts = 0
        self._by_flag = False

    @initialize(configured=urls, tag=tags, image=versions)
    def arrange(self, configured: tuple[str, ...], tag: str, image: str) -> None:
        self._arranged = Scenario(
            images={name: ImageSpec(name, layers=layers) for name, layers in VERSIONS.items()},
            servers={
                "hub": Holdings((Copy(REPOSITORY, tag, image),)),
                "elsewhere": Holdings((Copy(REPOSITORY, tag, image),)),
            },
            mirrors=configured,
        )
        self._opened = self._trial.lab.open(self._arranged)
        self._play = self._opened.__enter__()

    @rule(tag=tags, image=versions)
    def publish(self, tag: str, image: str) -> None:
        self._do(Publish(REPOSITORY, tag, image))

    @rule(mirror=mirrors, tag=tags)
    def warm(self, mirror: str, tag: str) -> None:
        self._do(Warm(mirror, REPOSITORY, tag))

    @rule(mirror=mirrors, tag=st.one_of(st.none(), tags), part=st.one_of(st.none(), st.sampled_from(PARTS)))
    def evict(self, mirror: str, tag: str | None, part: str | None) -> None:
        self._do(Evict(mirror, REPOSITORY, tag, (part,) if part else ()))

    @rule(mirror=mirrors, data=st.data())
    def break_mirror(self, mirror: str, data: st.DataObject) -> None:
        self._do(Break(mirror, data.draw(early_faults)))

    @rule(mirror=mirrors)
    def heal(self, mirror: str) -> None:
        self._do(Heal(mirror))

    @precondition(lambda self: not self._by_flag)
    @rule(configured=urls)
    def reorder(self, configured: tuple[str, ...]) -> None:
        self._do(Configure(configured))

    @precondition(lambda self: self._restarts == 0)
    @rule(configured=urls, flag=st.booleans())
    def restart(self, configured: tuple[str, ...], flag: bool) -> None:
        self._restarts += 1
        self._by_flag = flag
        self._do(Restart(configured, "flag" if flag else "file"))

    @rule(reference=tags.flatmap(lambda tag: references(REPOSITORY, tag, None)))
    def remove(self, reference: Reference) -> None:
        self._do(Remove(reference))

    @rule()
    def look(self) -> None:
        self._do(ShowInfo(as_json=False))

    @rule(data=st.data(), tag=tags, digest=st.one_of(st.none(), versions))
    def pull(self, data: st.DataObject, tag: str, digest: str | None) -> None:
        self._do(Pull(data.draw(references(REPOSITORY, tag, digest))))

    @rule(mirror=mirrors, data=st.data(), tag=tags)
    def pull_directly(self, mirror: str, data: st.DataObject, tag: str) -> None:
        self._do(Pull(data.draw(references(REPOSITORY, tag, None, HOST_OF[mirror]))))

    @rule(data=st.data(), tag=tags)
    def pull_elsewhere(self, data: st.DataObject, tag: str) -> None:
        self._do(Pull(data.draw(references(REPOSITORY, tag, None, ELSEWHERE_HOST))))

    def teardown(self) -> None:
        if self._play is None:
            return
        try:
            self._trial.judge(replace(self._arranged, steps=tuple(self._steps)), self._play)
        finally:
            self._opened.__exit__(None, None, None)

    def _do(self, step: Step) -> None:
        if self._play is not None:
            self._steps.append(step)
            self._play.do(step)


@pytest.mark.draws
@pytest.mark.rules(
    "ORDER-1", "ORDER-2", "ORDER-3", "FALLBACK-1", "FALLBACK-2", "HIT-1", "CONFIG-6", "SYNC-1", "EVICT-1"
)
@pytest.mark.parametrize("part", [1, 2])
def test_every_story_keeps_the_rules(trial: Trial, part: int) -> None:
    class Told(Story):
        def __init__(self) -> None:
            super().__init__(trial)

    seed(trial.seed(f"stories {part}"))(Told)
    trial.explore(lambda: run_state_machine_as_test(Told, settings=trial.examples(STORIES // 2, steps=STEPS)))
