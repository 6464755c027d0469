"""One deadline for all that a person can be kept waiting for: a daemon, a name service, mirrors, files of a network."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deadline:
    """So many ``seconds`` after ``began``, a time of the monotonic clock."""

    seconds: float
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """The seconds that are left, none at least."""
        return max(self.began + self.seconds - time.monotonic(), 0.0)

    def share(self, part: float) -> "Deadline":
        """A deadline for a part of the time that is left."""
        return Deadline(self.left * part)

    def keep(self, what: Callable[[], T]) -> T:
        """Do something, and wait for it no longer than that: what hangs is left to itself.

        Raises:
            TimeoutError: it was not done by then.
        """
        done: list[T] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                done.append(what())
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(self.left)
        if failed:
            raise failed[0]
        if not done:
            raise TimeoutError
        return done[0]
