"""Uploads against a model: chunks of any size in any order, several at a time, more than there is room for."""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from simulator.bounds import Bounds
from simulator.messages import Arrival, Headers, Response
from simulator.world import World
from tests.simulator.pushes import Pusher, sha256
from tests.simulator.worlds import TOPOLOGY, Asker

BOUNDS = Bounds(blob=24, pushed=60)
PIECES = st.binary(max_size=12)
REPOSITORIES = st.sampled_from(["team/a", "team/b"])


class Uploading(RuleBasedStateMachine):
    """The model: what each upload has, and what each repository holds, as plain bytes."""

    where = Bundle("where")

    def __init__(self) -> None:
        super().__init__()
        self.pusher = Pusher(Asker(World(TOPOLOGY, bounds=BOUNDS)))
        self.open: dict[str, bytes] = {}
        self.blobs: dict[tuple[str, str], bytes] = {}

    @property
    def room(self) -> int:
        return BOUNDS.pushed - sum(map(len, self.open.values())) - sum(map(len, self.blobs.values()))

    @rule(target=where, repository=REPOSITORIES)
    def begin(self, repository: str) -> str:
        begun = self.pusher.ask("POST", f"/v2/{repository}/blobs/uploads/")
        assert begun.status == 202
        self.open[begun.header("location")] = b""
        return begun.header("location")

    @rule(
        where=where,
        data=PIECES.filter(bool),
        offset=st.integers(-3, 3),
        arrival=st.sampled_from(["whole", "broken-off"]),
    )
    def chunk(self, where: str, data: bytes, offset: int, arrival: Arrival) -> None:
        have = self.open.get(where)
        start = max(len(have or b"") + offset, 0)
        headers = (("content-range", f"{start}-{start + len(data) - 1}"),)
        self._patch(where, data, headers, arrival, fits=have is not None and start == len(have))

    @rule(where=where, data=PIECES)
    def stream(self, where: str, data: bytes) -> None:
        self._patch(where, data, (), "whole", fits=where in self.open)

    def _patch(self, where: str, data: bytes, headers: Headers, arrival: Arrival, *, fits: bool) -> None:
        patched = self.pusher.ask("PATCH", where, data, headers, arrival)
        if where not in self.open:
            assert patched.status == 404
        elif not fits:
            assert patched.status == 416
            self._tells(where, patched)
        elif not self._holds(where, data):
            assert patched.status == 413
        else:
            self.open[where] += data
            assert patched.status == (202 if arrival == "whole" else 400)
            if arrival == "whole":
                self._tells(where, patched)

    @rule(where=consumes(where), data=PIECES, right=st.booleans())
    def finish(self, where: str, data: bytes, right: bool) -> None:
        whole = self.open.get(where, b"") + data
        digest = sha256(whole if right else whole + b"x")
        finished = self.pusher.ask("PUT", f"{where}?digest={digest}", data)
        if where not in self.open:
            assert finished.status == 404
            return
        if not self._holds(where, data):
            assert finished.status == 413
            self.cancel(where)
            return
        del self.open[where]
        assert finished.status == (201 if right else 400)
        if right:
            self.blobs[where.split("/blobs/", maxsplit=1)[0], digest] = whole

    @rule(repository=REPOSITORIES, data=PIECES)
    def at_once(self, repository: str, data: bytes) -> None:
        posted = self.pusher.ask("POST", f"/v2/{repository}/blobs/uploads/?digest={sha256(data)}", data)
        assert posted.status == (201 if len(data) <= self.room else 413)
        if posted.status == 201:
            self.blobs[f"/v2/{repository}", sha256(data)] = data

    @rule(target=where, source=REPOSITORIES, repository=REPOSITORIES, data=PIECES)
    def mount(self, source: str, repository: str, data: bytes) -> object:
        path = f"/v2/{repository}/blobs/uploads/?mount={sha256(data)}&from={source}"
        mounted = self.pusher.ask("POST", path)
        there = (f"/v2/{source}", sha256(data)) in self.blobs
        here = (f"/v2/{repository}", sha256(data))
        if there and (here in self.blobs or len(data) <= self.room):
            assert mounted.status == 201
            self.blobs[here] = data
            return multiple()
        assert mounted.status == 202
        self.open[mounted.header("location")] = b""
        return mounted.header("location")

    @rule(where=where)
    def cancel(self, where: str) -> None:
        cancelled = self.pusher.ask("DELETE", where)
        assert cancelled.status == (204 if where in self.open else 404)
        self.open.pop(where, None)

    @rule(repository=REPOSITORIES, data=PIECES)
    def delete(self, repository: str, data: bytes) -> None:
        deleted = self.pusher.ask("DELETE", f"/v2/{repository}/blobs/{sha256(data)}")
        held = self.blobs.pop((f"/v2/{repository}", sha256(data)), None)
        assert deleted.status == (404 if held is None else 202)

    @invariant()
    def every_upload_and_blob_is_as_the_model_says(self) -> None:
        for where in self.open:
            status = self.pusher.ask("GET", where)
            assert status.status == 204
            self._tells(where, status)
        for (repository, digest), data in self.blobs.items():
            assert self.pusher.ask("GET", f"{repository}/blobs/{digest}").body == data
        assert not self.pusher.asker.world.journal.errors

    def _holds(self, where: str, data: bytes) -> bool:
        return len(self.open[where]) + len(data) <= BOUNDS.blob and len(data) <= self.room

    def _tells(self, where: str, response: Response) -> None:
        assert response.header("location") == where
        assert response.header("range") == f"0-{max(len(self.open[where]) - 1, 0)}"


TestUploading = Uploading.TestCase
TestUploading.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
