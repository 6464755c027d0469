"""What a run leaves for others: pages, summaries, archives, and what a job's log says."""

import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from report.results import Known
from report.write import write, write_log
from suites import actions
from suites.bundling import bundle_of
from suites.verdict import Cause
from tests.cli.conftest import Call
from tests.cli.test_refusals import check
from tests.report.samples import PARTIAL_EXAMPLE, mixed_run, result, run


def names(archive: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_a_run_leaves_a_page_a_summary_and_a_badge_and_all_of_it_can_be_bundled(call: Call, tmp_path: Path) -> None:
    assert call("run", "--daemon", "model:classic", "-k", "known and older").code == 0
    report = tmp_path / "conformance-report"
    assert "Conformant" in (report / "report.html").read_text()
    assert "no daemon tried" in (report / "badge.svg").read_text()
    assert (report / "summary.md").read_text().startswith("## ")
    ended = call("bundle", "--output", "evidence.zip")
    assert (ended.code, ended.out) == (0, "")
    assert set(names((tmp_path / "evidence.zip").read_bytes())) >= {"report.html", "report.json", "SHA256SUMS"}


def test_a_bundle_holds_what_the_run_names_and_nothing_else(tmp_path: Path) -> None:
    write(mixed_run(), tmp_path)
    (tmp_path / "failures" / "abc123").mkdir()
    (tmp_path / "failures" / "abc123" / "scenario.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    files = names(bundle_of(tmp_path))
    assert "failures/k3f9a2/history.json" in files
    assert not [name for name in files if "abc123" in name or "notes" in name]


def test_a_bundle_holds_the_log_of_the_run_and_no_older_one_without_secrets(tmp_path: Path) -> None:
    write(replace(mixed_run(), started="2026-11-24T10:00:00+00:00"), tmp_path)
    log = write_log("asked with Bearer abcdefghijklmnopqrst", tmp_path)
    archive = bundle_of(tmp_path)
    assert zipfile.ZipFile(io.BytesIO(archive)).read("mirror.log") == b"asked with Bearer ***"
    os.utime(log, (0, 0))
    assert "mirror.log" not in names(bundle_of(tmp_path))


def test_what_endangers_users_is_in_no_bundle(tmp_path: Path) -> None:
    shown, hidden = (replace(PARTIAL_EXAMPLE, id=name) for name in ("shown1", "hidden"))
    causes = (
        Known(Cause("Told.", evidence="told.json"), 1, shown),
        Known(Cause("Withheld.", withheld=True), 1, hidden),
    )
    write(run(replace(result("deviation"), deviations=causes, example=hidden)), tmp_path)
    write_log("what it was asked", tmp_path)
    assert "mirror.log" not in names(bundle_of(tmp_path))
    folders = {name.split("/")[1] for name in names(bundle_of(tmp_path)) if name.startswith("failures/")}
    assert folders == {"shown1"}


def test_without_a_report_there_is_nothing_to_bundle(call: Call, tmp_path: Path) -> None:
    check(call("bundle"), 2, r"^There is no whole report: conformance-report/report\.json cannot be read")
    (tmp_path / "conformance-report").mkdir()
    (tmp_path / "conformance-report" / "report.json").write_text('{"results": 3}')
    check(call("bundle"), 2, r"is no report of a run: make it anew")


def test_a_log_is_guarded_on_github_and_only_our_commands_come_after_it(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr("suites.actions.secrets.token_hex", lambda _: "a-secret-word")
    ended = call("run", "--daemon", "model:classic", "-k", "known and older")
    lines = ended.out.splitlines()
    assert lines[0] == "::stop-commands::a-secret-word"
    assert lines.count("::a-secret-word::") == 1
    after = lines[lines.index("::a-secret-word::") + 1 :]
    assert [line.split(" ")[0] for line in after] == ["::notice"]
    assert not [line for line in lines[1 : lines.index("::a-secret-word::")] if line.lstrip().startswith("::")]


def test_elsewhere_a_log_holds_no_command(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    actions.say(["::error::x"])
    with actions.guarded():
        print("x")
    assert capsys.readouterr().out == "x\n"
    assert "::" not in call("run", "--daemon", "model:classic", "-k", "known and older").out.replace("test::", "")
