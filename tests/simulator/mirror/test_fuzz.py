"""Whatever clients ask of a mirror with a policy, it answers, and with no failure of its own."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.messages import Request
from simulator.mirror.policy import Policy, PresetName, Sync
from tests.simulator.mirror.mirrors import AT_HUB, mirrored
from tests.simulator.test_fuzz import DIGESTS, FUZZED, HEADERS, PATHS, QUERIES, TEXT
from tests.simulator.worlds import manifest_path

POLICIES: list[Policy | PresetName] = [
    "gcr",
    "frozen",
    Policy(sync=Sync("on-read"), catalogue=True),
    Policy(tags="upstream", coalescing=False),
]
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "GET", "HEAD", "PUT", "DELETE", "POST"]) | TEXT,
    host=st.just("one.test"),
    path=PATHS | st.builds(manifest_path, DIGESTS | TEXT),
    query=QUERIES | TEXT,
    headers=HEADERS,
)


@FUZZED
@given(policy=st.sampled_from(POLICIES), requests=st.lists(REQUESTS, min_size=1, max_size=6))
def test_no_request_is_too_odd(policy: Policy | PresetName, requests: list[Request]) -> None:
    asker = mirrored(policy, held=AT_HUB[:1])
    for now, request in enumerate(requests):
        response = asker.world.handle(request, float(now)).response
        assert asker.world.journal.errors == []
        assert 200 <= response.status < 500
    asker.world.advance(float(len(requests)), 7200)
    assert asker.world.journal.errors == []
