"""What was so when a step began, worked out from the scenario alone.

The judge's own reading of a scenario: it shares no code with the simulator, so that a mistake there is
not excused here.
"""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce
from urllib.parse import urlsplit

from fixtures.addresses import PORTS
from fixtures.history import History, Outcome
from fixtures.scenario import (
    HUB_NAMES,
    Advance,
    Configure,
    Login,
    Logout,
    Pull,
    Reference,
    Reload,
    Restart,
    RestartService,
    Scenario,
    Start,
    Step,
    Together,
    Validate,
    singly,
)
from simulator.arrangement import Break, Change, Content, Copy, Evict, Fault, Heal, Limits, Publish, Warm
from simulator.journal import Exchange
from suites import service_files
from suites.documented import FLAG, Reading, read

HUB = "hub"
NATIVE = "linux/amd64"

OF_TLS = frozenset({"untrusted", "half-handshake", "tls-alert"})
"""The faults that only a client meets that speaks TLS."""


@dataclass(frozen=True)
class Shelf:
    """What one server holds and how it misbehaves."""

    copies: tuple[Copy, ...] = ()
    faults: tuple[Fault, ...] = ()

    def find(self, repository: str, reference: Reference) -> Copy | None:
        """The copy that the server means by a tag, or by a digest (a scenario's image)."""
        if reference.digest is not None:
            held = [c for c in self.copies if c.repository == repository and c.image == reference.digest]
            return min(held, key=lambda c: len(c.without), default=None)
        tag = reference.tag or "latest"
        return next((c for c in self.copies if c.repository == repository and c.tag == tag), None)


