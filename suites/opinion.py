"""A second opinion: what becomes of a daemon's failure on a model that keeps every rule."""

from dataclasses import replace

from fixtures.model import ModelLab
from fixtures.profiles import is_model
from report.results import Example, Opinion
from suites.judge import judge


def with_opinion(example: Example) -> Example:
    """An example with what the model of the same image store makes of its scenario. A model's own has none, and a
    mirror's.
    """
    if example.tried or is_model(example.history.daemon):
        return example
    return replace(example, model=_opinion(example))


def _opinion(example: Example) -> Opinion:
    """What the same rule says of the same step, and whether it finds fault with another."""
    rule, step = example.verdict.rule, example.verdict.step
    try:
        history = ModelLab(example.history.store).play(example.scenario)
        verdicts = [verdict for verdict in judge(example.scenario, history) if verdict.rule == rule]
    except Exception as crash:  # noqa: BLE001 - what a model cannot play is told, and keeps no report from being written
        return Opinion("error", f"{type(crash).__name__}: {crash}")
    for verdict in verdicts:
        if verdict.ruling == "error":
            return Opinion("error", verdict.reason)
    for verdict in verdicts:
        if verdict.ruling == "fail":
            return Opinion("breaks", verdict.reason)
    for verdict in verdicts:
        if verdict.step == step:
            return Opinion("keeps", verdict.reason)
    return Opinion("silent", "")
