"""The pytest plugin of the suites: options, the lab's fixtures, and the tally of each test.

A test of the suites takes the fixture ``trial``. It runs once for each daemon chosen with ``--daemon``, in the lane
that its daemon and its marks give it. Those marked ``nightly`` run with ``--nightly`` alone.
"""

import _thread
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from fixtures.engine.discovery import Engine, ensure_engine
from fixtures.images.making import Images, Source, ensure_images
from fixtures.lab.lab import Lab
from fixtures.lab.registries import Registries
from fixtures.model import ModelLab
from fixtures.playing import Player
from fixtures.profiles import Profile, load_profiles, select
from suites import catalogue
from suites.deviations import DEVIATIONS, Deviation, load
from suites.lanes import Lane
from suites.tally import TALLY
from suites.trial import RuleBroken, Trial

TALLIED = "conformance-tally"
BROKEN = "conformance-broken"


@dataclass(frozen=True)
class Options:
    """What the command line says of a run."""

    profiles: tuple[Profile, ...]
    images: Source
    deviations: tuple[Deviation, ...]
    seed: int
    scale: float


OPTIONS = pytest.StashKey[Options]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "conformance of Docker Hub mirrors")
    group.addoption("--daemon", action="append", default=[], help="daemon to try: a name, a pattern, default or all")
    group.addoption("--images", choices=("auto", "debian", "official"), default="auto", help="where images come from")
    group.addoption("--deviations", type=Path, default=DEVIATIONS, help="TOML file of known deviations")
    group.addoption("--seed", type=int, default=0, help="seed of everything that is drawn")
    group.addoption("--nightly", action="store_true", help="also run what takes long")
    group.addoption("--scale", type=float, default=1.0, help="how many examples to draw: 1 is the default budget")


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin("unraisableexception"):
        sys.unraisablehook = _deliver_again
    if hasattr(config, "workerinput"):
        threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    config.addinivalue_line(
        "markers", "rules(*ids): the rules a test is there for (none named: all); -k finds it by them"
    )
    config.addinivalue_line("markers", "waits: the test mostly waits for a daemon's time limits: it has a worker alone")
    config.addinivalue_line("markers", "draws: the test draws many scenarios, and comes before those that list theirs")
    config.addinivalue_line("markers", "nightly: the test takes long, and runs with --nightly alone")
    config.addinivalue_line("markers", "known: the test plays scenarios in files, and comes before those that draw")
    config.addinivalue_line("markers", "engine: needs a Docker engine")
    config.stash[OPTIONS] = Options(
        profiles=select(config.getoption("--daemon") or ["default"]),
        images=config.getoption("--images"),
        deviations=load(config.getoption("--deviations"), [profile.name for profile in load_profiles()]),
        seed=config.getoption("--seed"),
        scale=config.getoption("--scale"),
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lab" in metafunc.fixturenames:
        profiles = metafunc.config.stash[OPTIONS].profiles
        metafunc.parametrize("lab", profiles, ids=lambda profile: profile.name, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long is left to the night. Known scenarios come before everything that is drawn; and that, which lasts
    longest, before what ends soon, so that workers end together.
    """
    if not config.getoption("--nightly"):
        late = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item not in late]
    items.sort(key=lambda item: [not item.get_closest_marker(mark) for mark in ("known", "draws")])


def lane_of(item: pytest.Item) -> Lane:
    """The lane that a test belongs to. On a model nothing waits."""
    if not (isinstance(item, pytest.Function) and "lab" in item.fixturenames):
        return Lane()
    profile = cast("Profile", item.callspec.params["lab"])
    return Lane(profile.name, waits=not profile.is_model and item.get_closest_marker("waits") is not None)


def pytest_itemcollected(item: pytest.Item) -> None:
    for marker in item.iter_markers("rules"):
        item.extra_keyword_matches.update(catalogue.select(marker.args) if marker.args else catalogue.rules())


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """The Docker engine that the lab runs in, told to the libraries that ask the environment."""
    found = ensure_engine(print)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in found.environment().items():
            environment.setenv(name, value)
        yield found


@pytest.fixture(scope="session")
def images(engine: Engine, pytestconfig: pytest.Config) -> Images:
    """The images of the simulator and of the chosen daemons."""
    options = pytestconfig.stash[OPTIONS]
    return ensure_images(engine, [one for one in options.profiles if not one.is_model], options.images, print)


@pytest.fixture(scope="session")
def registries(images: Images) -> Iterator[Registries]:
    """Fake Docker Hub and fake mirrors, one set for each worker."""
    with Registries(images) as running:
        yield running


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Player]:
    """A daemon beside the registries, started once for all its tests; or a model, which needs none."""
    profile: Profile = request.param
    if profile.is_model:
        yield ModelLab(profile.store)
        return
    registries: Registries = request.getfixturevalue("registries")
    with Lab(profile, registries) as running:
        yield running


@pytest.fixture(scope="session")
def further_lab(request: pytest.FixtureRequest, lab: Player) -> Callable[[], AbstractContextManager[Player]]:
    """What starts a further lab of the same daemon, with registries of its own."""

    @contextlib.contextmanager
    def start() -> Iterator[Player]:
        if lab.profile.is_model:
            yield ModelLab(lab.profile.store)
            return
        with Registries(request.getfixturevalue("images")) as registries, Lab(lab.profile, registries) as running:
            yield running

    return start


@pytest.fixture
def trial(
    request: pytest.FixtureRequest,
    lab: Player,
    further_lab: Callable[[], AbstractContextManager[Player]],
    pytestconfig: pytest.Config,
) -> Iterator[Trial]:
    """Plays and judges scenarios on the daemon; what it tallied goes to the report."""
    options = pytestconfig.stash[OPTIONS]
    begun = Trial(lab, options.deviations, options.seed, options.scale, further_lab)
    yield begun
    request.node.user_properties.append((TALLIED, TALLY.dump_json(begun.tally).decode()))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Tell a broken rule, which is a result, from anything else that can go wrong, which is a problem."""
    if call.excinfo is not None and call.excinfo.errisinstance(RuleBroken):
        item.user_properties.append((BROKEN, str(call.excinfo.value)))


def _deliver_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Ctrl-C that fell into a callback, where Python can only print it, is delivered again a moment later."""
    if unraisable.exc_type is KeyboardInterrupt:
        threading.Timer(0.05, _thread.interrupt_main).start()
    else:
        sys.__unraisablehook__(unraisable)


def _end_with(parent: int) -> None:
    """End this worker at once when the command that started it is gone: it could only make what nobody removes."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)