@dataclass(frozen=True)
class Situation:
    """All that is so when a step begins: mirror URLs and their servers in configured order, and each server's shelf.

    ``changed_by`` is what last set the order: the ``start`` of the scenario, a ``reload``, a ``reload without
    the key``, or a ``restart``. ``flags`` are dockerd's arguments. Where the daemon does not run, no step but a start
    is played.
    """

    configured: tuple[str, ...]
    mirrors: tuple[str, ...]
    shelves: dict[str, Shelf] = field(default_factory=dict)
    changed_by: str = "start"
    flags: tuple[str, ...] = ()
    runs: bool = True
    plain: frozenset[str] = frozenset()
    """The mirrors that are asked in plain HTTP."""
    insecure: frozenset[str] = frozenset()
    """The mirrors whose certificates a daemon is told not to check."""
    unforeseen: frozenset[str] = frozenset()
    """The servers of which a scenario does not tell by itself what they have or will answer: mirrors that cache by a
    policy, and a Hub with limits whose window moves on, or that others use, too."""

    def shelf(self, server: str) -> Shelf:
        return self.shelves.get(server, Shelf())

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Whom a pull of a Hub image may ask, in the documented order."""
        return (*self.mirrors, HUB)


@dataclass(frozen=True)
class Customer:
    """Whoever pulls, as Docker Hub sees it: the account that has logged in, if one has, the private repositories that
    are hidden from it, and whether its limit is used up. ``members`` are the other servers where they have logged in.
    """

    account: str = ""
    members: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    over_limit: bool = False


@dataclass(frozen=True)
class PullCase:
    """One pull with all that a rule needs to judge it."""

    number: int
    step: Pull
    situation: Situation
    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    history: History
    had: frozenset[str] = frozenset()
    """The scenario's images that earlier pulls brought, or pulls that ran at the same time."""
    customer: Customer = Customer()
    """What whoever pulls is to Docker Hub."""
    together: bool = False
    """Whether other pulls ran at the same time. Then the exchanges are those that must be of this one."""
    attributed: bool = True
    """Whether exchanges can be told to be of this pull: no other at the same time is of its repository."""
    meanwhile: tuple[Change, ...] = ()
    """How the servers changed while it ran."""

    @property
    def reference(self) -> Reference:
        return self.step.reference

    @property
    def is_hub(self) -> bool:
        """Whether the reference means Docker Hub."""
        return self.reference.host in HUB_NAMES

    def shelf(self, server: str) -> Shelf:
        """A server's shelf, as this pull meets it: to a mirror asked in plain HTTP, what strikes TLS is none, and the
        certificate of one that is named as insecure is no fault.
        """
        shelf = self.situation.shelf(server)
        pardoned = OF_TLS if server in self.situation.plain else frozenset({"untrusted"})
        if self.is_hub and server in self.situation.plain | self.situation.insecure:
            return replace(shelf, faults=tuple(f for f in shelf.faults if f.kind not in pardoned))
        return shelf

    @property
    def local(self) -> bool:
        """Whether the daemon already has what is asked for by digest, so that it need not ask anybody."""
        return self.reference.digest in self.had

    @property
    def host(self) -> str:
        """The server that a reference with a host of its own means."""
        return self.history.hosts.get(self.reference.host, self.reference.host)

    def copy_at(self, server: str) -> Copy | None:
        """The copy that a server has of what is asked for, complete or not. Docker Hub shows private ones to few."""
        if server == HUB and self.reference.repository in self.customer.hidden:
            return None
        return self.shelf(server).find(self.reference.repository, self.reference)

    @property
    def foreseen(self) -> bool:
        """Whether the scenario tells what everybody has who may be asked."""
        return self.situation.unforeseen.isdisjoint(self.situation.endpoints if self.is_hub else (self.host,))

    def misses(self, server: str) -> bool:
        """Whether a well-behaved server is known to have no copy, or none that its root could be had of."""
        if server in self.situation.unforeseen:
            return False
        copy = self.copy_at(server)
        return not self.shelf(server).faults and (copy is None or "root" in self.lacking(copy))

    def usable(self, server: str) -> bool:
        """Whether a well-behaved server is known to have a complete copy, and gives it to whoever pulls."""
        if server in self.situation.unforeseen or (server == HUB and self.customer.over_limit):
            return False
        copy = self.copy_at(server)
        return copy is not None and not self.shelf(server).faults and not self.lacking(copy)

    def clean(self, server: str) -> bool:
        """Whether a server behaves well, and has a complete copy or none at all."""
        return self.usable(server) or self.misses(server)

    def lacking(self, copy: Copy) -> frozenset[str]:
        """The objects that the pulled platform needs and a copy lacks, by role; the root as ``root``."""
        content = self.content(copy.image)
        if content is None:
            return frozenset()
        wanted = self.step.platform or NATIVE
        lost = set()
        for entry in content.objects:
            platform, _, role = entry.role.partition(":") if "/" in entry.role else ("", "", entry.role)
            if platform and platform != wanted:
                continue
            if any(entry.role == name or entry.role.endswith(f":{name}") for name in copy.without):
                lost.add("root" if entry.digest == content.root else role)
        return frozenset(lost)

    def content(self, image: str) -> Content | None:
        return self.history.contents.get(image)

    def image_at(self, server: str) -> str | None:
        """The name of the image that a server would give."""
        copy = self.copy_at(server)
        return copy.image if copy else None

    def got(self) -> str | None:
        """The name of the scenario's image that the daemon now holds under the reference, bit for bit.

        ``None``: it holds none, or none that the scenario knows.
        """
        local = self.outcome.image
        if local is None or local.bytes_verified is False:
            return None
        for name, content in self.history.contents.items():
            if content.root in local.digests and local.layers == content.diff_ids:
                return name
        return None

    def asked(self) -> tuple[str, ...]:
        """The servers asked, each once, by first contact."""
        return tuple(dict.fromkeys(e.server for e in self.exchanges))

    def to(self, servers: Container[str]) -> tuple[Exchange, ...]:
        """The exchanges with some servers."""
        return tuple(e for e in self.exchanges if e.server in servers)

    def spelled(self) -> str:
        """The image as a person would name it in a sentence."""
        reference = self.reference
        version = f"@{reference.digest}" if reference.digest else f":{reference.tag or 'latest'}"
        return f"{reference.repository}{version}"


def situations(scenario: Scenario, history: History) -> Iterator[tuple[Step, Situation, Outcome]]:
    """Each step that was played, with what was so when it began. Its number is its outcome's."""
    now = Situation(
        configured=scenario.mirrors,
        mirrors=servers_of(scenario.mirrors, history.hosts),
        plain=_plain_of(scenario.mirrors, history.hosts),
        shelves={name: Shelf(reduce(_put, held.copies, ()), held.faults) for name, held in scenario.servers.items()},
        unforeseen=frozenset(_unforeseen(scenario)),
    )
    for step, outcome in zip(scenario.steps, history.outcomes, strict=False):
        if now.runs or isinstance(step, Start | Restart | RestartService | Validate):
            yield step, now, outcome
        for single in singly((step,)):
            now = _after(now, single, outcome, history.hosts)


def pulls(scenario: Scenario, history: History) -> tuple[PullCase, ...]:
    """Every pull of a history that ran alone, ready to be judged."""
    return tuple(case for case in _cases(scenario, history) if not case.together)


