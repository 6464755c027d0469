"""How much servers take from clients."""

from dataclasses import dataclass

LARGEST_MANIFEST = 1 << 22
"""Bytes (distribution-spec 1.1, "Pushing Manifests": no registry should set a lower limit)."""

LONGEST_FORM = 1 << 16
"""Bytes of a token request's form."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much servers keep for clients. What would be more is answered with 413.

    ``blob``, ``pushed`` and ``arriving`` are bytes: of one blob; of all that one server holds of what clients pushed,
    uploads under way included; and of the request bodies that arrive at one time, of all servers together.
    ``objects`` is how many blobs, manifests and tags one server holds of what clients pushed.
    ``exchanges`` is how many exchanges the journal keeps, of all servers together; the first are forgotten first.
    """

    blob: int = 1 << 28
    pushed: int = 1 << 30
    objects: int = 1 << 20
    arriving: int = 1 << 29
    exchanges: int = 100_000
    cached: int = 1 << 26


STANDARD = Bounds()


@dataclass(slots=True)
class Room:
    """A number of bytes, and how many of them are taken."""

    size: int
    taken: int = 0

    def take(self, count: int) -> bool:
        """Take so many bytes, unless there are not so many left."""
        if self.taken + count > self.size:
            return False
        self.taken += count
        return True

    def free(self, count: int) -> None:
        self.taken -= count
