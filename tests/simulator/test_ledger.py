"""Hub's limits and the ledger against a model on paper, which keeps everything and searches it anew each time."""

from dataclasses import dataclass, field, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.arrangement import Account, Arrangement, Copy, Holdings, Limits
from simulator.hub.limits import LedgerEntry
from simulator.messages import Response
from simulator.registry.content import build
from simulator.topology import AUTH_HOST, REGISTRY_HOST
from tests.simulator.worlds import IMAGES, MANY, REPOSITORY, Asker, basic, digest, manifest_path

PLANS = {"": "anonymous", "ada": "personal", "corp": "paid"}
ACCOUNTS = (Account("ada", "secret"), Account("corp", "secret", plan="paid"))
PARTIES = {
    "10.0.0.9": "10.0.0.9",
    "10.0.0.10": "10.0.0.10",
    "::ffff:10.0.0.9": "10.0.0.9",
    "2001:db8::1": "2001:db8::",
    "2001:db8::ffff:0:0:2": "2001:db8::",
    "2001:db8:0:1::1": "2001:db8:0:1::",
}
"""Each address, and who pays for it."""

PART = replace(MANY, platforms=MANY.platforms[:1])
"""An index that shares its only manifest with the one of two architectures."""

FREE, PROBE = "library/free", "ratelimitpreview/test"
SINGLE, BOTH, ONE, NONE = (manifest_path(tag) for tag in ("1", "2", "3", "none"))
AMD, ARM = (manifest_path(digest("many", f"linux/{name}:manifest")) for name in ("amd64", "arm64"))
CHILDREN = {BOTH: {AMD, ARM}, ONE: {AMD}}
PATHS = [SINGLE, BOTH, ONE, AMD, ARM, NONE, f"/v2/{FREE}/manifests/1", f"/v2/{PROBE}/manifests/latest"]
ETAGS = {
    SINGLE: digest("single", "manifest"),
    BOTH: digest("many", "index"),
    ONE: build(PART).content.root,
    AMD: AMD.rpartition("/")[2],
    ARM: ARM.rpartition("/")[2],
}
HELD = Holdings(
    (
        Copy(REPOSITORY, "1", "single"),
        Copy(REPOSITORY, "2", "many"),
        Copy(REPOSITORY, "3", "part"),
        Copy(FREE, "1", "single"),
    )
)
SOME = st.none() | st.integers(0, 4)
FIGURES = st.builds(
    Limits,
    anonymous=SOME,
    personal=SOME,
    paid=SOME,
    window=st.integers(1, 9) | st.integers(1, 900),
    exempt=st.sampled_from([(), (FREE,), (REPOSITORY,)]),
    requests=st.none() | st.integers(0, 9),
    logins=SOME,
    pull_lasts=st.integers(0, 3) | st.integers(0, 400),
)


@dataclass(frozen=True)
class Pull:
    """A manifest that was handed out by GET."""

    at: float
    who: str
    cost: int
    path: str


@dataclass
class Paper:
    """Everything that ever happened."""

    figures: Limits
    pulls: list[Pull] = field(default_factory=list)
    asked: list[tuple[float, str]] = field(default_factory=list)
    logins: list[tuple[float, str]] = field(default_factory=list)
    ledger: list[tuple[str, int, int | None]] = field(default_factory=list)

    def floods(self, done: list[tuple[float, str]], most: int | None, now: float, party: str) -> bool:
        before = sum(who == party and now - at < 60 for at, who in done)
        done.append((now, party))
        return most is not None and before >= most

    def manifest(self, now: float, who: str, login: str, method: str, path: str, *, known: bool) -> int:
        """The status of a request for a manifest, once it is in the ledger."""
        exempt = any(path.startswith(f"/v2/{name}/") for name in self.figures.exempt)
        limit = None if exempt else getattr(self.figures, PLANS[login])
        left = None if limit is None else limit - self.spent(who, now)
        status = 404 if path == NONE else 304 if known and path in ETAGS else 200
        cost = int(method == "GET" and status == 200 and not exempt and not self.prepaid(who, path, now))
        if left is not None and cost > left:
            self.ledger.append((who, 0, 0))
            return 429
        self.ledger.append((who, cost, None if left is None else left - cost))
        if method == "GET" and status == 200 and not exempt:
            self.pulls.append(Pull(now, who, cost, path))
        return status

    def spent(self, who: str, now: float) -> int:
        return sum(pull.cost for pull in self.pulls if pull.who == who and now - pull.at < self.figures.window)

    def prepaid(self, who: str, path: str, now: float) -> bool:
        """Match each manifest that was free with the oldest index that could pay for it."""
        indexes: list[Pull] = []

        def paying(for_path: str, at: float) -> Pull | None:
            lasts = self.figures.pull_lasts
            return next((pull for pull in indexes if for_path in CHILDREN[pull.path] and at - pull.at < lasts), None)

        for pull in self.pulls:
            if pull.who == who and pull.path in CHILDREN:
                indexes.append(pull)
            elif pull.who == who and not pull.cost:
                payer = paying(pull.path, pull.at)
                assert payer is not None
                indexes.remove(payer)
        return paying(path, now) is not None