def pulls_together(scenario: Scenario, history: History) -> tuple[PullCase, ...]:
    """Every pull that ran beside others, ready to be judged by rules that need not know all of its exchanges.

    What is about a repository is of the one pull of that repository, if it is one; pings and tokens are of nobody.
    Of the servers that change meanwhile, nobody knows what they have or do at a moment.
    """
    return tuple(case for case in _cases(scenario, history) if case.together)


def _cases(scenario: Scenario, history: History) -> Iterator[PullCase]:
    had: frozenset[str] = frozenset()
    for step, situation, outcome in situations(scenario, history):
        number = outcome.step
        if isinstance(step, Pull):
            customer = _customer(scenario, history, outcome, step.reference.repository)
            cases = [PullCase(number, step, situation, outcome, history.asked(outcome), history, had, customer)]
        elif isinstance(step, Together):
            cases = list(_at_once(step, situation, outcome, scenario, history))
        else:
            continue
        brought = had | {name for case in cases if (name := case.got())}
        yield from (replace(case, had=brought) if case.together else case for case in cases)
        had = brought


def _at_once(
    group: Together, situation: Situation, outcome: Outcome, scenario: Scenario, history: History
) -> Iterator[PullCase]:
    changed = frozenset(change.server for change in group.changes)
    uncertain = replace(situation, unforeseen=situation.unforeseen | changed)
    count = Counter(pull.reference.repository for pull in group.pulls)
    for pull, ended in zip(group.pulls, outcome.pulls, strict=False):
        repository = pull.reference.repository
        alone = count[repository] == 1
        yield PullCase(
            outcome.step,
            pull,
            uncertain,
            ended,
            tuple(e for e in history.asked(outcome) if alone and e.repository == repository),
            history,
            customer=_customer(scenario, history, outcome, repository),
            together=True,
            attributed=alone,
            meanwhile=group.changes,
        )


def _customer(scenario: Scenario, history: History, outcome: Outcome, repository: str) -> Customer:
    logins: dict[str, str] = {}
    for step, became in zip(scenario.steps[: outcome.step], history.outcomes, strict=False):
        if isinstance(step, Login | Logout) and became.result == "ok":
            server = HUB if step.host in HUB_NAMES else history.hosts.get(step.host, step.host)
            logins[server] = step.account if isinstance(step, Login) else ""
    who = logins.pop(HUB, "")
    members = frozenset(server for server, name in logins.items() if name)
    account = next((account for account in scenario.accounts if account.name == who), None)
    shown = {*account.pulls, *account.pushes} if account else set()
    hidden = {name for name in scenario.private if name not in shown and not (who and name.startswith(f"{who}/"))}
    limits = scenario.limits or Limits(None, None, None)
    limit = {"personal": limits.personal, "paid": limits.paid}[account.plan] if account else limits.anonymous
    names = {account.name for account in scenario.accounts}
    paid = (
        entry.cost
        for entry in history.ledger
        if entry.seq < outcome.first and (entry.who == who if who else entry.who not in names)
    )
    over_limit = limit is not None and sum(paid) >= limit and repository not in limits.exempt
    return Customer(who, members, frozenset(hidden), over_limit)


def servers_of(urls: tuple[str, ...], hosts: dict[str, str]) -> tuple[str, ...]:
    """The servers behind mirror URLs, each once, in order."""
    return tuple(dict.fromkeys(hosts.get(host, host) for host in map(_host, urls)))


def _host(url: str) -> str:
    """The host of a URL, if it names a port at which registries are; else all of it: nobody is there."""
    try:
        parts = urlsplit(url)
        listens = parts.port in PORTS.get(parts.scheme, ())
    except ValueError:
        return url
    return parts.hostname if parts.hostname and listens else url


def _unforeseen(scenario: Scenario) -> Iterator[str]:
    caching = [name for name, held in scenario.servers.items() if held.policy not in (None, "frozen")]
    yield from caching
    advanced = any(isinstance(step, Advance) for step in scenario.steps)
    if scenario.limits and (caching or advanced or scenario.limits.requests is not None):
        yield HUB


def _plain_of(urls: tuple[str, ...], hosts: dict[str, str]) -> frozenset[str]:
    return frozenset(servers_of(tuple(url for url in urls if url.lower().startswith("http://")), hosts))


