"""What GitHub Actions read in the output of a command: commands of ours, and none of anybody else's."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def guarded(to: TextIO | None = None) -> Iterator[None]:
    """Keep the log of a job from being taken for workflow commands, whatever daemons and servers put into it.

    GitHub obeys any line of it that looks like one, until it is told to stop by a word that nobody can guess. ``to`` is
    where the lines go, by default standard output.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", file=to, flush=True)
    try:
        yield
    finally:
        print(f"::{token}::", file=to, flush=True)


def say(commands: Iterable[str]) -> None:
    """Give GitHub commands of ours; elsewhere, nobody wants to read them."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for command in commands:
            print(command, flush=True)
