"""Programs side by side, in whatever order their steps come: clients, admissions, syncs, evictions, failures."""

from dataclasses import dataclass
from typing import get_args

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.arrangement import Break, Evict, Fault, Heal, Publish
from simulator.messages import Response
from simulator.mirror.cache import Cache
from simulator.mirror.policy import Admission, Eviction, Order, Policy, Sync, Upstream
from simulator.registry.content import build
from tests.simulator.mirror.mirrors import Running, Side, mirrored, upstream
from tests.simulator.worlds import IMAGES, REPOSITORY, digest, manifest_path

CONTENT = {part: data for spec in IMAGES.values() for part, data in build(spec).bytes_of.items()}
ROOTS = {"single": digest("single", "manifest"), "many": digest("many", "index")}
TAGS = st.sampled_from(["1", "2"])
DIGESTS = st.sampled_from(list(CONTENT))
KINDS = st.sampled_from(["corrupt", "truncate", "hang", "reset", "refuse", "wrong-digest", "wrong-type"])
PLACES = st.sampled_from(["any", "token", "manifest", "blob"])

POLICIES = st.builds(
    Policy,
    miss=st.sampled_from(["not-found", "fetch"]),
    admission=st.builds(
        Admission,
        when=st.sampled_from(["never", "at-once", "after", "by-chance"]),
        requests=st.integers(1, 2),
        probability=st.just(0.5),
        delay=st.sampled_from([0, 3]),
    ),
    eviction=st.builds(
        Eviction,
        order=st.sampled_from(get_args(Order)),
        bytes=st.sampled_from([None, None, 3000]),
        images=st.sampled_from([None, None, 1, 2]),
        idle=st.sampled_from([None, 7]),
        age=st.sampled_from([None, 15]),
        sweep=st.just(5.0),
    ),
    sync=st.builds(
        Sync, st.sampled_from(["never", "interval", "on-read"]), every=st.just(4.0), fresh=st.sampled_from([0, 2])
    ),
    upstream=st.builds(Upstream, on_failure=st.sampled_from(["stale", "fail"])),
    coalescing=st.booleans(),
)


@dataclass
class Client:
    """A client that reads its answer as it comes, or leaves."""

    running: Running
    reference: str
    offset: int = 0
    read: bytes = b""
    left: bool = False


