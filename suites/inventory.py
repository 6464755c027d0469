"""The tests that there are, and what each is there for: found out without running any."""

import io
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.profiles import Profile

SUITES = Path(__file__).parent
WHERE = (str(SUITES), f"--rootdir={SUITES}", f"--config-file={SUITES / 'pytest.ini'}")
"""The arguments by which pytest finds the suites."""


@dataclass(frozen=True)
class Test:
    """A test: its function in its file, its daemon, and the rules that it is there for (none named: all).

    ``nightly`` says that it runs with ``--nightly`` alone, ``waits`` that it mostly waits: it has a lane of its own.
    """

    function: str
    daemon: str
    rules: tuple[str, ...]
    nightly: bool
    waits: bool


class _Inventory:
    """A pytest plugin that notes what was chosen."""

    tests: tuple[Test, ...] = ()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.tests = tuple(map(_test, items))


def inventory(arguments: Sequence[str]) -> tuple[Test, ...]:
    """What pytest arguments choose."""
    noted = _Inventory()
    with redirect_stderr(io.StringIO()):
        pytest.main([*arguments, "--collect-only"], plugins=[noted])
    return noted.tests


def _test(item: pytest.Item) -> Test:
    profile = item.callspec.params.get("lab") if isinstance(item, pytest.Function) else None
    real = isinstance(profile, Profile) and not profile.is_model
    return Test(
        function=item.nodeid.partition("[")[0],
        daemon=profile.name if isinstance(profile, Profile) else "",
        rules=tuple(rule for marker in item.iter_markers("rules") for rule in marker.args),
        nightly=item.get_closest_marker("nightly") is not None,
        waits=real and item.get_closest_marker("waits") is not None,
    )
