"""A mirror's saved example: judged again without a network, played again, made smaller."""

import json
from pathlib import Path

import pytest

from suites.mirror.again import read
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.mirror.conftest import NO_DIGEST, Break
from tests.mutants.broken_mirrors.standing import nothing

FOUND = "MANIFEST-1  FAIL: "


@pytest.fixture
def example(call: Call, broken: Break) -> str:  # noqa: F811
    """The id of an example of a mirror that is broken, and stays so."""
    broken(NO_DIGEST)
    assert call("mirror", "--url", "simulator:pull-through", "--trial", "held").code == 1
    results = json.loads(Path("conformance-report/report.json").read_text())["results"]
    return next(str(result["example"]["id"]) for result in results if result["rule"]["id"] == "MANIFEST-1")


def test_a_history_is_judged_again_as_it_was(call: Call, example: str) -> None:  # noqa: F811
    ended = call("judge", example)
    assert ended.code == 1
    assert ended.out.startswith("simulator:pull-through (a pull-through mirror)\n")
    assert FOUND in ended.out
    assert f"replay: mirror-conformance replay {example}\n" in ended.out


def test_what_is_known_is_told_as_such(call: Call, example: str) -> None:  # noqa: F811
    Path("own.toml").write_text('[[known]]\nrules = ["MANIFEST-1", "MANIFEST-2"]\nreason = "It hides digests."\n')
    for again in ("judge", "replay"):
        ended = call(again, example, "--baseline", "own.toml")
        assert ended.code == 0, ended.out
        assert "MANIFEST-1  deviation: It hides digests." in ended.out


def test_a_scenario_is_played_again(call: Call, example: str, broken: Break) -> None:  # noqa: F811
    ended = call("replay", example)
    assert ended.code == 1
    assert FOUND in ended.out
    broken(nothing)
    for arguments in ((), ("--url", "simulator:pull-through")):
        ended = call("replay", example, *arguments)
        assert ended.code == 0, ended.out
        assert "MANIFEST-1  pass: " in ended.out


def test_a_scenario_is_made_smaller(call: Call, example: str, broken: Break) -> None:  # noqa: F811
    ended = call("shrink", example, "--rule", "MANIFEST-1")
    assert ended.code == 0, ended.err
    (folder,) = {path.name for path in Path("conformance-report/failures").iterdir()} & set(
        ended.sentence.replace(":", "").split()
    ) - {example}
    small, large = (read(Path("conformance-report/failures", name)) for name in (folder, example))
    assert (large.trial, small.trial) == ("held", "")
    assert len(small.scenario.steps) < len(large.scenario.steps)
    assert f"replay: mirror-conformance replay {folder}\n" in ended.out
    assert call("judge", folder).code == 1
    broken(nothing)
    ended = call("shrink", example)
    assert (ended.code, ended.sentence) == (
        2,
        "simulator:pull-through keeps every rule that is looked for, so there is nothing to make smaller.",
    )


def test_what_cannot_be_played_is_refused(call: Call, example: str) -> None:  # noqa: F811
    ended = call("replay", example, "--daemon", "model:classic")
    assert (ended.code, ended.out) == (2, "")
    assert ended.sentence == f"The example {example} is of a mirror: --url or --description say on which to play it."
    history = Path("conformance-report/failures", example, "history.json")
    saved = json.loads(history.read_text())
    history.write_text(json.dumps(saved | {"mirror": "own 1.2"}))
    ended = call("shrink", example)
    assert (ended.code, ended.sentence) == (
        2,
        "The example is of the mirror own 1.2: say with --url or --description where it is.",
    )
    assert f"replay: mirror-conformance replay {example} (with --url or --description)" in call("judge", example).out
    scenario = history.with_name("scenario.json")
    held = json.loads(scenario.read_text())
    scenario.write_text(json.dumps(held | {"steps": [{"do": "restart"}]}))
    ended = call("replay", example, "--url", "simulator:gcr")
    assert (ended.code, ended.sentence) == (
        2,
        "The example needs the hook 'restart', which simulator:gcr does not have: give it in a --description.",
    )
    history.unlink()
    assert "history.json cannot be read: No such file" in call("judge", example).sentence


def test_what_was_seen_from_outside_is_judged_again_and_not_played(call: Call, example: str) -> None:  # noqa: F811
    history = Path("conformance-report/failures", example, "history.json")
    saved = json.loads(history.read_text())
    history.write_text(json.dumps(saved | {"salt": ""}))
    for again in ("replay", "shrink"):
        ended = call(again, example, "--url", "simulator:pull-through")
        assert (ended.code, ended.out) == (2, "")
        assert ended.sentence.startswith("The example was seen from outside, where")
    told = call("judge", example).out
    assert "1. the mirror has served library/app:1.0" in told
    assert "replay: mirror-conformance mirror --outside --trial held (with --url and --image)" in told


def test_a_daemons_example_is_none_of_a_mirrors(call: Call, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "own.json").write_text('{"servers": {}}')
    ended = call("replay", "own.json", "--url", "simulator:gcr")
    assert (ended.code, ended.sentence) == (
        2,
        "The example own.json is of a daemon: --daemon says on which to play it.",
    )
