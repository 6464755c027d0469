"""What the Markdown pages that are kept in the project have in common."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from report.results import RuleResult
from suites.verdict import Cause, Rule

_VARIANT = re.compile(r" \([\w-]+\)$")


def cell(text: str) -> str:
    """Text that stays in a cell of a table, and is no markup."""
    plain = " ".join(text.split()).replace("<", "&lt;")
    return plain.replace("|", "\\|")


def anchor(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def standing(result: RuleResult | None, unseen: str = "not applicable") -> str:
    """What a rule came to, for a cell. ``unseen`` is what is said of one that did not apply."""
    if result is None or result.status == "not exercised":
        return "not exercised"
    match result.status:
        case "not applicable":
            return unseen
        case "pass":
            return f"kept {result.passed}"
        case "deviation":
            return f"deviates {result.deviated} of {result.judged}"
        case "fail":
            word = "FAILS" if result.rule.level == "MUST" else "not met"
            return f"{word} {result.failed} of {result.judged}"
        case _:
            return "error"


def explained(cause: Cause) -> Iterator[str]:
    """What happens, and what to do about it."""
    yield cause.reason
    yield ""
    yield from (f"**What to do.** {cause.advice}", "") if cause.advice else ()


def promised(rules: Sequence[Rule]) -> Iterator[str]:
    """An item for each sentence that is not kept, with the rules that say it and who promises it."""
    for sentence, alike in groupby(rules, key=lambda rule: (_VARIANT.sub("", rule.title), rule.level, rule.source)):
        title, level, source = sentence
        yield f"- {', '.join(rule.id for rule in alike)} ({level}): {title} Promised by {source}."


def reported(cause: Cause) -> str:
    """The item that links the reports."""
    return f"- Reported: {', '.join(f'<{address}>' for address in cause.reports) or 'no report of it was found'}."
