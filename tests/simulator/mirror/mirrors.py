"""A Hub and a mirror with a policy, asked without sockets: at once, or side by side, a step at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from simulator.arrangement import Arrangement, Copy, Fault, Holdings, Limits
from simulator.direct import given
from simulator.journal import Exchange, Reply
from simulator.messages import Request, Response
from simulator.mirror.fill import Fill
from simulator.mirror.policy import Policy, PresetName
from simulator.programs import Ask, Effect, Given, Program, Sink, Wait
from simulator.world import World
from tests.simulator.worlds import DEV, IMAGES, REPOSITORY, TOPOLOGY, Asker

AT_HUB = (Copy(REPOSITORY, "1", "single"), Copy(REPOSITORY, "2", "many"))


def mirrored(
    policy: Policy | PresetName,
    *faults: Fault,
    held: tuple[Copy, ...] = (),
    at_hub: tuple[Copy, ...] = AT_HUB,
    private: tuple[str, ...] = (),
    limits: Limits | None = None,
) -> Asker:
    """The mirror ``one`` with a policy, and Hub with these faults."""
    asker = Asker(World(TOPOLOGY))
    servers = {"hub": Holdings(at_hub, faults), "one": Holdings(held, (), policy)}
    asker.world.arrange(Arrangement(IMAGES, servers, (DEV,), private, limits))
    return asker


def upstream(asker: Asker, since: int = 0) -> list[Exchange]:
    """What the mirror asked Hub for, but for tokens and what it was sent away with for want of one."""
    exchanges = asker.world.journal.since(since)
    return [one for one in exchanges if one.server == "hub" and one.stage != "token" and one.status != 401]


def asked(asker: Asker, since: int = 0) -> list[tuple[str, str, int]]:
    """The same in short: method, stage and status."""
    return [(one.method, one.stage, one.status) for one in upstream(asker, since)]


@dataclass
class Body:
    """What has still to arrive of a body, and whether it breaks off then."""

    sink: Sink
    data: bytes
    broken: bool

    def step(self) -> bool:
        """Let the next piece arrive; tells whether there is more to come."""
        if self.data:
            size = len(self.data) // 2 + 1
            self.sink.write(self.data[:size])
            self.data = self.data[size:]
            return True
        (self.sink.fail if self.broken else self.sink.finish)()
        return False


@dataclass
class Running:
    """A program under way, what it waits for, and what it came to."""

    program: Program[Reply] | Program[None]
    request: Request | None = None
    effect: Effect | None = None
    reply: Reply | None = None
    ended: bool = False

    @property
    def ready(self) -> bool:
        waits = isinstance(self.effect, Wait) and not self.effect.flight.ended
        return not self.ended and not waits


@dataclass
class Side:
    """Drives the programs of a world side by side: every answer, and every piece of a blob, is a step of its own."""

    world: World
    running: list[Running] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)

    def ask(self, path: str, now: float, method: str = "GET") -> Running:
        request = Request(method, "one.test", path, client="10.0.0.9")
        return self.begin(self.world.steps(request, now), request)

    def begin(self, program: Program[Reply] | Program[None], request: Request | None = None) -> Running:
        running = Running(program, request)
        self._send(running, None)
        if not running.ended:
            self.running.append(running)
        return running

    def steps(self) -> int:
        """How many steps could be next."""
        return len(self.bodies) + sum(running.ready for running in self.running)

    def step(self, number: int, now: float) -> None:
        """Take one of the steps that could be next."""
        if number < len(self.bodies):
            body = self.bodies[number]
            if not body.step():
                self.bodies.remove(body)
            return
        running = [one for one in self.running if one.ready][number - len(self.bodies)]
        self._send(running, self._given(running.effect, now))
        self.running = [one for one in self.running if not one.ended]

    def finish(self, now: float) -> None:
        while self.steps():
            self.step(0, now)

    def _given(self, effect: Effect | None, now: float) -> Given:
        if not isinstance(effect, Ask) or effect.sink is None:
            assert effect
            return given(self.world, effect, now)
        caught = Caught()
        came = given(self.world, replace(effect, sink=caught), now)
        if caught.touched:
            self.bodies.append(Body(effect.sink, caught.data, caught.broken))
        return came

    @staticmethod
    def _send(running: Running, came: Given | None) -> None:
        try:
            running.effect = running.program.send(came) if came else next(running.program)
        except StopIteration as done:
            running.reply, running.ended = done.value, True


@dataclass
class Caught:
    """A body that is kept to be given out slowly."""

    data: bytes = b""
    touched: bool = False
    broken: bool = False

    def write(self, piece: bytes) -> None:
        self.data += piece
        self.touched = True

    def finish(self) -> None:
        self.touched = True

    def fail(self) -> None:
        self.touched = self.broken = True


def body_of(response: Response) -> bytes | None:
    """The body of an answer as a client has it in the end, or ``None`` where it broke off."""
    if response.fill is None:
        return bytes(response.body)
    pieces = b"".join(pieces_of(response.fill))
    return None if response.fill.failed else pieces


def pieces_of(fill: object) -> Iterator[bytes]:
    """What may be sent of a body by now."""
    assert isinstance(fill, Fill)
    offset = 0
    while piece := fill.available(offset):
        offset += len(piece)
        yield piece
