"""Text that is safe to show, and figures as people write them."""

import textwrap
import unicodedata

_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NEITHER_XML_NOR_TEXT = frozenset({"\ufffe", "\uffff"})


TOGETHER = "\u00a0"
"""A space at which no line is broken. No text that went through :func:`inert` holds one."""


def inert(text: str) -> str:
    """The text on one line, with everything spelled out that would act on a terminal or break XML.

    Daemons and servers put what they like into their sentences: escape sequences, carriage returns,
    marks that turn the direction of writing.
    """
    return "".join(_spelled(character) for character in " ".join(text.split()))


def _spelled(character: str) -> str:
    if unicodedata.category(character) in _ACTING or character in _NEITHER_XML_NOR_TEXT:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def encodable(text: str, encoding: str) -> str:
    """The text with what an encoding cannot express replaced."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("…", "~").encode(encoding, "replace").decode(encoding)
    return text


def cut(text: str, width: int) -> str:
    """The text, shortened to a width where it is longer."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def wrap(line: str, width: int, hang: int) -> list[str]:
    """A line in pieces of a width, all but the first indented by ``hang``. ``TOGETHER`` never ends a piece."""
    pieces = textwrap.wrap(line, width, subsequent_indent=" " * hang, break_on_hyphens=False)
    return [piece.replace(TOGETHER, " ") for piece in pieces]


def digest(text: str, digits: int = 12) -> str:
    """A digest as people compare them: its algorithm and first digits."""
    algorithm, colon, value = text.partition(":")
    return f"{algorithm}{colon}{cut(value, digits + 1)}"


def size(count: int) -> str:
    """A number of bytes in decimal units, as ``docker`` prints them."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1e3:.3g} kB"
    return f"{count / 1e6:.3g} MB" if count < 1_000_000_000 else f"{count / 1e9:.3g} GB"


def seconds(value: float) -> str:
    """A duration, as precise as anybody cares."""
    return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"


def number(count: int, thing: str) -> str:
    """A count and its noun: ``1 pull``, ``2 pulls``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def listed(words: list[str]) -> str:
    """Words as a sentence lists them: ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
