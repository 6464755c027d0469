"""The journal against a model: whatever is asked, pushed, broken and changed meanwhile, it is complete and in order."""

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.arrangement import Break, Evict, Fault, Heal, Publish, Warm
from simulator.bounds import Bounds
from simulator.journal import Entry
from simulator.messages import Request
from simulator.topology import REGISTRY_HOST
from simulator.world import World
from tests.simulator.pushes import hub_pusher
from tests.simulator.requests import PUSHED, filled, requests
from tests.simulator.test_fuzz import check_exchange
from tests.simulator.worlds import REPOSITORY, TOPOLOGY, Asker, arrangement

SERVERS = st.sampled_from(["hub", "one", "two"])
TAGS = st.sampled_from(["1", "2"])
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(["status", "reset", "hang", "slow", "truncate", "corrupt", "wrong-digest", "wrong-type"]),
    at=st.just("any") | st.sampled_from(["ping", "token", "manifest", "blob", "upload"]),
    method=st.just("") | st.sampled_from(["GET", "PUT"]),
    skip=st.integers(0, 1),
    times=st.none() | st.integers(1, 2),
    status=st.just(503),
    seconds=st.just(1.0),
    after=st.integers(-1, 3),
)
CHANGES = st.one_of(
    st.builds(Break, SERVERS, FAULTS),
    st.builds(Heal, SERVERS),
    st.builds(Publish, st.just(REPOSITORY), TAGS, st.sampled_from(["single", "many"]), SERVERS),
    st.builds(Warm, st.just("one"), st.sampled_from([REPOSITORY, PUSHED]), TAGS),
    st.builds(Evict, SERVERS, st.sampled_from([REPOSITORY, PUSHED]), TAGS | st.none()),
)


@dataclass
class Asked:
    """A request that was answered, as it must be found in the journal, and whether its answer has left."""

    request: Request
    at: float
    status: int
    length: int
    entry: Entry = field(repr=False)
    ended: float | None = None
    sent: int = 0


class Journaling(RuleBasedStateMachine):
    """The model: every request since the last arrangement, in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.asker = Asker(World(TOPOLOGY, bounds=Bounds(blob=64, pushed=4096)))
        self.asked: list[Asked] = []
        self.before: list[Asked] = []
        self.secrets = ("", "", "")
        self.asker.arrange()

    @initialize(faults=st.lists(FAULTS, min_size=3, max_size=3))
    def break_all(self, faults: list[Fault]) -> None:
        for server, fault in zip(("hub", "one", "two"), faults, strict=True):
            self.asker.world.apply(Break(server, fault))

    @precondition(lambda self: len(self.asked) > 8)
    @rule()
    def arrange(self) -> None:
        self.asker.arrange()
        self.before, self.asked = [asked for asked in self.asked if asked.ended is None], []

    @rule(change=CHANGES)
    def change(self, change: Break | Heal | Publish | Warm | Evict) -> None:
        assert self.asker.world.apply(change) == len(self.asked)

    @rule()
    def sign_in(self) -> None:
        """Get what a client needs to go on, from a world beside this one with the same secrets."""
        beside = Asker(World(TOPOLOGY), self.asker.now)
        beside.world.arrange(arrangement())
        token = hub_pusher(beside, PUSHED, {PUSHED: "pull,push", REPOSITORY: "pull"}).token
        self.secrets = (self.secrets[0], token, self.secrets[2])

    @rule(several=st.lists(requests(), min_size=1, max_size=6))
    def ask(self, several: list[Request]) -> None:
        for odd in several:
            self._ask(odd)

    def _ask(self, odd: Request) -> None:
        self.asker.now += 1
        request = filled(odd, *self.secrets)
        reply = self.asker.world.handle(request, self.asker.now)
        response = reply.response
        if response.status == 202 and request.method == "POST":
            self.secrets = (response.header("docker-upload-uuid"), *self.secrets[1:])
        if response.status == 307 and request.host == REGISTRY_HOST:
            self.secrets = (*self.secrets[:2], "/" + response.header("location").partition("//")[2].partition("/")[2])
        length = int(response.header("content-length") or 0)
        self.asked.append(Asked(request, self.asker.now, response.status, length, reply.entry))

    @precondition(lambda self: any(asked.ended is None for asked in self.asked))
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """An answer has left, not necessarily the first."""
        asked = data.draw(st.sampled_from([asked for asked in self.asked if asked.ended is None]))
        asked.ended, asked.sent = self.asker.now + 0.5, data.draw(st.integers(0, asked.length))
        asked.entry.end(asked.ended, asked.sent)

    @precondition(lambda self: self.before)
    @rule()
    def leave_late(self) -> None:
        """An answer of before the last arrangement has left: it is in no journal."""
        self.before.pop().entry.end(self.asker.now, 9999)

    @invariant()
    def the_journal_is_complete_and_in_order(self) -> None:
        journal = self.asker.world.journal
        assert journal.errors == []
        exchanges = journal.since()
        assert len(exchanges) == len(journal) == len(self.asked)
        for seq, (exchange, asked) in enumerate(zip(exchanges, self.asked, strict=True)):
            check_exchange(exchange, asked.request, asked.status, seq)
            assert (exchange.began, exchange.length) == (asked.at, asked.length)
            assert (exchange.ended, exchange.sent) == (asked.ended, asked.sent)
        assert journal.since(len(exchanges) // 2) == exchanges[len(exchanges) // 2 :]


TestJournaling = Journaling.TestCase
TestJournaling.settings = settings(
    deadline=None, max_examples=50, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
