"""A play of a mirror has what belongs to it, and nothing of an earlier one."""

from dataclasses import dataclass, replace

import httpx

from fixtures.mirrors.local import MIRROR, subject_of
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import Restart
from fixtures.mirrors.subject import HookName
from simulator.arrangement import Holdings
from simulator.local import LocalSimulator
from simulator.mirror.policy import policy_of
from suites.mirror.trials.common import BY_TAG, OTHER, TAG, one


@dataclass
class _Belated:
    """A restart after which the mirror asks Hub for an image of an earlier play."""

    url: str
    known: frozenset[HookName] = frozenset({"restart"})
    repository: str = ""

    def do(self, hook: HookName, **_: str) -> None:
        assert hook == "restart"
        httpx.get(f"{self.url}/v2/{self.repository}/manifests/{TAG}", trust_env=False)


def test_what_a_mirror_goes_on_with_is_no_part_of_a_later_play() -> None:
    with LocalSimulator(mirrors=1) as simulator:
        subject = subject_of("pull-through", simulator, simulator.mirrors[0].url)
        belated = _Belated(subject.url)
        lab = MirrorLab(
            replace(subject, hooks=belated), simulator, {MIRROR: Holdings(policy=policy_of("pull-through"))}
        )
        belated.repository = f"{OTHER}-{lab.play(one(BY_TAG)).salt}"
        later = lab.play(one(BY_TAG, Restart()))
        assert {exchange.repository for exchange in later.exchanges if exchange.repository} == {BY_TAG.repository}
        assert len([e for e in simulator.journal().exchanges if e.repository == belated.repository]) > 0
