"""``mirror-conformance mirror``: verdicts, exit codes, and one sentence for what cannot be."""

import html
import json
import re
from io import StringIO
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter
from rich.console import Console

from fixtures.errors import CannotRunError
from fixtures.mirrors.local import subject_of
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import MirrorScenario
from report.folding import explained
from report.results import exit_code
from report.terminal import TerminalReport
from report.write import write
from simulator.arrangement import Fault, Holdings
from simulator.local import LocalSimulator
from simulator.mirror.policy import PULL_THROUGH
from suites.mirror.description import described, read
from suites.mirror.judge import rules
from suites.mirror.trials import trials
from suites.mirror.trying import check, select, try_mirror
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture
from tests.mutants.broken_mirrors.spoilers import changed
from tests.mutants.broken_mirrors.standing import Standing, page

SCHEMA = json.loads((Path(__file__).parents[2] / "report" / "schema.json").read_text())


def control(simulator: LocalSimulator) -> str:
    return str(simulator._http.base_url)


def test_our_own_mirror_is_conformant(call: Call) -> None:  # noqa: F811
    ended = call("mirror", "--url", "simulator:pull-through", "--trial", "held", "--trial", "ping")
    assert ended.code == 0, ended.err
    assert "CONFORMANT" in ended.out
    report = json.loads(Path("conformance-report/report.json").read_text())
    Draft202012Validator(SCHEMA).validate(report)
    assert {result["rule"]["subject"] for result in report["results"]} == {"mirror"}
    assert 'name="subject" value="mirror"' in Path("conformance-report/junit.xml").read_text()


