"""An example explained: the rule, what was arranged and done, and what was seen on the wire."""

from collections.abc import Container, Iterable, Iterator, Sequence

from fixtures.history import History, Outcome
from fixtures.profiles import is_model
from fixtures.scenario import Configure, Restart
from report import mirrored
from report.results import Example
from report.sequence import draw, on_the_wire
from report.text import inert, wrap
from report.words import describe, server_of, spell
from suites.verdict import Rule, Verdict

__all__ = ["describe", "draw", "explain", "explain_together", "named"]

_MOST_IN_FULL = 8


def named(history: History) -> str:
    """The daemon, or model of one, that a history is of."""
    what = "no daemon, but a model of one" if is_model(history.daemon) else f"dockerd {history.version}"
    return f"{history.daemon} ({what}, {history.store} store)"


def explain(example: Example, rule: Rule, width: int = 100) -> list[str]:
    """All that a person needs to understand and to repeat an example."""
    return explain_together([(example, rule)], width)


def explain_together(cases: Sequence[tuple[Example, Rule]], width: int = 100) -> list[str]:
    """Examples of several rules that are one scenario on one daemon: what each rule says, then what was seen."""
    first, _ = cases[0]
    history = first.history
    subject = mirrored.named(first.tried) if first.tried else named(history)
    lines: list[str] = []
    told: Rule | None = None
    for example, rule in cases:
        verdict = example.verdict
        found = f"{verdict.variant}: {verdict.reason}" if verdict.variant else verdict.reason
        if rule != told:
            lines += wrap(f"{inert(rule.id)} {rule.level}: {inert(rule.title)}", width, 4)
        model = example.model.sentence if example.model else ""
        facts = (("source", rule.source), ("why", rule.why), ("subject", subject), ("found", found), ("model", model))
        for name, fact in facts:
            if fact and (len(cases) == 1 or name in {"found", "model"} or (name == "source" and rule != told)):
                lines += wrap(f"  {name:<8} {inert(fact)}", width, 11)
        told = rule
    if len(cases) > 1:
        lines += ["", *wrap(f"  {'subject':<8} {inert(subject)}", width, 11)]
    seen = [example.verdict for example, _ in cases if example.history == history]
    judged = {verdict.step for verdict in seen}
    if first.tried:
        told_steps = list(mirrored.describe(first.tried, judged, width - 2))
    else:
        told_steps = describe(first.scenario, history, judged=judged, width=width - 2)
    lines += ["", *(f"  {line}" for line in told_steps)]
    lines += (f"  {line}".rstrip() for line in _evidence(first, seen, width - 2))
    again = f"replay {inert(first.id)}" if first.tried is None else f"mirror --trial '{inert(first.tried.name)}' ..."
    return [*lines, "", f"  replay: mirror-conformance {again}"]


def _evidence(example: Example, verdicts: Sequence[Verdict], width: int) -> Iterator[str]:
    scenario, history = example.scenario, example.history
    marked = frozenset(seq for verdict in verdicts for seq in verdict.exchanges)
    for outcome in _told(history, {verdict.step for verdict in verdicts}, marked):
        yield ""
        what = f": {spell(scenario.steps[outcome.step], history)}" if outcome.step in range(len(scenario.steps)) else ""
        what = f": {mirrored.spell(example.tried.scenario, outcome.step)}" if example.tried else what
        yield from wrap(f"Step {outcome.step + 1}{what}", width, 4)
        yield from draw(history, outcome, marked, width, _lanes(example, outcome))
    offending = [exchange for exchange in history.exchanges if exchange.seq in marked]
    if not offending:
        return
    yield ""
    rests = "the verdict rests" if len(verdicts) == 1 else "the verdicts rest"
    yield f">> is what {rests} on. On the wire:"
    for exchange in offending[:_MOST_IN_FULL]:
        yield from wrap(f"   {exchange.seq}  {on_the_wire(exchange)}", width, 8)
    if len(offending) > _MOST_IN_FULL:
        yield f"   and {len(offending) - _MOST_IN_FULL} more"


def _told(history: History, judged: Container[int], marked: Iterable[int]) -> list[Outcome]:
    """The steps that were judged and those of the marked exchanges; where there is neither, the last one."""
    told = [
        outcome
        for outcome in history.outcomes
        if outcome.step in judged or any(outcome.first <= seq < outcome.last for seq in marked)
    ]
    return told or [outcome for outcome in history.outcomes if history.during(outcome)][-1:]


def _lanes(example: Example, outcome: Outcome) -> tuple[str, ...]:
    """The mirrors in force when a step ran, in order, then Hub; or the mirror on trial."""
    if example.tried:
        return ("mirror", "hub")
    mirrors = example.scenario.mirrors
    succeeded = {earlier.step for earlier in example.history.outcomes if earlier.result == "ok"}
    for index, step in enumerate(example.scenario.steps[: max(outcome.step, 0)]):
        if isinstance(step, Configure | Restart) and index in succeeded:
            mirrors = step.mirrors or ()
    servers = [server_of(url, example.history) for url in mirrors]
    return tuple(dict.fromkeys([*filter(None, servers), "hub"]))