def _after(now: Situation, step: Step, outcome: Outcome, hosts: dict[str, str]) -> Situation:
    match step:
        case Configure() | Restart() | RestartService() | Start() | Reload():
            return _configured(now, step, outcome, hosts)
        case Publish(server=server):
            return _with(now, server, _holding(now.shelf(server), Copy(step.repository, step.tag, step.image)))
        case Warm(server=server):
            found = now.shelf(HUB).find(step.repository, Reference(step.repository, tag=step.tag))
            if found is None:
                return now
            return _with(now, server, _holding(now.shelf(server), found))
        case Evict(server=server, digests=digests) if digests:
            return replace(now, unforeseen=now.unforeseen | {server})
        case Evict(server=server):
            return _with(now, server, _evicted(now.shelf(server), step))
        case Break(server=server, fault=fault):
            return _with(now, server, replace(now.shelf(server), faults=(*now.shelf(server).faults, fault)))
        case Heal(server=server):
            return _with(now, server, replace(now.shelf(server), faults=()))
        case _:
            return now


def _configured(
    now: Situation, step: Configure | Restart | RestartService | Start | Reload, outcome: Outcome, hosts: dict[str, str]
) -> Situation:
    """What is so after mirrors were set, or were to be set."""
    anew = isinstance(step, Restart | RestartService | Start)
    if outcome.result != "ok":
        return replace(now, runs=False) if anew else now
    urls, by = _set_by(now, step, outcome)
    return replace(
        now,
        configured=urls,
        mirrors=servers_of(urls, hosts),
        changed_by=by,
        flags=_flags(step) if isinstance(step, Restart | RestartService | Start) else now.flags,
        runs=True,
        plain=_plain_of(urls, hosts),
        insecure=frozenset(hosts.get(host, host) for host in step.insecure)
        if isinstance(step, Configure)
        else frozenset(),
    )


def _set_by(
    now: Situation, step: Configure | Restart | RestartService | Start | Reload, outcome: Outcome
) -> tuple[tuple[str, ...], str]:
    """The mirrors that a step has set, and in which way. Of what was to be refused, and was not, a daemon knows best
    what it has made.
    """
    match step:
        case Restart(mirrors=mirrors):
            return mirrors, "restart"
        case RestartService():
            return _served(step, outcome), "restart"
        case Configure(mirrors=mirrors):
            return mirrors or (), "reload" if mirrors is not None else "reload without the key"
    reading = reading_of(now, step)
    urls = reading.mirrors if reading.certain and not reading.mistakes else outcome.shown or ()
    if isinstance(step, Start):
        return urls, "restart"
    return urls, "reload" if reading.by else "reload without the key"


def _served(step: RestartService, outcome: Outcome) -> tuple[str, ...]:
    """The mirrors that a service's files say; or what is shown, where they say nothing that is known here."""
    try:
        told = service_files.read(step)
    except service_files.UnreadError:
        return outcome.shown or ()
    return (outcome.shown or ()) if told.trouble else told.mirrors


def reading_of(now: Situation, step: Start | Reload | Validate) -> Reading:
    """What documents say of a step's settings. A reload goes on with the arguments of the start before it."""
    if isinstance(step, Reload):
        return read(step.file, now.flags)
    return read(step.file, step.flags, step.place)


def _flags(step: Restart | RestartService | Start) -> tuple[str, ...]:
    if isinstance(step, Start):
        return step.flags
    if isinstance(step, RestartService):
        return ()
    return tuple(f"{FLAG}={url}" for url in step.mirrors) if step.how == "flag" else ()


def _with(now: Situation, server: str, shelf: Shelf) -> Situation:
    return replace(now, shelves=now.shelves | {server: shelf})


def _holding(shelf: Shelf, copy: Copy) -> Shelf:
    return replace(shelf, copies=_put(shelf.copies, copy))


def _put(copies: tuple[Copy, ...], copy: Copy) -> tuple[Copy, ...]:
    """What a tag named before stays reachable by digest, unless it is the same image."""
    if copy.tag is None:
        return (*copies, copy)
    place = (copy.repository, copy.tag)
    older = (replace(other, tag=None) if (other.repository, other.tag) == place else other for other in copies)
    same = (copy.repository, None, copy.image)
    return (*(other for other in older if (other.repository, other.tag, other.image) != same), copy)


def _evicted(shelf: Shelf, step: Evict) -> Shelf:
    def strike(copy: Copy) -> Copy | None:
        if copy.repository != step.repository or (step.tag is not None and copy.tag != step.tag):
            return copy
        if not step.roles:
            return None
        return replace(copy, without=(*copy.without, *step.roles))

    kept = (strike(copy) for copy in shelf.copies)
    return replace(shelf, copies=tuple(copy for copy in kept if copy is not None))
