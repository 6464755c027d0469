"""Programs, driven among the servers of one world: with no network between them, and in no time."""

from dataclasses import replace
from typing import Protocol

from simulator.journal import Reply
from simulator.messages import WHOLE, Request
from simulator.programs import Ask, Effect, Given, Program, T
from simulator.topology import Topology


class Servers(Protocol):
    """What programs are driven among: a :class:`simulator.world.World`."""

    topology: Topology

    def steps(self, request: Request, now: float, site: str = "") -> Program[Reply]: ...

    def refuses(self, site: str, now: float) -> bool: ...

    def unresolvable(self, site: str, now: float) -> bool: ...

    def untrusted(self, site: str, now: float) -> bool: ...


def drive(servers: Servers, program: Program[T], now: float) -> T:
    """Do a program at once; what it asks is answered by the servers, at ``now``."""
    try:
        effect = next(program)
        while True:
            effect = program.send(given(servers, effect, now))
    except StopIteration as done:
        result: T = done.value
        return result


def given(servers: Servers, effect: Effect, now: float) -> Given:
    """What comes of an effect. There is no waiting: whatever else is under way does not go on meanwhile."""
    if not isinstance(effect, Ask):
        return Given(now)
    host = effect.request.host.lower().partition(":")[0]
    site = next((site for site in servers.topology.sites if host in (*site.hosts, site.address)), None)
    if site is None or servers.unresolvable(site.name, now):
        return Given(now, problem=f"{host} cannot be resolved.")
    if servers.refuses(site.name, now):
        return Given(now, problem=f"{host} refuses connections.")
    if effect.request.scheme == "https" and servers.untrusted(site.name, now):
        return Given(now, problem=f"{host} shows a certificate that is not trusted.")
    return received(effect, drive(servers, servers.steps(effect.request, now, site.name), now), now)


def received(asked: Ask, reply: Reply, now: float) -> Given:
    """What arrives of an answer, all at once."""
    response, host = reply.response, asked.request.host
    delivery = response.delivery
    if delivery.kind == "hang" or (delivery.kind == "slow" and delivery.seconds > asked.timeout):
        return Given(now, problem=f"{host} did not answer within {asked.timeout} s.", late=True)
    broken = delivery.kind in ("reset", "truncate")
    body = response.body[: max(delivery.after, 0)] if broken else response.body
    reply.entry.end(now, len(body))
    if broken and delivery.after < 0:
        return Given(now, problem=f"{host} reset the connection.")
    if asked.sink and response.status == 200:
        asked.sink.write(bytes(body))
        (asked.sink.fail if broken else asked.sink.finish)()
        return Given(now, replace(response, body=b"", delivery=WHOLE))
    if broken:
        return Given(now, problem=f"{host} broke off its answer.")
    return Given(now, response)
