"""What a run was led through and what not, in a few lines."""

from itertools import groupby

from report.folding import daemons
from report.results import Coverage, Run
from report.text import listed, number

_NAMED = 6


def uncovered(run: Run) -> list[str]:
    """A line on how much each daemon met, and lines on what none or some of them never did."""
    lines = [_met(one, run.nightly) for one in run.coverage]
    for what, of in (
        ("never met: ", lambda one: one.singles),
        ("never met together: ", lambda one: one.pairs if run.nightly else ()),
        ("never happened: ", lambda one: one.never),
    ):
        for missed, alike in groupby(sorted(run.coverage, key=of), key=of):
            if missed:
                lines.append(f"{what}{_some(missed)}, on {daemons(run, [one.daemon for one in alike])}")
    return lines


def _met(one: Coverage, nightly: bool) -> str:
    pairs = f"{number(len(one.pairs), 'pair')} of them not met" if one.pairs else "every pair of them met"
    rest = "; --nightly meets them" if one.pairs and not nightly else ""
    return f"{one.daemon}: {one.points} of {number(one.of, 'point')}, {pairs}{rest}"


def _some(names: tuple[str, ...]) -> str:
    if len(names) <= _NAMED:
        return listed(list(names))
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more (in report.json)"
