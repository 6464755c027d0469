"""How pages show a state to the eye."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A state for the eye: a class of the style sheet, a sign, and a word, so that no colour says it alone."""

    tone: str
    sign: str
    name: str


MARKS = {
    "pass": Mark("pass", "✓", "kept"),
    "FAIL": Mark("fail", "✕", "failed"),
    "ERROR": Mark("error", "!", "in error"),
    "warn": Mark("warn", "▲", "SHOULD not met"),
    "note": Mark("note", "i", "worth knowing"),
    "deviation": Mark("dev", "≈", "known deviation"),
    "n/a": Mark("none", "·", "nothing to judge"),
    "-": Mark("none", "\u2013", "not exercised"),
}
VERDICTS = {
    0: Mark("pass", "✓", "Conformant"),
    1: Mark("fail", "✕", "Not conformant"),
    4: Mark("error", "!", "The results cannot be trusted"),
    5: Mark("none", "\u2013", "Nothing was tested"),
    130: Mark("warn", "▲", "Interrupted"),
}
"""What the exit codes say, as a heading."""
