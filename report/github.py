"""A run as GitHub Actions take it: annotations, and a log in which nothing is a command that is not ours."""

from report.attribution import told
from report.results import RuleResult, Run, exit_code
from report.standing import conclusion, word
from report.text import cut, inert

_MOST = 9
"""GitHub shows ten of a kind for each step: one is left for what is not told."""
_LONGEST = 1000


def annotations(run: Run) -> list[str]:
    """Workflow commands that put failures, problems and warnings on the page of a job and of a pull request."""
    errors = [("The run itself", problem) for problem in run.problems]
    errors += [_of(result) for result in run.results if word(result) in {"FAIL", "ERROR"}]
    warnings = [_of(result) for result in run.results if word(result) == "warn"]
    lines = [_command("error", title, text) for title, text in errors[:_MOST]]
    if len(errors) > _MOST:
        lines.append(_command("error", "And more", f"{len(errors) - _MOST} more in the report"))
    lines += [_command("warning", title, text) for title, text in warnings[:_MOST]]
    return [*lines, _command("notice", f"Exit code {exit_code(run)}", conclusion(run))]


def _of(result: RuleResult) -> tuple[str, str]:
    whose = told([result])
    return (
        f"{result.rule.id} on {result.daemon}{f' ({whose})' if whose else ''}",
        f"{result.rule.title} {result.reason}".strip(),
    )


def _command(kind: str, title: str, text: str) -> str:
    return f"::{kind} title={_property(cut(inert(title), _LONGEST))}::{_data(cut(inert(text), _LONGEST))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
