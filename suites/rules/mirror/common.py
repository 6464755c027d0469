"""What the rules of several topics need. Grammar and codes are written down here again: the judge shares no code with
the accused.
"""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from simulator.journal import Exchange
from suites.mirror.timeline import Case
from suites.rules.finding import Finding

CaseRule = Callable[[Case], Finding | None]
"""Judges one answer; ``None``: the rule does not apply to it."""

TrialRule = Callable[[tuple[Case, ...]], Iterable[Finding]]
"""Judges all answers of a history."""

REFUSED = (401, 403, 404, 405, 501)
"""Statuses that refuse a write, or hide what is not for everybody. 501 is of a server that knows the method for nothing
(RFC 9110, 15.6.2).
"""

_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}")

CODES = frozenset(
    {
        "BLOB_UNKNOWN",
        "BLOB_UPLOAD_INVALID",
        "BLOB_UPLOAD_UNKNOWN",
        "DENIED",
        "DIGEST_INVALID",
        "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID",
        "MANIFEST_UNKNOWN",
        "MANIFEST_UNVERIFIED",
        "NAME_INVALID",
        "NAME_UNKNOWN",
        "PAGINATION_NUMBER_INVALID",
        "RANGE_INVALID",
        "SIZE_INVALID",
        "TAG_INVALID",
        "TOOMANYREQUESTS",
        "UNAUTHORIZED",
        "UNAVAILABLE",
        "UNKNOWN",
        "UNSUPPORTED",
    }
)
"""Codes of errors: those of the distribution-spec 1.1, and what Distribution adds (its ``api/errcode``)."""


def is_repository(text: str) -> bool:
    return _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    return text.startswith(("@", "sha256-@")) or _DIGEST.fullmatch(text) is not None


def is_reference(text: str) -> bool:
    return is_tag(text) or is_digest(text)


def document(text: str) -> Any:
    """A body as JSON; ``None`` where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def short(digest: str) -> str:
    """A digest as people compare them."""
    return f"{digest[:19]}..." if digest else "nothing"


def content(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The requests for content, without those for tokens."""
    return tuple(e for e in exchanges if e.stage not in ("token", "ping"))


def came(case: Case) -> str:
    """What came as the answer to a case's request, in words."""
    answer = case.answer
    size = f" with {answer.size} bytes" if answer.size else ""
    return f"{case.name} was answered {answer.outcome}{size}"
