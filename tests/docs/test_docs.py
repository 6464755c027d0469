"""What the README and the how-tos say is so: commands, files, links, and the scenario with its verdicts."""

import configparser
import re
import shlex
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import pytest
import typer

from fixtures.images import served, tool
from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.profiles import TABLE, Profile, load_profiles
from fixtures.scenario import Scenario, Step
from report.results import MEANINGS
from simulator.arrangement import FaultKind, FaultPlace
from simulator.command import serve
from suites import catalogue
from suites.cli import app
from suites.judge import judge
from suites.rules import scope
from suites.saved import read_scenario
from suites.verdict import Status
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))}
SCENARIOS, RULES, DAEMONS, README = (
    PAGES[name] for name in ("docs/scenarios.md", "docs/rules.md", "docs/daemons.md", "README.md")
)

PATH = re.compile(r"`((?:simulator|fixtures|suites|report|tests|docs)/[\w./-]*|[\w-]+\.(?:toml|ini|md))`")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
WRITTEN_BY_THE_READER = frozenset({"daemon.json", "own.json"})
WRITTEN_BY_A_RUN = frozenset({"summary.md"})


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for written, text in FENCED.findall(page) if written == language]


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its first two lines."""
    below = page.partition(heading)[2].splitlines()
    start = next(number for number, line in enumerate(below) if line.startswith("|"))
    table = [line.strip("|").split("|") for line in below[start + 2 :]]
    end = next((number for number, line in enumerate(below[start + 2 :]) if not line.startswith("|")), len(table))
    return [[cell.strip() for cell in cells] for cells in table[:end]]


def commands() -> list[str]:
    """Every command of a console block, and every one that stands in the text."""
    lines = [line for page in PAGES.values() for block in blocks(page, "console") for line in block.splitlines()]
    inline = [code for page in PAGES.values() for code in re.findall(r"`([^`]+)`", FENCED.sub("", page))]
    starts = ("tox ", "mirror-conformance ", "pip ", "pipx ", "python3 ", "python -m ", "-- ")
    written = [*lines, *(" ".join(code.split()) for code in inline if code.startswith(starts))]
    return list(dict.fromkeys(command for line in written for command in line.split(" && ")))


@cache
def tox_environments() -> dict[str, str]:
    """The environments of tox.ini, and what each runs."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini")
    return {
        name.removeprefix("testenv:"): parser[name]["commands"]
        for name in parser.sections()
        if name.startswith("testenv:")
    }


def parses(arguments: list[str]) -> None:
    """Have typer read a command line, and run nothing."""
    command = typer.main.get_command(app)
    with command.make_context("mirror-conformance", arguments, resilient_parsing=False) as context:
        chosen = command.commands[arguments[0]]  # type: ignore[attr-defined]
        chosen.make_context(arguments[0], arguments[1:], parent=context).close()


def runs_in_a_container(arguments: list[str]) -> None:
    """Have the program of one of our images read what follows the image's name."""
    simulator, ours = (name.removesuffix(":latest") for name in (served.LATEST, tool.LATEST))
    if ours in arguments:
        parses(arguments[arguments.index(ours) + 1 :])
    else:
        assert serve.plan(["--address", "0.0.0.0", *arguments[arguments.index(simulator) + 1 :]])


def is_a_program(module: str) -> bool:
    """Whether ``python -m`` runs a module: it is no package, or one with a main module."""
    found = find_spec(module)
    assert found, module
    return found.submodule_search_locations is None or find_spec(f"{module}.__main__") is not None


def test_there_are_commands() -> None:
    assert len(commands()) > 15


