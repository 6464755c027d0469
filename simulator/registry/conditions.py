"""Conditional and partial requests (RFC 9110, sections 13 and 14): entity tags and ranges."""

import re

from simulator.messages import Request

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def entity_tag(digest: str) -> str:
    """The strong entity tag of what a digest names: it changes with every byte."""
    return f'"{digest}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the client says that it has this already (``If-None-Match``, compared weakly)."""
    known = request.header("if-none-match")
    return known.strip() == "*" or tag in _TAG.findall(known)


def bounds(request: Request, tag: str, size: int) -> tuple[int, int] | None:
    """The first and the last byte that a GET asks for; ``None`` where all of them are to be sent.

    Where the first comes after the last, the range cannot be satisfied. A range that cannot be read is ignored,
    and so is one of several parts, as section 14.2 allows, and one under another ``If-Range``.
    """
    asked = _RANGE.fullmatch(request.header("range")) if request.method == "GET" else None
    if asked is None or asked[0] == "bytes=-" or request.header("if-range") not in ("", tag):
        return None
    if not asked[1]:
        return max(size - int(asked[2]), 0), size - 1
    first, last = int(asked[1]), int(asked[2] or size - 1)
    if asked[2] and last < first:
        return None
    return first, min(last, size - 1)
