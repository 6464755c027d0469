"""The pytest plugin for whoever makes a mirror: their own test run has a test for each rule.

``pytest --mirror mirror.toml`` collects a description as if it were a file of tests. Or a test takes the fixture
``mirror_rule``, and so runs once for each rule, on the mirror that the fixture ``mirror_on_trial`` starts.

A mirror is asked once, for all tests of a run, and for nothing that no chosen test needs: with xdist by the worker that
comes first. Unused, the plugin brings nothing in.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from fixtures.mirrors.playing import MirrorLab
    from fixtures.mirrors.subject import MirrorSubject
    from report.results import Example, RuleResult, Run
    from simulator.client import SimulatorClient
    from suites.verdict import Rule

    Labs = Callable[[], AbstractContextManager[MirrorLab]]

DESCRIPTION = pytest.StashKey[Path | None]()
CHOSEN = pytest.StashKey[tuple[str, ...]]()
TOLD = pytest.StashKey["dict[str, Told]"]()
SHARED = pytest.StashKey[str]()
_SHARED = "mirror_conformance"
_WIDTH = 100


class MirrorWarning(UserWarning):
    """A rule that SHOULD be kept and was not, or a remark."""


@dataclass(frozen=True)
class Told:
    """What a run comes to for one rule, as a test shows it."""

    outcome: Literal["pass", "fail", "warning", "known", "skip", "error"]
    text: str = ""

    def check(self) -> None:
        """Pass, fail, skip, xfail or warn, with nothing but what there is to tell."""
        match self.outcome:
            case "fail":
                pytest.fail(self.text, pytrace=False)
            case "warning":
                warnings.warn(MirrorWarning(self.text), stacklevel=2)
            case "known":
                pytest.xfail(self.text)
            case "skip":
                pytest.skip(self.text)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mirror-conformance", "conformance of a Docker Hub mirror")
    group.addoption("--mirror", type=Path, metavar="FILE", help="put the mirror on trial that this TOML describes")
    group.addoption("--mirror-hub", metavar="URL", help="the control API of the Hub that is its upstream")
    parser.addini("mirror", "a TOML description of a mirror to put on trial", default="")


def pytest_configure(config: pytest.Config) -> None:
    given, written = config.getoption("--mirror"), config.getini("mirror")
    file = config.invocation_params.dir / given if given else config.rootpath / written if written else None
    config.stash[DESCRIPTION] = file.resolve() if file else None
    if hasattr(config, "workerinput"):
        config.stash[SHARED] = config.workerinput.get(_SHARED, "")
        return
    whole = given or config.args_source is not pytest.Config.ArgsSource.ARGS
    named = any(Path(argument.partition("::")[0]).resolve() == config.stash[DESCRIPTION] for argument in config.args)
    if file and whole and not named:
        config.args.append(str(file))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Give the workers of xdist a place for what the mirror answered."""
    config = cast("pytest.Config", node.config)  # type: ignore[attr-defined]
    if SHARED not in config.stash:
        directory = tempfile.TemporaryDirectory(prefix="mirror-conformance-")
        config.add_cleanup(directory.cleanup)
        config.stash[SHARED] = directory.name
    node.workerinput[_SHARED] = config.stash[SHARED]  # type: ignore[attr-defined]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.resolve() != parent.config.stash[DESCRIPTION]:
        return None
    return MirrorFile.from_parent(parent, path=file_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mirror_rule" in metafunc.fixturenames:
        metafunc.parametrize("mirror_rule", _rules(), indirect=True)


def pytest_collection_finish(session: pytest.Session) -> None:
    chosen = [_rule_of(item) for item in session.items]
    session.config.stash[CHOSEN] = tuple(dict.fromkeys(rule for rule in chosen if rule))


class MirrorFile(pytest.File):
    """A description of a mirror, which has a test for each rule."""

    def collect(self) -> Iterator[MirrorItem]:
        for rule in _rules():
            yield MirrorItem.from_parent(self, name=rule)


class MirrorItem(pytest.Item):
    """One rule on the mirror of a description."""

    def setup(self) -> None:
        self._told = _told(self.config, self.name, lambda: _described(self.config, self.path))

    def runtest(self) -> None:
        self._told.check()

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


@pytest.fixture(scope="session")
def mirror_hub() -> Iterator[SimulatorClient]:
    """The fake Docker Hub that the mirror is to be pointed at: by default one in this process."""
    from simulator.local import LocalSimulator  # noqa: PLC0415

    with LocalSimulator(mirrors=0) as simulator:
        yield simulator


@pytest.fixture
def mirror_rule(request: pytest.FixtureRequest) -> Told:
    """What one rule says of the mirror that the fixture ``mirror_on_trial``, which is the test's own, has started."""

    @contextlib.contextmanager
    def lab() -> Iterator[MirrorLab]:
        from fixtures.mirrors.playing import MirrorLab  # noqa: PLC0415

        subject: MirrorSubject = request.getfixturevalue("mirror_on_trial")
        yield MirrorLab(subject, request.getfixturevalue("mirror_hub"))

    return _told(request.config, request.param, lab)


def _rules() -> list[str]:
    from suites.mirror.judge import rules  # noqa: PLC0415

    return list(rules())


def _rule_of(item: pytest.Item) -> str:
    if isinstance(item, MirrorItem):
        return item.name
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("mirror_rule", "")) if callspec else ""