def test_on_github_a_log_is_guarded_and_what_failed_is_annotated(
    call: Call,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr("suites.actions.secrets.token_hex", lambda _: "a-secret-word")
    lines = call("mirror", "--url", "simulator:pull-through", "--trial", "ping", "--daemon", "none").out.splitlines()
    assert lines[0] == "::stop-commands::a-secret-word"
    after = lines[lines.index("::a-secret-word::") + 1 :]
    assert [line.split(" ")[0] for line in after] == ["::notice"]


def test_what_ends_a_command_acts_on_nobody_who_reads_it(
    call: Call,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr("suites.actions.secrets.token_hex", lambda _: "a-secret-word")
    said = "It said last:\n::error::x\n\x1b[31mred"

    def ends(*_: object) -> None:
        raise CannotRunError(said)

    monkeypatch.setattr("suites.mirror.command.check", ends)
    ended = call("mirror", "--url", "simulator:pull-through", "--trial", "ping")
    assert ended.code == 3
    lines = ended.err.splitlines()
    assert lines[-5:] == [
        "::stop-commands::a-secret-word",
        "It said last:",
        "::error::x",
        "\\x1b[31mred",
        "::a-secret-word::",
    ]


def test_a_report_without_a_place_is_found_out_before_the_mirror_is_asked(call: Call) -> None:  # noqa: F811
    Path("taken").write_text("")
    ended = call("mirror", "--url", "simulator:pull-through", "--report", "taken/report")
    assert ended.code == 4
    assert "choose another directory with --report" in ended.sentence
    assert "trials done" not in ended.err


def test_a_hub_says_what_to_do_with_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("suites.mirror.command.serve.main", lambda _: 0)
    assert call("hub").sentence.endswith("then try it: mirror-conformance mirror --url URL")
    said = call("hub", "--control", "127.0.0.1:8901").sentence
    assert said.endswith("mirror --url URL --hub http://127.0.0.1:8901")


def test_what_cannot_be_observed_is_said_with_its_reason(call: Call) -> None:  # noqa: F811
    ended = call("mirror", "--url", "simulator:frozen")
    said = " ".join(ended.out.split())
    assert ended.code == 0, ended.err
    assert "its trial is about pull-through mirrors" in said
    for name in ("report.html", "summary.md"):
        told = Path("conformance-report", name).read_text()
        assert "Not observable here" in told, name
        assert "ts trial is about pull" in told, name


def test_a_broken_mirror_is_not_and_its_exchanges_are_drawn(tmp_path: Path) -> None:
    spoil = changed(("manifests",), lambda _, given: given.saying(docker_content_digest=""))
    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        standing.spoil = spoil
        held = {"mirror-1": Holdings(policy=PULL_THROUGH)}
        lab = MirrorLab(subject_of("pull-through", simulator, standing.url), simulator, held)
        check(lab)
        run = try_mirror(lab, select(["held"], lab.subject), tuple(rules()), "command", lambda *_: None)
    assert exit_code(run) == 1
    console = Console(file=StringIO(), width=100)
    console.print(TerminalReport(run))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "subject  simulator:pull-through (a pull-through mirror)" in shown
    assert "1. the mirror is let hold library/app:1.0 -> 200" in shown
    assert re.search(r">> +\d+ +\d+ +\|--GET (manifest app:1\.0|v1 manifest \S+) -+>\| +\| +200", shown)
    assert re.search(r"replay: mirror-conformance replay [0-9a-f]{6}$", shown, re.MULTILINE)
    write(run, tmp_path)
    for name in ("report.html", "summary.md", "junit.xml"):
        told = html.unescape((tmp_path / name).read_text()).replace("\\", "")
        assert "mirror-conformance replay " in told, name
        assert "0 pulls" not in told
    page = html.unescape((tmp_path / "report.html").read_text())
    assert "simulator:pull-through (a pull-through mirror)" in page
    assert "the mirror is let hold library/app:1.0" in page
    [folder] = {result.example.id for result in run.results if result.example and result.rule.id == "MANIFEST-1"}
    saved = json.loads((tmp_path / "failures" / folder / "scenario.json").read_text())
    assert TypeAdapter(MirrorScenario).validate_python(saved) == next(
        trial.scenario for trial in trials(lab.subject) if trial.name == "held"
    )


def test_failures_on_different_trials_are_told_apart() -> None:
    longer = changed(("manifests", "blobs"), lambda _, given: given.saying(content_length="7"), "HEAD")
    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        standing.spoil = lambda asked, send, memory: (
            page(500) if asked.reference == "absent" else longer(asked, send, memory)
        )
        held = {"mirror-1": Holdings(policy=PULL_THROUGH)}
        lab = MirrorLab(subject_of("pull-through", simulator, standing.url), simulator, held)
        run = try_mirror(lab, select(["held", "missing"], lab.subject), tuple(rules()), "command", lambda *_: None)
    groups, _ = explained(result for result in run.results if result.status == "fail")
    tried = [{example.tried.name for example, _ in cases if example.tried} for cases in groups]
    assert {"held"} in tried
    assert {"missing"} in tried
    assert all(len(names) == 1 for names in tried)


def test_a_mirror_that_asks_somebody_else_is_found_out_first(call: Call) -> None:  # noqa: F811
    with LocalSimulator(mirrors=1) as simulator, Standing(simulator) as standing:
        ended = call("mirror", "--url", standing.url, "--hub", control(simulator))
    assert ended.code == 2
    assert "Configuration: " in ended.sentence
    assert "asked our Hub nothing" in ended.sentence


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault("status", status=200, body="<html></html>", content_type="text/html"), "is no registry"),
        (Fault("garbage"), "does not answer as one: what came is no HTTP/1.1"),
        (Fault("close"), "does not answer as one: "),
    ],
)
def test_what_is_no_mirror_gets_one_sentence(call: Call, fault: Fault, sentence: str) -> None:  # noqa: F811
    with LocalSimulator(mirrors=1) as simulator:
        simulator.mirrors[0].fail(fault)
        ended = call("mirror", "--url", simulator.mirrors[0].url, "--hub", control(simulator))
    assert ended.code in (2, 3)
    assert sentence in ended.sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "No mirror is named: give --url"),
        (["--url", "simulator:none"], "There is no mirror 'simulator:none' of ours"),
        (["--url", "http://127.0.0.1:1", "--hub", "http://127.0.0.1:1"], "Start it with `mirror-conformance hub`"),
        (["--url", "simulator:gcr", "--trial", "none"], "No trial is called 'none'"),
        (["--url", "simulator:gcr", "--rule", "NONE-1"], "No rule is called 'NONE-1'"),
        (["--url", "simulator:gcr", "--feature", "speed"], "No feature is called 'speed'"),
        (["--url", "simulator:gcr", "--description", "none.toml"], "simulator:gcr needs no --description"),
        (["--url", "http://127.0.0.1:1", "--outside"], "name it with --image library/alpine:3.20"),
        (["--url", "http://127.0.0.1:1", "--image", "alpine"], "--compare-hub and --writes are for --outside"),
        (["--url", "http://127.0.0.1:1", "--requests", "5"], "--compare-hub and --writes are for --outside"),
        (
            ["--url", "simulator:gcr", "--outside", "--image", "alpine"],
            "can be pointed at our Hub: leave out --outside",
        ),
        (["--url", "http://127.0.0.1:1", "--outside", "--image", "Alpine"], "--image Alpine: 'Alpine' does not begin"),
        (["--url", "simulator:gcr", "--rule", "HIT-1"], "'HIT-1' is in the book for daemons"),
        (["--description", "none.toml"], "The description none.toml cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence(call: Call, arguments: list[str], sentence: str) -> None:  # noqa: F811
    ended = call("mirror", *arguments)
    assert ended.code == 2
    assert sentence in ended.sentence


def test_a_dry_run_asks_nothing_and_says_what_it_would(call: Call) -> None:  # noqa: F811
    with LocalSimulator(mirrors=1) as simulator:
        where = ("mirror", "--url", simulator.mirrors[0].url, "--dry-run")
        ended = call(*where, "--hub", "http://127.0.0.1:1", "--trial", "held", "--trial", "evicted")
        outside = call(*where, "--outside", "--image", "alpine:3.20", "--compare-hub")
        assert simulator.journal().exchanges == ()
    assert (ended.code, outside.code) == (0, 0)
    assert "1 of 2 would be played" in ended.out
    assert "  held: API-2, MANIFEST-1" in ended.out
    assert "  KEEP-1: its trial needs the hook 'evict'" in ended.out
    assert "  GET /v2/library/alpine/blobs/<digest of its config>  Range: bytes=0-9\n" in outside.out
    assert "HEAD library/alpine:3.20" in outside.out
    assert "WRITE-1/mount: it would write; --writes allows that" in outside.out
    assert not Path("conformance-report").exists()


def test_a_dry_run_counts_what_is_asked_then(call: Call) -> None:  # noqa: F811
    with LocalSimulator(mirrors=1) as simulator:
        simulator.mirrors[0].hold("library/alpine:3.20,platforms=amd64+arm64")
        where = ("mirror", "--url", simulator.mirrors[0].url, "--outside", "--image", "alpine:3.20", "--pause", "0")
        planned = call(*where, "--dry-run").out
        ended = call(*where, "--trial", "config", "--profile", "cached-only")
        made = len(simulator.journal().exchanges)
    assert ended.code == 0, ended.err
    assert f"{made} requests were made." in ended.err
    assert "asks    49 requests" in planned


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("url = ", "cannot be read"),
        ('speed = "great"', "is wrong at speed: there is no such key"),
        ('profile = "fast"', "is wrong at profile"),
        ("[promises]\nstale = 'soon'", "is wrong at promises.stale"),
        ("[hooks]\nmelt = ['true']", "is wrong at hooks.melt: there is no such key"),
    ],
)
def test_a_wrong_description_is_named_with_what_is_wrong(call: Call, text: str, sentence: str) -> None:  # noqa: F811
    Path("mirror.toml").write_text(text)
    ended = call("mirror", "--description", "mirror.toml")
    assert ended.code == 2
    assert sentence in ended.sentence


def test_hooks_are_commands_or_calls(tmp_path: Path) -> None:
    file = tmp_path / "mirror.toml"
    file.write_text(
        f'url = "http://mirror.example"\n[hooks]\nevict = ["touch", "{tmp_path}/{{tag}}"]\nrestart = ["false"]\n'
    )
    hooks = described(read(file)).hooks
    assert hooks.known == {"evict", "restart"}
    hooks.do("evict", repository="library/app", tag="1.0")
    assert (tmp_path / "1.0").exists()
    with pytest.raises(Exception, match="The hook 'restart' ended with 1"):
        hooks.do("restart")
