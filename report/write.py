"""A run written to a directory."""

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from fixtures.history import History
from fixtures.mirrors.history import MirrorHistory
from fixtures.mirrors.scenario import MirrorScenario
from fixtures.scenario import Scenario
from report.badge import to_badge, to_badge_json
from report.diagram import explain
from report.html import to_html
from report.jsonreport import to_json
from report.junit import to_junit
from report.markdown import to_markdown
from report.portable import dump
from report.results import Example, Run
from suites.verdict import Rule

LOG = "mirror.log"

_SCENARIO = TypeAdapter(Scenario)
_HISTORY = TypeAdapter(History)
_OF_MIRRORS = TypeAdapter(MirrorScenario), TypeAdapter(MirrorHistory)
_REPORTS: dict[str, Callable[[Run], str]] = {
    "junit.xml": to_junit,
    "report.html": to_html,
    "summary.md": to_markdown,
    "badge.svg": to_badge,
    "badge.json": to_badge_json,
}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class ReportError(Exception):
    """The report could not be written. The message is one sentence for people."""


def check_writable(directory: Path) -> None:
    """Find out before a run, rather than after it, that its report has no place.

    Raises:
        ReportError: it has none.
    """
    path = directory.absolute()
    try:
        tempfile.TemporaryFile(dir=next(place for place in (path, *path.parents) if place.exists())).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"Cannot write to {directory}: {reason}; choose another directory with --report.") from error


def write(run: Run, directory: Path) -> None:
    """Write ``report.json``, ``junit.xml``, ``report.html``, ``summary.md``, the badges and ``failures/<id>/`` for
    every example.

    Each file is whole or not there at all: it is written under another name first. ``report.json`` comes
    last, so whatever it names exists.
    """
    for cases in _examples(run).values():
        save(cases, directory)
    for name, made in _REPORTS.items():
        _put(directory / name, made(run))
    _put(directory / "report.json", to_json(run))


def write_log(text: str, directory: Path) -> Path:
    """Write ``mirror.log``: what a mirror in a container wrote itself."""
    _put(directory / LOG, text)
    return directory / LOG


def save(cases: Sequence[tuple[Example, Rule]], directory: Path) -> Path:
    """Write ``failures/<id>/`` for one example and the rules that it breaks; the folder is returned."""
    example, _ = cases[0]
    folder = directory / "failures" / example.id
    explanations = ["\n".join(explain(*case)) for case in cases]
    scenario = _SCENARIO.dump_python(example.scenario, mode="json")
    history = _HISTORY.dump_python(example.history, mode="json")
    if example.tried:
        scenario = _OF_MIRRORS[0].dump_python(example.tried.scenario, mode="json")
        history = _OF_MIRRORS[1].dump_python(example.tried.history, mode="json")
    _put(folder / "scenario.json", dump(scenario))
    _put(folder / "history.json", dump(history))
    _put(folder / "explanation.txt", "\n\n\n".join(explanations) + "\n")
    return folder


def _examples(run: Run) -> dict[str, list[tuple[Example, Rule]]]:
    """The examples by id, each with its rule: one history can break several rules."""
    examples: dict[str, list[tuple[Example, Rule]]] = {}
    for result in run.results:
        for example in filter(None, (result.example, *(known.example for known in result.deviations))):
            if not _PLAIN_NAME.fullmatch(example.id):
                raise ReportError(f"The example id {example.id!r} cannot be the name of a directory.")
            cases = examples.setdefault(example.id, [])
            if (example, result.rule) not in cases:
                cases.append((example, result.rule))
    return examples


def _put(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportError(f"Cannot write {path}: {reason}; choose a directory that you may write to.") from error
