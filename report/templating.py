"""The templates of reports. Whatever a template is given is made harmless on its way into the text."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from report.text import inert

TEMPLATES = Path(__file__).with_name("templates")


def render(template: str, **values: object) -> str:
    """A template of ``templates/`` with these values: every string of them on one line, without characters that act,
    and escaped.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _harmless(value: object) -> object:
    """A value as it may stand in a page; what another template made is harmless already."""
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value
