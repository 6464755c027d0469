"""A run as a badge: a picture, and the JSON that badge services draw one of."""

from report.portable import dump
from report.results import Run, exit_code
from report.standing import word
from report.templating import render
from report.text import number

LABEL = "docker hub mirrors"
_GLYPH, _PAD = 6.4, 7
_COLOURS = {0: ("success", "#1b6e47"), 1: ("critical", "#b42318"), 4: ("blueviolet", "#7a2e9e")}
_GREY = ("inactive", "#62656c")


def to_badge(run: Run) -> str:
    """The badge as SVG."""
    said = message(run)
    left, right = (len(text) * _GLYPH + 2 * _PAD for text in (LABEL, said))
    return render("badge.svg.j2", label=LABEL, message=said, left=left, right=right, pad=_PAD, colour=_colours(run)[1])


def to_badge_json(run: Run) -> str:
    """The badge as https://shields.io/badges/endpoint-badge takes it."""
    return dump({"schemaVersion": 1, "label": LABEL, "message": message(run), "color": _colours(run)[0]})


def message(run: Run) -> str:
    """The verdict in a few words. Of a run that tried a model, none: it says nothing about any daemon."""
    if run.models:
        return "no daemon tried"
    match exit_code(run):
        case 0:
            return "conformant"
        case 1:
            failed = {result.rule.id for result in run.results if word(result) == "FAIL"}
            return f"{number(len(failed), 'rule')} broken"
        case 4:
            return "harness error"
        case 5:
            return "nothing tested"
        case _:
            return "interrupted"


def _colours(run: Run) -> tuple[str, str]:
    return _GREY if run.models else _COLOURS.get(exit_code(run), _GREY)
