"""The evidence of a run as one archive, read from its report directory."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from fixtures.errors import UsageError
from report.bundle import bundle
from report.write import LOG

_REPORTS = ("report.json", "report.html", "junit.xml", "summary.md", "badge.svg", "badge.json")
_EVIDENCE = ("scenario.json", "history.json", "explanation.txt")


def bundle_of(directory: Path) -> bytes:
    """The reports of a directory with the scenarios and histories that its ``report.json`` names, the log of a mirror
    that ran in a container then, and nothing else.

    What it says is withheld, since it endangers users, has none in the archive, and where there is any, no log is.

    Raises:
        UsageError: there is no report, or what it names is not there.
    """
    report = _read(directory / "report.json")
    files = {name: (directory / name).read_text(encoding="utf-8") for name in _REPORTS if (directory / name).is_file()}
    try:
        said = json.loads(report)
        examples = dict.fromkeys(_examples(said))
        logged = _is_of(directory / LOG, said["started"]) and not _withheld(said)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{directory / 'report.json'} is no report of a run: make it anew with a run.") from error
    for example in examples:
        for name in _EVIDENCE:
            files[f"failures/{example}/{name}"] = _read(directory / "failures" / example / name)
    if logged:
        files[LOG] = (directory / LOG).read_text(encoding="utf-8", errors="replace")
    return bundle(files)


def _is_of(log: Path, started: str) -> bool:
    """Whether a log is there that was written by a run that began then, and not left by an earlier one."""
    return log.is_file() and log.stat().st_mtime >= datetime.fromisoformat(started).timestamp()


def _withheld(report: dict[str, Any]) -> set[str]:
    """The ids of examples of causes that are withheld."""
    known = [one for result in report["results"] for one in result["deviations"]]
    return {one["example"]["id"] for one in known if one["example"] and one["withheld"]}


def _examples(report: dict[str, Any]) -> Iterator[str]:
    """The ids of all examples but those of causes that are withheld."""
    results = report["results"]
    known = [one for result in results for one in result["deviations"]]
    withheld = _withheld(report)
    for holder in (*results, *known):
        if holder["example"] and holder["example"]["id"] not in withheld:
            yield str(holder["example"]["id"])


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"There is no whole report: {path} cannot be read ({error.strerror}); start a run.") from error
