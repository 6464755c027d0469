"""A run as one page of HTML that needs nothing else: no network, no script, no other file."""

import hashlib
from base64 import b64encode

from markupsafe import Markup, escape

from report.page import page
from report.results import Run
from report.standing import NO_DAEMON
from report.telling import pieces
from report.templating import TEMPLATES, render


def to_html(run: Run) -> str:
    """The HTML report of a run.

    The page forbids itself everything but its own style sheet: even what should ever get through the escaping could
    neither run nor ask anybody anything.
    """
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return render(
        "report.html.j2",
        page=page(run),
        pieces=pieces,
        spaced=escape,
        no_daemon=NO_DAEMON,
        style=Markup(style),  # noqa: S704 - a file of ours
        digest=digest,
    )