def _described(config: pytest.Config, file: Path) -> AbstractContextManager[MirrorLab]:
    from suites.mirror.command import CONTROL, mirror_on_trial  # noqa: PLC0415

    return mirror_on_trial(file, config.getoption("--mirror-hub") or CONTROL)


def _told(config: pytest.Config, rule: str, lab: Labs) -> Told:
    """What the one run comes to for a rule. Where the run itself failed, or the judge, the test's setup does."""
    if TOLD not in config.stash:
        shared, chosen = config.stash.get(SHARED, ""), config.stash[CHOSEN]
        config.stash[TOLD] = _shared(Path(shared), chosen, lab) if shared else _run(chosen, lab)
    told = config.stash[TOLD][rule]
    if told.outcome == "error":
        pytest.fail(told.text, pytrace=False)
    return told


def _shared(directory: Path, chosen: Sequence[str], lab: Labs) -> dict[str, Told]:
    """What the first worker was told, for all of them."""
    from filelock import FileLock  # noqa: PLC0415

    file = directory / "told.json"
    with FileLock(directory / "lock"):
        if not file.exists():
            told = _run(chosen, lab)
            file.write_text(json.dumps({rule: asdict(one) for rule, one in told.items()}), encoding="utf-8")
        return {rule: Told(**one) for rule, one in json.loads(file.read_text(encoding="utf-8")).items()}


def _run(chosen: Sequence[str], lab: Labs) -> dict[str, Told]:
    """Ask the mirror for what some rules need. What goes wrong is an error of each of them."""
    from fixtures.errors import LabError  # noqa: PLC0415

    try:
        with lab() as running:
            run = _played(running, chosen)
    except LabError as error:
        return {rule: Told("error", str(error)) for rule in chosen}
    if run.problems:
        return {rule: Told("error", " ".join(run.problems)) for rule in chosen}
    return {result.rule.id: _shown(result) for result in run.results}


def _played(lab: MirrorLab, chosen: Sequence[str]) -> Run:
    from suites.mirror.trials import trials, trials_of_rules  # noqa: PLC0415
    from suites.mirror.trying import check, try_mirror  # noqa: PLC0415

    there = trials_of_rules()
    needed = [there.get(rule) or there.get(rule.partition("/")[0], ()) for rule in chosen]
    names = {trial.name for found in needed for trial in found}
    check(lab)
    asked = [trial for trial in trials(lab.subject) if trial.name in names]
    return try_mirror(lab, asked, chosen, "pytest", lambda *_: None)


def _shown(result: RuleResult) -> Told:
    said = f"{result.rule.id} {result.rule.level}: {result.rule.title}"
    match result.status:
        case "pass":
            return Told("pass")
        case "deviation":
            return Told("known", f"{said} {result.reason}")
        case "fail":
            told = "\n".join(_explained(result.example, result.rule)) if result.example else said
            return Told("fail", told) if result.rule.level == "MUST" else Told("warning", f"{said} {result.reason}")
        case "error":
            return Told("error", f"{result.rule.id} could not be judged: {result.reason}")
        case _:
            return Told("skip", result.remark or "not exercised: nothing came that shows it")


def _explained(example: Example, rule: Rule) -> list[str]:
    """An example without the command that plays it again by its id: nothing of it is saved here."""
    from report.diagram import explain  # noqa: PLC0415

    *lines, _ = explain(example, rule, _WIDTH)
    return [*lines, f"  again: pytest -k {rule.id}"]
