"""Baselines: the known failures of a mirror in a TOML file, to hold runs against, strictly."""

import glob
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from fixtures.errors import UsageError
from report.results import EXERCISED, RuleResult, Run
from suites.deviations import Deviation, check_rules, read_toml
from suites.mirror.judge import rules
from suites.reported import Report, ReportedExample, ReportedResult, read_report
from suites.verdict import Cause

SUFFIX = ".baseline.toml"


@dataclass(frozen=True)
class _Entry:
    """Rules that a mirror is known to break for one cause, in the kinds of case that ``variant``, a shell pattern,
    means. The words are those of a :class:`~suites.verdict.Cause`.
    """

    rules: tuple[str, ...]
    reason: str
    variant: str = "*"
    title: str = ""
    advice: str = ""
    documents: str = ""
    reports: tuple[str, ...] = ()
    withheld: bool = False


@dataclass(frozen=True)
class _File:
    known: tuple[_Entry, ...] = ()


_FILE = TypeAdapter(tuple[_File], config=ConfigDict(extra="forbid"))


@dataclass(frozen=True)
class Baseline:
    """The known failures of a mirror, and the file that has them."""

    file: Path
    known: tuple[Deviation, ...]

    def hold(self, run: Run, *, of_all_trials: bool) -> tuple[Run, tuple[str, ...]]:
        """Hold a run of a mirror, in which what is known is told as such, against what is known.

        An entry whose rule was exercised and did not fail so is stale: a problem of the run, unless it had but some
        trials, which need not be those that the entry is of. Of a rule that was not exercised nothing is known. Both
        of the latter are told in sentences beside the run.
        """
        results = {result.rule.id: result for result in run.results}
        named = [(rule, entry) for entry in self.known for rule in entry.rules]
        unseen = [rule for rule, _ in named if not _is_exercised(results.get(rule))]
        stale = tuple(
            _not_as_known(rule, entry)
            for rule, entry in named
            if rule not in unseen and not any(known.cause == entry.cause for known in results[rule].deviations)
        )
        beside = (f"Known to fail, and not exercised: {', '.join(dict.fromkeys(unseen))}.",) if unseen else ()
        if not of_all_trials:
            return run, (*(f"{sentence}, in this part of a run." for sentence in stale), *beside)
        problems = (f"{sentence}: mend the baseline {self.file}." for sentence in stale)
        return replace(run, problems=(*run.problems, *problems)), beside


def load(file: Path) -> Baseline:
    """A baseline, checked against the book.

    Raises:
        UsageError: it cannot be read, or an entry of it can match nothing, or has no reason.
    """
    what = f"baseline {file}"
    known = []
    seen: set[tuple[str, str]] = set()
    for entry in read_toml(file, _FILE, what).known:
        check_rules(entry.rules, rules(), what)
        named = ", ".join(entry.rules)
        if not entry.reason.strip():
            raise UsageError(f"The {what} has an entry of {named} without a reason: say why it is not kept.")
        for rule in entry.rules:
            if (rule, entry.variant) in seen:
                raise UsageError(f"The {what} has {rule} twice: its second entry would match nothing.")
            seen.add((rule, entry.variant))
        known.append(
            Deviation(
                rules=entry.rules,
                daemon="*",
                reason=entry.reason,
                variant=entry.variant,
                title=entry.title,
                advice=entry.advice,
                documents=entry.documents,
                reports=entry.reports,
                withheld=entry.withheld,
            )
        )
    return Baseline(file, tuple(known))


def lying_beside(description: Path) -> Path | None:
    """The baseline that lies beside a mirror's description, if one does."""
    file = description.with_name(f"{description.stem}{SUFFIX}")
    return file if file.is_file() else None


def baseline_of(file: Path) -> str:
    """A baseline with all that a mirror did not keep in a run, made of its ``report.json``. What was known keeps the
    words that people gave it; what was not has those of its verdict.

    Raises:
        UsageError: it cannot be read, or is of no mirror.
    """
    report = read_report(file)
    if [daemon.subject for daemon in report.daemons] != ["mirror"]:
        raise UsageError(f"The report {file} is not of one mirror: only mirrors have a baseline.")
    found: dict[tuple[Cause, str], list[str]] = {}
    for result in report.results:
        for cause, variant in _causes(result):
            found.setdefault((cause, variant), []).append(result.rule.id)
    return "\n".join((*_head(report), *(line for entry in found.items() for line in _written(*entry)), ""))


def _is_exercised(result: RuleResult | None) -> bool:
    return result is not None and result.status in EXERCISED


def _not_as_known(rule: str, entry: Deviation) -> str:
    variant = f" ({entry.variant})" if entry.variant != "*" else ""
    return f"{rule}{variant} does not fail any more as is known"


def _causes(result: ReportedResult) -> Iterator[tuple[Cause, str]]:
    for known in result.deviations:
        yield known.cause, _variant(result, known.example)
    if result.status == "fail" and result.example and result.rule.level != "INFO":
        yield Cause(result.example.reason), _variant(result, result.example)


def _variant(result: ReportedResult, example: ReportedExample | None) -> str:
    """The pattern that means an example's kind of case; of a rule that is of one kind, any."""
    variant = example.variant if example else ""
    own = not variant or result.rule.id.endswith(f"/{variant.partition(':')[0]}")
    return "*" if own else glob.escape(variant)


def _head(report: Report) -> Iterator[str]:
    mirror = report.daemons[0].name
    yield f"# Known failures of {mirror}: of a run of {report.day} with mirror-conformance {report.tool_version}."
    yield "# Say in plain words why each rule is not kept (reason), what to do about it (advice) and where that is"
    yield "# reported (reports). An entry that does not fail any more is an error: take it out then."


def _written(found: tuple[Cause, str], named: list[str]) -> Iterator[str]:
    cause, variant = found
    yield ""
    yield "[[known]]"
    yield f"rules = {_toml(named)}"
    yield from ([f"variant = {_toml(variant)}"] if variant != "*" else [])
    for name in ("title", "reason", "advice", "documents", "reports"):
        value = getattr(cause, name)
        if value:
            yield f"{name} = {_toml(list(value) if isinstance(value, tuple) else value)}"
    yield from (["withheld = true"] if cause.withheld else [])


def _toml(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
