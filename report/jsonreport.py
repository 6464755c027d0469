"""A run as JSON, for programs. ``schema.json`` beside this module says what is in it."""

from dataclasses import asdict
from typing import Any

from report.attribution import of_result
from report.portable import dump
from report.results import MEANINGS, Coverage, Daemon, Example, Known, RuleResult, Run, exit_code

FORMAT = "mirror-conformance/1"
"""Changes its number when a field is renamed, removed or given another meaning."""


def to_json(run: Run) -> str:
    """The JSON report of a run."""
    code = exit_code(run)
    return dump(
        {
            "format": FORMAT,
            "tool_version": run.tool_version,
            "command": run.command,
            "started": run.started,
            "seconds": run.seconds,
            "seed": run.seed,
            "scenarios": run.scenarios,
            "pulls": run.pulls,
            "interrupted": run.interrupted,
            "exit_code": code,
            "meaning": MEANINGS[code],
            "problems": list(run.problems),
            "daemons": [_daemon(daemon) for daemon in run.daemons],
            "results": [_result(result) for result in run.results],
            "told": [asdict(told) for told in run.told],
            "nightly": run.nightly,
            "coverage": [_coverage(one) for one in run.coverage],
        }
    )


def _result(result: RuleResult) -> dict[str, Any]:
    attributed = of_result(result)
    return {
        "rule": asdict(result.rule),
        "daemon": result.daemon,
        "status": result.status,
        "histories": result.histories,
        "reason": result.reason,
        "attribution": attributed and {**asdict(attributed), "sentence": attributed.sentence},
        "verdicts": {
            "passed": result.passed,
            "failed": result.failed,
            "deviated": result.deviated,
            "errors": result.errors,
            "not_applicable": result.not_applicable,
        },
        "measures": {
            name: {"min": least, "median": median, "max": greatest}
            for name, (least, median, greatest) in result.measures.items()
        },
        "deviations": [_known(known) for known in result.deviations],
        "example": _example(result.example),
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "daemon": coverage.daemon,
        "points": coverage.points,
        "of": coverage.of,
        "missing_singles": list(coverage.singles),
        "missing_pairs": list(coverage.pairs),
        "never_happened": list(coverage.never),
    }


def _daemon(daemon: Daemon) -> dict[str, Any]:
    return {**asdict(daemon), "is_model": daemon.is_model}


def _known(known: Known) -> dict[str, Any]:
    return {**asdict(known.cause), "verdicts": known.verdicts, "example": _example(known.example)}


def _example(example: Example | None) -> dict[str, Any] | None:
    if example is None:
        return None
    verdict, model = example.verdict, example.model
    return {
        "id": example.id,
        "trial": example.tried.name if example.tried else "",
        "ruling": verdict.ruling,
        "variant": verdict.variant,
        "reason": verdict.reason,
        "step": verdict.step,
        "exchanges": list(verdict.exchanges),
        "measure": dict(verdict.measure),
        "model": model and {**asdict(model), "sentence": model.sentence},
    }
