"""An example explained: the rule, what was arranged and done, and what was seen on the wire."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from fixtures.history import History, Outcome
from fixtures.scenario import Configure, Reload, Restart, RestartService, Start
from report import wording
from report.attribution import attribution
from report.exchanges import on_the_wire
from report.results import Example
from report.sequence import draw
from report.text import inert, wrap
from report.words import describe, named, server_of
from suites.verdict import Rule, Verdict

__all__ = ["describe", "draw", "explain", "explain_together", "named"]

_MOST_IN_FULL = 8
_OF_EACH = frozenset({"found", "model", "whose"})


@dataclass(frozen=True)
class Scene:
    """A step whose exchanges are worth a drawing: its words, what the verdicts rest on, and the servers to show."""

    outcome: Outcome
    said: str
    marked: frozenset[int]
    lanes: tuple[str, ...]


def explain(example: Example, rule: Rule, width: int = 100) -> list[str]:
    """All that a person needs to understand and to repeat an example."""
    return explain_together([(example, rule)], width)


def explain_together(cases: Sequence[tuple[Example, Rule]], width: int = 100) -> list[str]:
    """Examples of several rules that are one scenario on one daemon: what each rule says, then what was seen."""
    first, _ = cases[0]
    subject = wording.subject(first)
    lines: list[str] = []
    told: Rule | None = None
    for example, rule in cases:
        verdict = example.verdict
        found = f"{verdict.variant}: {verdict.reason}" if verdict.variant else verdict.reason
        if rule != told:
            lines += wrap(f"{inert(rule.id)} {rule.level}: {inert(rule.title)}", width, 4)
        model = example.model.sentence if example.model else ""
        whose = attribution(rule, example).sentence
        facts = (("source", rule.source), ("why", rule.why), ("subject", subject), ("found", found), ("model", model))
        for name, fact in (*facts, ("whose", whose)):
            if fact and (len(cases) == 1 or name in _OF_EACH or (name == "source" and rule != told)):
                lines += wrap(f"  {name:<8} {inert(fact)}", width, 11)
        told = rule
    if len(cases) > 1:
        lines += ["", *wrap(f"  {'subject':<8} {inert(subject)}", width, 11)]
    described = wording.described(first, judged(cases), width - 2)
    lines += ["", *(f"  {line}" for line in described)]
    lines += (f"  {line}".rstrip() for line in _evidence(cases, width - 2))
    return [*lines, "", f"  replay: {wording.again(first)}"]


def scenes(cases: Sequence[tuple[Example, Rule]]) -> list[Scene]:
    """The steps to draw of examples that are one scenario on one daemon."""
    first, _ = cases[0]
    verdicts = _seen(cases)
    marked = frozenset(seq for verdict in verdicts for seq in verdict.exchanges)
    return [
        Scene(outcome, wording.spelled(first, outcome.step), marked, _lanes(first, outcome))
        for outcome in _told(first.history, {verdict.step for verdict in verdicts}, marked)
    ]


def judged(cases: Sequence[tuple[Example, Rule]]) -> frozenset[int]:
    """The steps that the verdicts are of."""
    return frozenset(verdict.step for verdict in _seen(cases))


def offending(cases: Sequence[tuple[Example, Rule]]) -> list[str]:
    """The exchanges that the verdicts rest on, as they were on the wire."""
    marked = {seq for verdict in _seen(cases) for seq in verdict.exchanges}
    exchanges = [exchange for exchange in cases[0][0].history.exchanges if exchange.seq in marked]
    lines = [f"{exchange.seq}  {on_the_wire(exchange)}" for exchange in exchanges[:_MOST_IN_FULL]]
    more = len(exchanges) - _MOST_IN_FULL
    return [*lines, f"and {more} more"] if more > 0 else lines


def _seen(cases: Sequence[tuple[Example, Rule]]) -> list[Verdict]:
    """The verdicts of the history that is shown, which is the first example's."""
    return [example.verdict for example, _ in cases if example.history == cases[0][0].history]


def _evidence(cases: Sequence[tuple[Example, Rule]], width: int) -> Iterator[str]:
    history = cases[0][0].history
    for scene in scenes(cases):
        yield ""
        yield from wrap(f"Step {scene.outcome.step + 1}{f': {scene.said}' if scene.said else ''}", width, 4)
        yield from draw(history, scene.outcome, scene.marked, width, scene.lanes)
    lines = offending(cases)
    if not lines:
        return
    yield ""
    rests = "the verdict rests" if len(_seen(cases)) == 1 else "the verdicts rest"
    yield f">> is what {rests} on. On the wire:"
    for line in lines:
        yield from wrap(f"   {line}", width, 8)


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
        if isinstance(step, Start | Reload | RestartService) and index in succeeded:
            mirrors = example.history.outcomes[index].shown or ()
    servers = [server_of(url, example.history) for url in mirrors]
    return tuple(dict.fromkeys([*filter(None, servers), "hub"]))
