"""The matrix is whole: cases have names of their own, and each is for a daemon that there is."""

import re

from fixtures.profiles import load_profiles
from tests.clients.matrix import BESIDE_A_DAEMON, CLIENTS


def test_no_client_has_two_cases_of_one_name() -> None:
    for client in CLIENTS:
        actions = [case.action for case in client.cases]
        assert len(set(actions)) == len(actions)


def test_every_case_is_for_some_daemon() -> None:
    names = [profile.name for profile in load_profiles()]
    for client in BESIDE_A_DAEMON:
        for case in client.cases:
            assert any(re.fullmatch(case.daemons, name) for name in names), case.action


def test_every_limit_and_every_fault_is_met() -> None:
    for client in CLIENTS:
        for case in client.cases:
            assert not case.limits or any("429" in pattern for pattern in case.asks), case.action
            assert not case.fault or case.asks or case.says, case.action
