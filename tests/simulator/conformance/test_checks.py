"""That the checks can fail, and that the documentation tells of them."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from simulator.arrangement import Break, Fault, FaultKind
from tests.simulator.conformance import test_discovery, test_management, test_pull, test_push
from tests.simulator.conformance.broken import BROKEN, broken
from tests.simulator.conformance.checks import CHECKS, READERS, Check, Function
from tests.simulator.conformance.subjects import subject_at
from tests.simulator.conftest import Bench

MODULES = (test_pull, test_push, test_discovery, test_management)
CASES = [(check, name) for check in CHECKS for name in check.subjects]
DOCUMENT = Path(__file__).parents[3] / "docs" / "simulator-reference.md"


@pytest.mark.parametrize(("check", "name"), CASES, ids=lambda value: value if isinstance(value, str) else value.name)
def test_the_checks_can_fail(session_bench: Bench, check: Check, name: str) -> None:
    with subject_at(session_bench, name) as subject:
        subject.transport.spoil = broken(check.broken)
        with pytest.raises((AssertionError, KeyError)):
            check.function(subject)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("kind", "function"),
    [
        ("wrong-digest", test_pull.test_a_manifest_comes_with_its_digest),
        ("wrong-type", test_pull.test_a_manifest_is_of_the_type_that_was_pushed_without_parameters),
        ("corrupt", test_pull.test_manifests_by_digest),
        ("corrupt", test_pull.test_blobs),
    ],
)
def test_the_simulators_own_faults_are_found_out(
    session_bench: Bench, name: str, kind: FaultKind, function: Function
) -> None:
    site = {"hub": "hub", "registry": "own", "mirror": "one"}[name]
    with subject_at(session_bench, name) as subject:
        session_bench.client.apply(Break(site, Fault(kind, method="GET")))
        with pytest.raises(AssertionError):
            function(subject)


def test_every_check_is_enlisted() -> None:
    tests = {getattr(module, name) for module in MODULES for name in vars(module) if name.startswith("test_")}
    assert {check.function for check in CHECKS} == tests - {test_push.test_a_mirror_takes_nothing}


def test_every_broken_registry_is_found_out_by_some_check() -> None:
    assert {check.broken for check in CHECKS} == set(BROKEN)


def test_the_documentation_tells_of_every_check() -> None:
    rows: dict[tuple[str, str], list[Check]] = defaultdict(list)
    for check in CHECKS:
        rows[check.section, check.module].append(check)
    counted = [
        f"| {section} | `{module}.py` | " + " | ".join(_count(checks, name) for name in READERS) + " |"
        for (section, module), checks in rows.items()
    ]
    told = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| [^|]+ \| `test_\w+\.py` \|", line)]
    assert sorted(told) == sorted(counted)


def _count(checks: list[Check], name: str) -> str:
    """How many of the checks are about a subject, as the table says it."""
    return str(sum(name in check.subjects for check in checks) or "-")
