"""All that is known of a rule: its sentence and source, what breaks it, and which daemons do."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from fixtures.profiles import load_profiles
from report.folding import split
from report.text import inert, listed, wrap
from suites.deviations import Deviation
from suites.listing import every_rule, needs, nightly, told
from suites.mirror import field
from suites.verdict import Rule

BROKEN_BY = Path(__file__).with_name("broken_by.json")
"""By rule, the broken daemons or mirrors that it catches. ``python -m tests.mutants --broken-by`` makes it."""

_NAME = 12


def explain(ids: Sequence[str], deviations: tuple[Deviation, ...], width: int) -> Iterator[str]:
    """What there is to say of rules; what the variants of one have in common is said once."""
    book = every_rule()
    broken_by: dict[str, list[str]] = json.loads(BROKEN_BY.read_text(encoding="utf-8"))
    for position, (base, group) in enumerate(groupby(ids, key=lambda rule: split(rule)[0])):
        rules = [book[rule] for rule in group]
        first = rules[0]
        yield from [""] * bool(position)
        yield from wrap(f"{base if len(rules) > 1 else first.id}  {first.level}  {_sentence(first)}", width, 4)
        need = f"{needs(first)}{'; --nightly' if nightly(first) else ''}"
        facts = (("why", first.why), ("source", first.source), ("subject", first.subject), ("needs", need))
        for name, fact in (*facts, ("field", field.told(first.field))):
            yield from _fact(name, fact, width)
        functions = told(first) or ["none of its own: all that comes up is judged"]
        for name, function in zip(("tests", *[""] * len(functions)), functions, strict=False):
            yield f"    {name:<{_NAME}}{function}"
        for rule in rules:
            if len(rules) > 1:
                yield from ("", f"  {rule.id}")
            yield from _of_one(rule, broken_by.get(rule.id, []), deviations, width)


def _of_one(rule: Rule, broken_by: list[str], deviations: tuple[Deviation, ...], width: int) -> Iterator[str]:
    kind = "mirror" if rule.subject == "mirror" else "daemon"
    known = "; ".join(broken_by)
    yield from _fact("broken by", f"a {kind} that {known}" if known else f"no broken {kind} that was tried", width)
    entries = [entry for entry in deviations if rule.id in entry.rules]
    if not entries:
        yield from _fact("deviations", f"no {kind} is known to break it", width)
    for entry in entries:
        daemons = [profile.name for profile in load_profiles() if entry.concerns(profile.name)]
        variant = f" ({entry.variant})" if entry.variant != "*" else ""
        yield from _fact("deviation", f"{entry.title or 'Known'}{variant}, on {listed(daemons)}", width)
        yield from _fact("", entry.cause.told, width)


def _sentence(rule: Rule) -> str:
    return rule.title.removesuffix(f" ({split(rule.id)[1]})")


def _fact(name: str, fact: str, width: int) -> list[str]:
    return wrap(f"    {name:<{_NAME}}{inert(fact)}", width, 4 + _NAME) if fact else []