@pytest.mark.parametrize("command", commands())
def test_a_command_is_one_that_there_is(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub.json").write_text(blocks(PAGES["docs/simulator.md"], "json")[0])
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    match words:
        case ["tox"]:
            assert tox_environments()
        case ["tox", "run", "-e", environment, *rest]:
            runs = tox_environments()[environment]
            if rest:
                assert rest[0] == "--"
                assert "{posargs}" in runs
                ours = next(line for line in runs.splitlines() if "mirror-conformance" in line)
                parses([shlex.split(ours)[1], *rest[1:]])
        case ["--", *options]:
            parses(["run", *options])
        case ["mirror-conformance", *arguments]:
            parses(arguments)
        case ["python" | "python3", "-m", module, *arguments]:
            assert serve.plan(arguments[1:]) if module == "simulator" else is_a_program(module)
        case ["docker", "run", *arguments]:
            runs_in_a_container(arguments)
        case ["pip" | "pipx", "install", "tox" | "."] | ["apt-get", "install", "python3-venv"]:
            pass
        case [".", ".venv/bin/activate"]:
            pass
        case _:
            pytest.fail(f"Nobody checks {command!r}.")


def test_a_command_that_there_is_not_is_found_out() -> None:
    with pytest.raises(Exception, match="No such option"):
        parses(["run", "--no-such-option"])


@pytest.mark.parametrize("command", [c for c in commands() if c in {"mirror-conformance list"}])
def test_what_costs_nothing_runs(call: Call, command: str) -> None:  # noqa: F811
    assert call(*shlex.split(command)[1:]).code == 0


def test_tox_is_used_with_the_environments_that_its_map_names() -> None:
    described = set(re.findall(r"^#   tox run -e ([\w-]+)", (ROOT / "tox.ini").read_text(), flags=re.MULTILINE))
    assert described | {"fix"} == set(tox_environments())


@pytest.mark.parametrize("name", PAGES)
def test_files_that_are_named_are_there(name: str) -> None:
    for path in set(PATH.findall(PAGES[name])) - WRITTEN_BY_THE_READER - WRITTEN_BY_A_RUN:
        assert (ROOT / path).exists() or (ROOT / "suites" / path).exists(), path
    for address in LINK.findall(PAGES[name]):
        if "://" not in address:
            assert ((ROOT / name).parent / address).exists(), address


def test_the_map_of_the_readme_names_every_room() -> None:
    (drawn,) = blocks(README, "")
    named = {line.split()[0] for line in drawn.splitlines()}
    there = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    rooms = {room for room in there if any(path.suffix in {".py", ".md"} for path in (ROOT / room).iterdir())}
    assert named == rooms


def test_exit_codes_and_verdicts_are_those_that_there_are() -> None:
    codes = {int(cells[0]) for cells in rows(README, "You want a gate in CI")}
    assert codes == set(MEANINGS) | {2, 3}
    verdicts = {cells[0] for cells in rows(README, "## What a verdict says")}
    assert verdicts == set(get_args(Status)) - {"not applicable"}


# docs/scenarios.md


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    (text,) = blocks(SCENARIOS, "json")
    (tmp_path / "own.json").write_text(text)
    return read_scenario(tmp_path / "own.json")


@pytest.mark.parametrize("store", get_args(ImageStore))
def test_the_example_is_judged_as_the_page_says(scenario: Scenario, store: ImageStore) -> None:
    claimed = [(int(step), rule, ruling) for step, rule, ruling, _ in rows(SCENARIOS, "says, for each step")]
    verdicts = sorted(judge(scenario, ModelLab(store).play(scenario)), key=lambda verdict: verdict.step)
    assert [(v.step + 1, v.rule, v.ruling) for v in verdicts] == claimed
    for verdict, cells in zip(verdicts, rows(SCENARIOS, "says, for each step"), strict=True):
        assert verdict.reason.startswith(cells[3])


def first_words(heading: str) -> list[str]:
    return [cells[0].strip("`") for cells in rows(SCENARIOS, heading)]


def test_every_step_and_every_fault_is_explained() -> None:
    kinds = get_args(get_args(Step)[0])
    assert sorted(first_words("## Steps")) == sorted(kind.__dataclass_fields__["do"].default for kind in kinds)
    assert sorted(first_words("## Faults")) == sorted(get_args(FaultKind))
    (places,) = re.findall(r"^`at` says what is struck: (.*?)\. `method`", SCENARIOS, re.MULTILINE | re.DOTALL)
    assert sorted(re.findall(r"`([\w-]+)`", places)) == sorted(get_args(FaultPlace))


# docs/rules.md, docs/daemons.md


def test_the_example_of_a_rule_is_in_the_book() -> None:
    (entry,) = blocks(RULES, "toml")
    assert entry in catalogue.BOOK.read_text()
    (function,) = blocks(RULES, "python")
    name = function.split()[1].partition("(")[0]
    assert scope.RULES["SCOPE-3"].__name__ == name


def test_the_example_of_a_daemon_is_in_the_table() -> None:
    (entry,) = blocks(DAEMONS, "toml")
    assert entry in TABLE.read_text()
    keys = {cells[0].strip("`") for cells in rows(DAEMONS, "# Add a daemon")}
    assert keys == {*Profile.__dataclass_fields__, "the name"} - {"name"}
    assert load_profiles()
