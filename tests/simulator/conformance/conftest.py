from collections.abc import Iterator

import pytest

from tests.simulator.conformance.subjects import Subject, subject_at
from tests.simulator.conftest import Bench


@pytest.fixture
def subject(session_bench: Bench, request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The registry on trial. Nothing that is asked of it may be beyond the simulator."""
    with subject_at(session_bench, request.param) as subject:
        yield subject
    assert session_bench.client.journal().errors == ()