class HubAndPaper(RuleBasedStateMachine):
    """The fake Hub, asked by several parties over a virtual clock, beside the model."""

    @initialize(figures=FIGURES)
    def open(self, figures: Limits) -> None:
        self.asker = Asker()
        images = {**IMAGES, "part": PART}
        self.asker.world.arrange(Arrangement(images, {"hub": HELD}, ACCOUNTS, token_life=10**6))
        self.tokens = {
            (login, name): self.asker.token(name, f"{login}:secret" if login else "")
            for login in PLANS
            for name in (REPOSITORY, FREE, PROBE)
        }
        self.asker.world.arrange(Arrangement(images, {"hub": HELD}, ACCOUNTS, limits=figures, token_life=10**6))
        self.paper = Paper(figures)
        self.flooded: set[int] = set()

    @rule(seconds=st.integers(0, 9) | st.sampled_from([30, 50, 59, 300]))
    def wait(self, seconds: int) -> None:
        self.asker.now += seconds

    @rule(
        client=st.sampled_from(sorted(PARTIES)),
        login=st.sampled_from(["", "", "ada", "corp"]),
        method=st.sampled_from(["GET", "GET", "HEAD"]),
        path=st.sampled_from(PATHS),
        known=st.sampled_from([False, False, True]),
    )
    def ask(self, client: str, login: str, method: str, path: str, known: bool) -> None:
        token = self.tokens[login, path.removeprefix("/v2/").partition("/manifests/")[0]]
        headers = [("authorization", f"Bearer {token}")]
        if known and path in ETAGS:
            headers.append(("if-none-match", f'"{ETAGS[path]}"'))
        response = self._send(client, path, method, REGISTRY_HOST, tuple(headers))
        now, party = self.asker.now, PARTIES[client]
        if self.paper.floods(self.paper.asked, self.paper.figures.requests, now, party):
            self._is_flooded(response)
            return
        who = login or party
        assert response.status == self.paper.manifest(now, who, login, method, path, known=known)
        remaining, window = self.paper.ledger[-1][2], self.paper.figures.window
        assert response.header("ratelimit-remaining") == ("" if remaining is None else f"{remaining};w={window}")
        assert response.header("docker-ratelimit-source") == who

    @rule(
        client=st.sampled_from(sorted(PARTIES)),
        index=st.sampled_from([BOTH, ONE]),
        manifests=st.lists(st.sampled_from([AMD, ARM]), min_size=1, max_size=3),
        seconds=st.integers(0, 3),
    )
    def pull(self, client: str, index: str, manifests: list[str], seconds: int) -> None:
        self.ask(client, "", "GET", index, known=False)
        self.wait(seconds)
        for manifest in manifests:
            self.ask(client, "", "GET", manifest, known=False)

    @rule(client=st.sampled_from(sorted(PARTIES)), login=st.sampled_from(["", "ada:secret", "ada:wrong"]))
    def sign_in(self, client: str, login: str) -> None:
        response = self._send(client, "/token", "GET", AUTH_HOST, (basic(login),) if login else ())
        now, party = self.asker.now, PARTIES[client]
        if self.paper.floods(self.paper.asked, self.paper.figures.requests, now, party):
            self._is_flooded(response)
        elif login and self.paper.floods(self.paper.logins, self.paper.figures.logins, now, party):
            assert (response.status, response.body) == (429, b'{"detail":"Rate limit exceeded","error":false}')
        else:
            assert response.status == (401 if login.endswith("wrong") else 200)

    @invariant()
    def both_ledgers_say_the_same(self) -> None:
        answered = [
            exchange.seq
            for exchange in self.asker.world.journal.since()
            if exchange.stage.startswith("manifest") and exchange.seq not in self.flooded
        ]
        expected = tuple(LedgerEntry(seq, *line) for seq, line in zip(answered, self.paper.ledger, strict=True))
        assert self.asker.world.ledger.since() == expected

    @invariant()
    def nobody_pulls_more_than_they_may(self) -> None:
        for login, plan in PLANS.items():
            limit = getattr(self.paper.figures, plan)
            for who in (login,) if login else PARTIES.values():
                assert limit is None or self.paper.spent(who, self.asker.now) <= limit

    def _send(self, client: str, path: str, method: str, host: str, headers: tuple[tuple[str, str], ...]) -> Response:
        self.asker.client = client
        return self.asker.ask(path, method, host, headers)

    def _is_flooded(self, response: Response) -> None:
        assert (response.status, response.header("docker-ratelimit-source")) == (429, "")
        assert response.header("content-type").startswith("text/plain")
        self.flooded.add(self.asker.last.seq)


TestHubAndPaper = HubAndPaper.TestCase
TestHubAndPaper.settings = settings(deadline=None, max_examples=200, stateful_step_count=30)
