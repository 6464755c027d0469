"""A run as JSON, for programs. ``schema.json`` beside this module says what is in it."""

from typing import Any

from report.portable import dump
from report.results import MEANINGS, Coverage, Daemon, Example, Known, RuleResult, Run, Told, exit_code

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
            "told": [_told(told) for told in run.told],
            "nightly": run.nightly,
            "coverage": [_coverage(one) for one in run.coverage],
        }
    )


def _result(result: RuleResult) -> dict[str, Any]:
    rule = result.rule
    return {
        "rule": {
            "id": rule.id,
            "title": rule.title,
            "level": rule.level,
            "subject": rule.subject,
            "source": rule.source,
            "why": rule.why,
        },
        "daemon": result.daemon,
        "status": result.status,
        "histories": result.histories,
        "reason": result.reason,
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
    return {
        "name": daemon.name,
        "version": daemon.version,
        "store": daemon.store,
        "is_model": daemon.is_model,
        "scenarios": daemon.scenarios,
        "pulls": daemon.pulls,
        "seconds": daemon.seconds,
    }


def _told(told: Told) -> dict[str, Any]:
    return {
        "daemon": told.daemon,
        "hub": told.hub,
        "mirrors": told.mirrors,
        "sentence": told.sentence,
        "names_image": told.names_image,
        "names_hub": told.names_hub,
        "names_mirrors": told.names_mirrors,
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "title": known.cause.title,
        "reason": known.cause.reason,
        "advice": known.cause.advice,
        "documents": known.cause.documents,
        "reports": list(known.cause.reports),
        "evidence": known.cause.evidence,
        "verdicts": known.verdicts,
        "example": _example(known.example),
    }


def _example(example: Example | None) -> dict[str, Any] | None:
    if example is None:
        return None
    verdict, model = example.verdict, example.model
    return {
        "id": example.id,
        "ruling": verdict.ruling,
        "variant": verdict.variant,
        "reason": verdict.reason,
        "step": verdict.step,
        "exchanges": list(verdict.exchanges),
        "measure": dict(verdict.measure),
        "model": model and {"ruling": model.ruling, "reason": model.reason, "sentence": model.sentence},
    }
