"""Where a cache keeps its bytes: in memory as far as they find room there, else in a temporary file."""

import sqlite3
from collections import OrderedDict


class Shelf:
    """Bytes by the number that they were given. ``room`` is how many bytes may be in memory; of more than these,
    what was read or put longest ago goes to a database that SQLite keeps in a temporary file of its own, and removes
    with the process (sqlite.org/inmemorydb.html, "Temporary Databases").
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._next = 0
        self._near: OrderedDict[int, bytes] = OrderedDict()
        self._far: sqlite3.Connection | None = None

    def put(self, data: bytes) -> int:
        """Keep bytes; returns their number."""
        self._next += 1
        self._bring_near(self._next, data)
        return self._next

    def read(self, number: int) -> bytes:
        data = self._near.get(number)
        if data is not None:
            self._near.move_to_end(number)
            return data
        [data] = self._database().execute("SELECT data FROM shelf WHERE number = ?", (number,)).fetchone()
        self._bring_near(number, data)
        return bytes(data)

    def remove(self, number: int) -> None:
        data = self._near.pop(number, None)
        self._taken -= len(data or b"")
        if self._far:
            self._far.execute("DELETE FROM shelf WHERE number = ?", (number,))

    def _bring_near(self, number: int, data: bytes) -> None:
        self._near[number] = data
        self._taken += len(data)
        while self._taken > self._room and len(self._near) > 1:
            old, least = self._near.popitem(last=False)
            self._taken -= len(least)
            self._database().execute("INSERT OR IGNORE INTO shelf VALUES (?, ?)", (old, least))

    def _database(self) -> sqlite3.Connection:
        if self._far is None:
            self._far = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                self._far.execute(f"PRAGMA {setting}")
            self._far.execute("CREATE TABLE shelf (number INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        return self._far
