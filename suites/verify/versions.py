"""Versions of dockerd, as far as what is known of one says something of another."""

import re

Version = tuple[int, ...]


def parsed(text: str) -> Version:
    """The numbers that a version begins with: ``20.10.24+dfsg1`` is (20, 10, 24). Empty where there are none."""
    numbers = re.match(r"v?(\d{1,9}(?:\.\d{1,9})*)", text.strip())
    return tuple(map(int, numbers[1].split("."))) if numbers else ()


def is_older(text: str, than: Version) -> bool:
    """Whether a dockerd is certainly older. One of an unknown version counts as new."""
    version = parsed(text)
    return bool(version) and version[: len(than)] < than[: len(version)]
