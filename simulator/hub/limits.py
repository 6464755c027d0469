"""Hub's limits: who may pull how often, what a pull costs, and the ledger of what it did cost.

The rules are those of docs.docker.com/docker-hub/usage ("Abuse rate limit") and .../usage/pulls ("Pull
definition", "View pull rate and limit"). Where these leave something open:

- What costs is a GET that is answered with a manifest; HEAD, the version check, costs nothing.
- "A pull for a multi-arch image will count as one pull for each different architecture": the GET of an index
  costs 1 and so pays for one of its manifests, if that is fetched by the same party soon (``Limits.pull_lasts``).
  Each further manifest (another architecture, or the same again) costs 1, as does one fetched alone.
- A request that is refused for the pull limit costs nothing. For the abuse limit refused requests count, so
  that it lasts until the client slows down (github.com/docker/hub-feedback/issues/2201).
- ``docker-ratelimit-source`` is the address, the network's first address for IPv6
  (github.com/docker/hub-feedback/issues/2464), or the account's name.
"""

import json
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from itertools import islice

from simulator.arrangement import Account, Limits
from simulator.messages import Headers, Request, Response
from simulator.registry import answers

MOST_PARTIES = 1 << 16
"""Parties whose pulls or requests are remembered. Of more than these, the one idle longest is forgotten."""

LONGEST_LEDGER = 1 << 16
"""Entries. The oldest go first."""

_MOST_OPEN = 64
_MINUTE = 60
_INDEX_TYPES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)


@dataclass(frozen=True)
class LedgerEntry:
    """What one manifest request cost whom.

    ``seq`` is the exchange's number in the journal, ``who`` an account, address or network, ``cost`` the pulls
    that it took from them, ``remaining`` those they then had left (``None``: they have no limit).
    """

    seq: int
    who: str
    cost: int
    remaining: int | None


class Ledger:
    """The newest entries, in the order of the journal, and how many were forgotten."""

    def __init__(self) -> None:
        self._entries: deque[LedgerEntry] = deque(maxlen=LONGEST_LEDGER)
        self.forgotten = 0

    def write(self, entry: LedgerEntry) -> None:
        self.forgotten += len(self._entries) == LONGEST_LEDGER
        self._entries.append(entry)

    def since(self, mark: int = 0) -> tuple[LedgerEntry, ...]:
        """The entries of exchanges that arrived at a mark of the journal or later."""
        return tuple(entry for entry in self._entries if entry.seq >= mark)


class SlidingWindow:
    """When each party did what counts, as far back as the window reaches. Times must not decrease."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def used(self, who: str, now: float) -> int:
        """How often a party did it within the window. What lies a whole window back has left it."""
        times = self._times.get(who)
        if times is None:
            return 0
        while times and now - times[0] >= self._seconds:
            times.popleft()
        return len(times)

    def take(self, who: str, now: float, most: int) -> None:
        """Count once more. No more than the ``most`` latest times are remembered."""
        times = self._times.setdefault(who, deque())
        times.append(now)
        if len(times) > most:
            times.popleft()
        self._times.move_to_end(who)
        for idle in list(islice(self._times, 2)):
            last = self._times[idle]
            if len(self._times) > MOST_PARTIES or not last or now - last[-1] >= self._seconds:
                del self._times[idle]

    def free_in(self, who: str, now: float) -> float:
        """Seconds until the oldest of a party's times leaves the window: a whole window where there is none."""
        times = self._times.get(who)
        return times[0] + self._seconds - now if times else self._seconds


