"""A live view of a journal: a line for each exchange, of who asks whom for what."""

import asyncio
import io
import select
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from simulator.journal import Exchange, Journal

Printer = Callable[[str, int], None]
"""Prints a line about an exchange with this status."""

INTERVAL = 0.1
_LONGEST_NAME = 100
_DIGITS_OF_A_DIGEST = 8


async def show(journal: Callable[[], Journal], epoch: datetime, write: Printer) -> None:
    """Print every exchange once it has ended, or is known never to be answered; until cancelled.

    ``journal`` gives the present one: an arrangement begins another. ``epoch`` is the time of day at second 0 of
    its clock. Where nobody reads what is printed, it waits, and the servers do not.
    """
    follower = Follower(journal())
    while True:
        for exchange in follower.news(journal()):
            while not _is_read():
                await asyncio.sleep(INTERVAL)
            write(line(exchange, epoch.astimezone()), exchange.status)
            sys.stdout.flush()
        await asyncio.sleep(INTERVAL)


def _is_read() -> bool:
    """Whether standard output takes a line (far less than PIPE_BUF) without waiting for a reader."""
    try:
        descriptor = sys.stdout.fileno()
    except io.UnsupportedOperation:
        return True
    return bool(select.select([], [descriptor], [], 0)[1])


class Follower:
    """Reads a journal on, and the one that follows it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._mark = 0
        self._under_way: list[int] = []

    def news(self, journal: Journal) -> Iterator[Exchange]:
        """The exchanges that came to an end since this was asked last."""
        if journal is not self._journal:
            self._journal, self._mark, self._under_way = journal, 0, []
        unseen = (*self._under_way, *range(max(self._mark, journal.forgotten), len(journal)))
        waiting = [seq for seq in unseen if seq >= journal.forgotten]
        self._mark, self._under_way = len(journal), []
        for seq in waiting:
            exchange = journal.at(seq)
            if exchange.ended is None and exchange.status:
                self._under_way.append(seq)
            else:
                yield exchange


def line(exchange: Exchange, epoch: datetime) -> str:
    """An exchange in one line. ``epoch`` is the time of day at second 0 of the journal's clock."""
    began = epoch + timedelta(seconds=exchange.began)
    struck = f" (fault: {exchange.fault})" if exchange.fault else ""
    return (
        f"{began:%H:%M:%S} {exchange.client:9} {_tidy(exchange.method):4} {exchange.server:8} "
        f"{exchange.status or '-':>3} {exchange.sent:9} {_tidy(_subject(exchange))}{struck}"
    )


def _subject(exchange: Exchange) -> str:
    if exchange.stage == "token":
        return f"token for {exchange.repository}" if exchange.repository else "token"
    if not exchange.repository:
        return exchange.target
    if not exchange.reference:
        return f"{exchange.repository} ({exchange.stage})"
    algorithm, colon, encoded = exchange.reference.partition(":")
    if colon:
        return f"{exchange.repository}@{algorithm}:{encoded[:_DIGITS_OF_A_DIGEST]}"
    return f"{exchange.repository}:{exchange.reference}"


def _tidy(text: str) -> str:
    """A text that a client sent, without what could mislead a terminal."""
    harmless = "".join(character if " " <= character <= "~" else "?" for character in text)
    return harmless if len(harmless) <= _LONGEST_NAME else harmless[:_LONGEST_NAME] + "..."


def printer() -> Printer:
    """Colours on a terminal, if rich is installed; plain lines otherwise."""
    try:
        from rich.console import Console  # noqa: PLC0415 - the view is the only use of it here
        from rich.text import Text  # noqa: PLC0415
    except ImportError:
        return _plain
    console = Console(highlight=False)

    def coloured(text: str, status: int) -> None:
        with console.capture() as captured:
            console.print(Text(text, style=_style(status)), soft_wrap=True)
        sys.stdout.write(captured.get())

    return coloured


def _plain(text: str, _: int) -> None:
    sys.stdout.write(text + "\n")


def _style(status: int) -> str:
    if status == 401:
        return "dim"
    return {2: "green", 3: "cyan", 4: "yellow"}.get(status // 100, "red")
