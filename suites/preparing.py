"""What a command needs of a Docker engine, for as long as it needs it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from rich.console import Console

from fixtures.engine.cleanup import adopted, remove_own, sweep
from fixtures.engine.discovery import Engine, ensure_engine
from fixtures.images.making import Images, Source, ensure_images
from fixtures.profiles import Profile

INTERRUPTED = 130

errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def prepared(profiles: tuple[Profile, ...], source: Source) -> Iterator[Images]:
    """An engine and the images, for as long as a command needs them."""
    with engine_at_hand() as engine:
        yield ensure_images(engine, profiles, source, say)


@contextmanager
def engine_at_hand() -> Iterator[Engine]:
    """An engine, told to the libraries that ask the environment.

    What ended commands left behind goes first, what this one makes goes last, and no signal keeps it from that.
    """
    with interruptible():
        engine = ensure_engine(say)
        os.environ.update(engine.environment() | adopted())
        with closing(engine.client()) as client:
            sweep(client)
            try:
                yield engine
            finally:
                with _undisturbed():
                    remove_own(client)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end a command with one sentence."""
    try:
        yield
    except KeyboardInterrupt:
        say("Interrupted; what the lab had started is removed.")
        sys.exit(INTERRUPTED)


def say(line: str) -> None:
    """Tell a person what is going on."""
    errors.print(line)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals that ask the command to end are let by: it is about to."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