class SideBySide(RuleBasedStateMachine):
    @initialize(policy=POLICIES)
    def begin(self, policy: Policy) -> None:
        self.policy = policy
        self.asker = mirrored(policy)
        self.world = self.asker.world
        self.side = Side(self.world)
        self.clients: list[Client] = []
        self.named = {"1": {ROOTS["single"]}, "2": {ROOTS["many"]}}
        self.now = 0.0

    @rule(tag=TAGS, method=st.sampled_from(["GET", "HEAD"]))
    def ask_for_a_tag(self, tag: str, method: str) -> None:
        self.clients.append(Client(self.side.ask(manifest_path(tag), self.now, method), tag))

    @rule(wanted=DIGESTS, method=st.sampled_from(["GET", "GET", "HEAD"]))
    def ask_for_a_digest(self, wanted: str, method: str) -> None:
        kind = "manifests" if bytes(CONTENT[wanted]).startswith(b'{"schemaVersion"') else "blobs"
        path = f"/v2/{REPOSITORY}/{kind}/{wanted}"
        self.clients.append(Client(self.side.ask(path, self.now, method), wanted))

    @rule(numbers=st.lists(st.integers(0, 30), max_size=8))
    def steps(self, numbers: list[int]) -> None:
        for number in numbers:
            if possible := self.side.steps():
                self.side.step(number % possible, self.now)

    @rule(number=st.integers(0, 30))
    def a_client_reads(self, number: int) -> None:
        if self.clients:
            read(self.clients[number % len(self.clients)])

    @rule(number=st.integers(0, 30))
    def a_client_leaves(self, number: int) -> None:
        if self.clients:
            self.clients[number % len(self.clients)].left = True

    @rule(seconds=st.integers(1, 6))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds
        for program in self.world.turn(self.now):
            self.side.begin(program)
        due = self.world.next_turn(self.now)
        assert due is None or due > self.now

    @rule(tag=TAGS, image=st.sampled_from(list(IMAGES)))
    def hub_publishes(self, tag: str, image: str) -> None:
        self.world.apply(Publish(REPOSITORY, tag, image), self.now)
        self.named[tag].add(ROOTS[image])

    @rule(tag=TAGS | st.none(), wanted=st.none() | DIGESTS)
    def the_mirror_evicts(self, tag: str | None, wanted: str | None) -> None:
        change = Evict("one", REPOSITORY, digests=(wanted,)) if wanted else Evict("one", REPOSITORY, tag)
        self.world.apply(change, self.now)

    @rule(kind=KINDS, place=PLACES, times=st.integers(1, 3) | st.none())
    def hub_breaks(self, kind: str, place: str, times: int | None) -> None:
        self.world.apply(Break("hub", Fault(kind, place, times=times)), self.now)  # type: ignore[arg-type]

    @rule()
    def hub_heals(self) -> None:
        self.world.apply(Heal("hub"), self.now)

    @invariant()
    def the_journal_is_in_order(self) -> None:
        exchanges = self.world.journal.since()
        assert [exchange.seq for exchange in exchanges] == list(range(len(exchanges)))
        assert [exchange.began for exchange in exchanges] == sorted(exchange.began for exchange in exchanges)
        assert self.world.journal.errors == []

    @invariant()
    def nothing_is_held_that_is_not_what_it_is_called(self) -> None:
        cache = self.cache
        for wanted, data in CONTENT.items():
            found = cache.manifest(REPOSITORY, wanted) or cache.blob(REPOSITORY, wanted)
            assert found is None or found.data == data
        for tag, roots in self.named.items():
            assert cache.digest(REPOSITORY, tag) in {"", *roots}
        eviction = self.policy.eviction
        assert eviction.bytes is None or cache.bytes <= eviction.bytes
        assert eviction.images is None or cache.images <= eviction.images

    @property
    def cache(self) -> Cache:
        mirror = self.world._servers["one"].mirror
        assert mirror
        return mirror.cache

    def teardown(self) -> None:
        if not hasattr(self, "side"):
            return
        self.side.finish(self.now)
        assert self.side.running == []
        for client in self.clients:
            assert client.running.reply
            self.is_right(client, client.running.reply.response)
        asked = [one for one in self.world.journal.since() if one.server == "one"]
        assert len(asked) == len(self.clients)
        assert all(one.status for one in asked)
        self.settles()

    def is_right(self, client: Client, response: Response) -> None:
        """An answer is Hub's content as it was at some time, or says that there is none."""
        assert response.status in (200, 404, 502, 503, 504)
        if response.status != 200:
            assert self.policy.miss == "not-found" or response.status != 404
            return
        called = self.named.get(client.reference, {client.reference})
        assert client.running.request
        if client.running.request.method == "HEAD":
            return
        while not client.left and read(client):
            pass
        if response.fill and response.fill.failed:
            assert client.read != CONTENT[client.reference]
        elif not client.left:
            assert client.read in [CONTENT[one] for one in called]
        begun = any(bytes(CONTENT[one]).startswith(client.read) for one in called)
        assert begun or (response.fill and response.fill.failed)

    def settles(self) -> None:
        """Once Hub is well and nothing is under way, a mirror that fetches gives what Hub has, or what it synced."""
        self.world.apply(Heal("hub"), self.now)
        mark = len(self.world.journal)
        for tag in ("1", "2"):
            response = self.asker_at(manifest_path(tag))
            assert response.status == 200 or self.policy.miss == "not-found"
            if response.status == 200 and self.policy.sync.when == "on-read" and not self.policy.sync.fresh:
                assert [one.status for one in upstream(self.asker, mark) if one.reference == tag]

    def asker_at(self, path: str) -> Response:
        self.asker.now = self.now
        return self.asker.ask(path)


def read(client: Client) -> bool:
    """Let a client read the next piece of its answer; tells whether there was one."""
    if client.left or not client.running.reply:
        return False
    response = client.running.reply.response
    more = response.body[client.offset :] if response.fill is None else response.fill.available(client.offset)
    client.read += more
    client.offset += len(more)
    return bool(more)


TestSideBySide = SideBySide.TestCase
TestSideBySide.settings = settings(deadline=None, max_examples=150, stateful_step_count=30)
