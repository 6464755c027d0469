"""Blobs that are being uploaded: what has come of each so far (distribution-spec 1.1, "Pushing a blob in chunks")."""

import re
import uuid
from dataclasses import dataclass, field

from simulator.bounds import Room
from simulator.filed import Data, Gathered

MOST_UPLOADS = 1024
"""Uploads under way on one server. One more ends the one that has rested longest."""

_CONTENT_RANGE = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


@dataclass(slots=True)
class Upload:
    """One upload: the bytes that have come, in order."""

    repository: str
    name: str
    content: Gathered = field(default_factory=Gathered)

    @property
    def size(self) -> int:
        return self.content.size


class Uploads:
    """The uploads under way on one server. Their names follow from the seed, and cannot be guessed without it."""

    def __init__(self, seed: str, room: Room) -> None:
        self._namespace = uuid.uuid5(uuid.NAMESPACE_URL, seed)
        self._room = room
        self._begun = 0
        self._uploads: dict[str, Upload] = {}

    def begin(self, repository: str) -> Upload:
        if len(self._uploads) >= MOST_UPLOADS:
            self.end(next(iter(self._uploads.values())))
        self._begun += 1
        upload = Upload(repository, str(uuid.uuid5(self._namespace, str(self._begun))))
        self._uploads[upload.name] = upload
        return upload

    def find(self, repository: str, name: str) -> Upload | None:
        """The upload of this name, from now on the one that has rested shortest."""
        upload = self._uploads.get(name)
        if upload is None or upload.repository != repository:
            return None
        self._uploads[name] = self._uploads.pop(name)
        return upload

    def append(self, upload: Upload, data: Data) -> bool:
        """Take more bytes in, unless there is no room for them."""
        if not self._room.take(len(data)):
            return False
        upload.content.add(data)
        return True

    def end(self, upload: Upload) -> Data:
        """Forget an upload; returns what had come of it."""
        del self._uploads[upload.name]
        self._room.free(upload.size)
        return upload.content.data()


def chunk(content_range: str) -> tuple[int, int] | None:
    """The first and the last byte of a chunk, as ``Content-Range`` tells them; ``None`` where it cannot be read."""
    match = _CONTENT_RANGE.fullmatch(content_range)
    return (int(match[1]), int(match[2])) if match and int(match[1]) <= int(match[2]) else None
