"""The time of a simulated world: as real time goes on, but for what was skipped."""

import time
from collections.abc import Callable


class Clock:
    """Tells the world's time, in seconds: those of ``real`` and those that were skipped. It never goes back.

    It runs, or stands at a moment while what is due then is carried out.
    """

    def __init__(self, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._skipped = 0.0
        self._stood = real()
        self._runs = True

    def __call__(self) -> float:
        """The present time."""
        return max(self._stood, self._real() + self._skipped) if self._runs else self._stood

    def stand(self, moment: float) -> None:
        """Stand at a moment until told to run on; at the present one, where the moment is past."""
        self._stood = max(moment, self())
        self._runs = False

    def run(self) -> None:
        """Run on from where it stands, if it does."""
        if not self._runs:
            self._skipped = self._stood - self._real()
            self._runs = True
