"""Whatever clients ask of a mirror with a policy, it answers, and with no failure of its own."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from simulator.messages import Request
from simulator.mirror.policy import Policy, PresetName, Sync
from tests.simulator.mirror.mirrors import AT_HUB, mirrored
from tests.simulator.requests import filled, requests
from tests.simulator.test_fuzz import FUZZED

POLICIES: list[Policy | PresetName] = [
    "gcr",
    "frozen",
    Policy(sync=Sync("on-read"), catalogue=True),
    Policy(tags="upstream", coalescing=False),
]


@FUZZED
@given(policy=st.sampled_from(POLICIES), asked=st.lists(requests(), min_size=1, max_size=6))
def test_no_request_is_too_odd(policy: Policy | PresetName, asked: list[Request]) -> None:
    asker = mirrored(policy, held=AT_HUB[:1])
    for now, request in enumerate(asked):
        at_mirror = replace(filled(request, "upload", "token", "/signed?signature=x"), host="one.test")
        response = asker.world.handle(at_mirror, float(now)).response
        assert asker.world.journal.errors == []
        assert 200 <= response.status < 500
    asker.world.advance(float(len(asked)), 7200)
    assert asker.world.journal.errors == []