@dataclass(frozen=True, slots=True)
class Opened:
    """A pull of which the index was paid for and none of its manifests fetched yet."""

    until: float
    manifests: frozenset[str]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a manifest request will be answered and will cost, once it is known to come about.

    ``part_of`` is the pull under way that it completes, ``opens`` are the manifests of an index it pays for.
    """

    response: Response
    who: str
    at: float
    cost: int
    limit: int | None
    remaining: int | None
    repository: str
    part_of: Opened | None = None
    opens: frozenset[str] = frozenset()


class Meter:
    """Applies limits (``None``: there are none, and no headers) and keeps the ledger."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.ledger = Ledger()
        self._limits = limits
        self._pull_lasts = (limits or Limits()).pull_lasts
        self._pulls = SlidingWindow(limits.window if limits else 0)
        self._requests = SlidingWindow(_MINUTE)
        self._logins = SlidingWindow(_MINUTE)
        self._open: OrderedDict[tuple[str, str], deque[Opened]] = OrderedDict()

    def floods(self, client: str, now: float) -> bool:
        """Whether this request is too many for its address. Counts it."""
        return _is_too_much(self._requests, self._limits.requests if self._limits else None, client, now)

    def refuses_login(self, client: str, now: float) -> bool:
        """Whether this request for a token with credentials is too many for its address. Counts it."""
        return _is_too_much(self._logins, self._limits.logins if self._limits else None, client, now)

    def source(self, client: str, account: Account | None = None) -> Headers:
        """The header that tells who is metered."""
        who = account.name if account else party_at(client)
        return (("docker-ratelimit-source", who),) if self._limits else ()

    def quote(
        self, request: Request, account: Account | None, repository: str, response: Response, now: float
    ) -> Quote:
        """What a manifest request costs that would be answered with ``response``, and the answer it gets."""
        who = account.name if account else party_at(request.client)
        limit = self._limit(account, repository)
        left = None if limit is None else max(limit - self._pulls.used(who, now), 0)
        counts = request.method == "GET" and response.status == 200 and not self._is_exempt(repository)
        part_of = self._under_way(who, repository, response, now) if counts else None
        cost = int(counts and part_of is None)
        if left is not None and cost > left:
            wait = max(math.ceil(self._pulls.free_in(who, now)), 1)
            headers = (("Retry-After", str(wait)), *self._headers(limit, 0), *self.source(request.client, account))
            refused = answers.error(429, "TOOMANYREQUESTS", None, headers)
            return Quote(refused, who, now, 0, limit, 0, repository)
        remaining = None if left is None else left - cost
        told = (*self._headers(limit, remaining), *self.source(request.client, account))
        answer = Response(response.status, (*response.headers, *told), response.body)
        opens = children_of(response.body) if cost and response.header("content-type") in _INDEX_TYPES else frozenset()
        return Quote(answer, who, now, cost, limit, remaining, repository, part_of, opens)

    def charge(self, quote: Quote, seq: int) -> None:
        """Let a quote come about, for the exchange of this number."""
        self.ledger.write(LedgerEntry(seq, quote.who, quote.cost, quote.remaining))
        if quote.cost and quote.limit is not None:
            self._pulls.take(quote.who, quote.at, quote.limit)
        if quote.part_of:
            self._open[quote.who, quote.repository].remove(quote.part_of)
        if quote.opens:
            self._begin(quote)

    def _begin(self, quote: Quote) -> None:
        """Remember a pull that began with its index."""
        key = (quote.who, quote.repository)
        self._open.setdefault(key, deque(maxlen=_MOST_OPEN)).append(Opened(quote.at + self._pull_lasts, quote.opens))
        self._open.move_to_end(key)
        for idle in list(islice(self._open, 2)):
            pulls = self._open[idle]
            if len(self._open) > MOST_PARTIES or not pulls or pulls[-1].until <= quote.at:
                del self._open[idle]

    def _under_way(self, who: str, repository: str, response: Response, now: float) -> Opened | None:
        """The oldest pull under way that a manifest can be part of."""
        pulls = self._open.get((who, repository), ())
        digest = response.header("docker-content-digest")
        return next((pull for pull in pulls if now < pull.until and digest in pull.manifests), None)

    def _is_exempt(self, repository: str) -> bool:
        return self._limits is not None and repository in self._limits.exempt

    def _limit(self, account: Account | None, repository: str) -> int | None:
        if self._limits is None or self._is_exempt(repository):
            return None
        if account is None:
            return self._limits.anonymous
        return self._limits.paid if account.plan == "paid" else self._limits.personal

    def _headers(self, limit: int | None, remaining: int | None) -> Headers:
        if self._limits is None or limit is None:
            return ()
        window = self._limits.window
        return (("ratelimit-limit", f"{limit};w={window}"), ("ratelimit-remaining", f"{remaining};w={window}"))


def _is_too_much(done: SlidingWindow, most: int | None, client: str, now: float) -> bool:
    """Whether an address did it more than ``most`` times (``None``: as often as it likes). Counts it once more."""
    if most is None:
        return False
    who = party_at(client)
    too_much = done.used(who, now) >= most
    done.take(who, now, most)
    return too_much


@lru_cache(maxsize=4096)
def party_at(client: str) -> str:
    """Who is metered for an address: itself if it is one of IPv4 (or no address), else its IPv6 /64 network."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), 64), strict=False).network_address)


@lru_cache(maxsize=256)
def children_of(index: bytes) -> frozenset[str]:
    """The digests of the manifests in an index."""
    try:
        return frozenset(str(child["digest"]) for child in json.loads(index)["manifests"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return frozenset()
