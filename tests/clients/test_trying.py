"""What a try is held against: each part of a case can fail, by itself."""

from dataclasses import replace

import pytest

from tests.clients.cases import Case, Client
from tests.clients.trying import Tried, check

PULLED = Tried(0, "Digest: sha256:1234", ("hub GET layer library/app 200 none https",), {})
PULL = Case("pull", "pull app", says=("Digest",), asks=("hub GET layer .* 200",), never=("hub PUT",))


def test_a_case_that_went_as_it_should_passes() -> None:
    check(PULL, PULLED)
    check(replace(PULL, fails=True), replace(PULLED, status=7))


@pytest.mark.parametrize(
    ("case", "tried"),
    [
        pytest.param(PULL, replace(PULLED, status=1), id="failed"),
        pytest.param(replace(PULL, fails=True), PULLED, id="did not fail"),
        pytest.param(PULL, replace(PULLED, output=""), id="did not say it"),
        pytest.param(PULL, replace(PULLED, lines=()), id="did not ask"),
        pytest.param(PULL, replace(PULLED, lines=(*PULLED.lines, "hub PUT upload x 201")), id="asked what it must not"),
        pytest.param(PULL, replace(PULLED, lines=(*PULLED.lines, "hub GET ping - 500 none")), id="simulator failed"),
    ],
)
def test_a_case_that_did_not_fails(case: Case, tried: Tried) -> None:
    with pytest.raises(AssertionError):
        check(case, tried)


@pytest.mark.parametrize(
    ("version", "tried"),
    [("1.4.13", True), ("1.4.13~ds1", True), ("1.4.1", False), ("1.5", False), ("2.1", True), ("2.1.9+ds1-5", True),
     ("2.0.9", False), ("10.0", True)],
)  # fmt: skip
def test_versions_tried_are_those_named_and_newer_ones(version: str, tried: bool) -> None:
    assert Client("ctr", ("1.4.13", "2.1"), ()).was_tried(version) is tried
