"""A prediction beside what then happened: scenarios to draw, what a history shows, and where the two differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import urlsplit

from hypothesis import strategies as st

from fixtures.history import History, Outcome
from fixtures.scenario import Configure, Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, FaultPlace, Holdings, ImageSpec, Limits
from suites.adversity import FAULTS, WAITED_FOR, takes_long
from suites.space import Point
from suites.strategies import HOST_OF, MANY_PLATFORMS, MIRROR_SERVERS, PARTS
from suites.verify.answers import HUB
from suites.verify.asker import AGENT
from suites.verify.predict import Prediction

REPOSITORY, TAG = "library/app", "1.0"

WHOLE = ("refuse", "dns", "untrusted", "tls-alert", "half-handshake")
STAGES: tuple[FaultPlace, ...] = ("any", "manifest", "manifest-by-tag", "manifest-by-digest", "config", "layer")

_POINTS = {"layer": "first layer"}
_STRUCK, _INSECURE, _LIMITED = 0.35, 0.15, 0.1


def faults(store: str, *more: FaultPlace) -> tuple[Fault, ...]:
    """A fault of each kind at each stage (and at ``more`` stages), that strikes every request alike, whoever asks; none
    that makes a daemon with this store repeat or wait for many seconds.
    """
    return tuple(
        fault if fault.kind in WHOLE or at == "any" else replace(fault, at=at)
        for kind, fault in FAULTS.items()
        for at in (*STAGES, *more)
        if kind not in WAITED_FOR and not takes_long(Point(kind, _POINTS.get(at, at), "first"), store)
    )


def scenarios(faults: Sequence[Fault]) -> st.SearchStrategy[Scenario]:
    """One pull by tag or digest, past mirrors that hold this and that, and break in ways that go on.

    Each is drawn of a seed of its own: a real daemon plays few, and these are to have little in common.
    """
    return st.randoms(use_true_random=True).map(lambda chance: _scenario(chance, faults))


def _scenario(chance: Random, faults: Sequence[Fault]) -> Scenario:
    order = chance.sample(MIRROR_SERVERS, chance.randint(0, len(MIRROR_SERVERS)))
    older, current = Copy(REPOSITORY, None, "v1"), Copy(REPOSITORY, TAG, "v2")
    of_hub = chance.choice(("", "", "", "refuse", "dns", "untrusted", "503", "reset"))
    servers = {
        "hub": Holdings(
            chance.choice(((older, current), (older, current), (current,), ())), (FAULTS[of_hub],) if of_hub else ()
        ),
        **{
            server: Holdings(_shelf(chance), (chance.choice(faults),) if chance.random() < _STRUCK else ())
            for server in order
        },
    }
    urls = tuple(f"{chance.choice(('https', 'https', 'https', 'http'))}://{HOST_OF[server]}" for server in order)
    strange = any(fault.kind == "untrusted" for held in servers.values() for fault in held.faults)
    insecure = tuple(HOST_OF[server] for server in order if chance.random() < _INSECURE)
    if strange:  # what comes of the two together in one daemon is withheld: see SECURITY.md
        insecure = ()
    by_digest = chance.choice((None, None, None, "v1", "v2"))
    pull = Pull(Reference(REPOSITORY, None if by_digest else TAG, by_digest), deadline=40.0)
    return Scenario(
        images={name: _image(chance, name) for name in ("v1", "v2")},
        servers=servers,
        mirrors=urls,
        steps=(*((Configure(urls, insecure),) if insecure else ()), pull),
        limits=Limits(anonymous=0) if chance.random() < _LIMITED else None,
    )


def _image(chance: Random, name: str) -> ImageSpec:
    layers = tuple(chance.choice((64, 512, 2048)) for _ in range(chance.randint(1, 3)))
    return ImageSpec(name, chance.choice(("docker", "oci")), layers, chance.choice(((), MANY_PLATFORMS)))


def _shelf(chance: Random) -> tuple[Copy, ...]:
    """What a mirror holds: nothing, Hub's image, an older one, parts of either; or Hub's by its digest alone."""
    some = chance.choice(("nothing", "current", "current", "older", "part", "part", "older part", "by digest"))
    if some == "nothing":
        return ()
    image = "v1" if some.startswith("older") else "v2"
    lacking = tuple(chance.sample(PARTS, chance.randint(1, 2))) if "part" in some else ()
    return (Copy(REPOSITORY, None if some == "by digest" else TAG, image, lacking),)


def insecure_hosts(scenario: Scenario) -> tuple[str, ...]:
    """The hosts of which a daemon is told to check no certificate."""
    return tuple(host for step in scenario.steps if isinstance(step, Configure) for host in step.insecure)


UNSEEN = dict.fromkeys(
    ("corrupt", "truncate", "reset", "endless-body", "slow"),
    "HEAD shows that a layer is there, and not its bytes: only a pull fetches those",
)
"""What no probe can tell, and why: faults that strike the bytes of a layer. All other differences are mistakes."""


@dataclass(frozen=True)
class Reality:
    """What a pull did: how it ended, which server gave each object last, who was asked at all, and by which faults that
    no probe can tell of it was struck.
    """

    result: str
    served: Mapping[str, str]
    asked: tuple[str, ...]
    unseen: frozenset[str] = frozenset()
    spoilt: bool = False
    """Whether a mirror was asked for a config or a layer, and failed."""

    @classmethod
    def of(cls, history: History, outcome: Outcome) -> "Reality":
        """What a history shows of a pull; requests of the probe are nobody's."""
        exchanges = [e for e in history.asked(outcome) if not e.user_agent.startswith(AGENT)]
        whole = [e for e in exchanges if e.method == "GET" and e.status == 200 and e.ended is not None]
        got = set(outcome.image.digests) if outcome.image else set()
        parts = {
            part.digest for content in history.contents.values() if content.root in got for part in content.objects
        }
        named = [(root if e.stage == "manifest-by-tag" else e.reference, e) for e in whole for root in got]
        objects = {digest: e.server for digest, e in named if digest in parts and e.sent >= e.length}
        result = {"ok": "ok", "failed": "failed", "deadline": "waits"}[outcome.result]
        return cls(
            result,
            objects,
            tuple(dict.fromkeys(e.server for e in exchanges)),
            frozenset(e.fault for e in exchanges if e.stage == "layer" and e.status == 200 and e.fault in UNSEEN),
            any(e.server != "hub" and e.stage in ("config", "layer") and e.fault for e in exchanges),
        )


def server_of(endpoint: str, hosts: Mapping[str, str]) -> str:
    """The lab's server behind a mirror's URL, or Hub."""
    return "hub" if endpoint == HUB else hosts[urlsplit(endpoint).hostname or ""]


def differences(told: Prediction, reality: Reality, hosts: Mapping[str, str]) -> Iterator[str]:
    """Where a prediction was wrong, each as a sentence, but for what nobody could tell."""
    if reality.unseen or not told.settled:
        return
    if told.result != reality.result:
        if not (told.unseen and reality.spoilt):  # else it was said that this may be
            yield f"the pull was to end with {told.result!r}, and ended with {reality.result!r}"
        return
    if told.result != "ok":
        return
    expected = {digest: server_of(endpoint, hosts) for digest, endpoint in told.served.items()}
    rest = server_of(told.rest, hosts) if told.rest else ""
    for digest, server in reality.served.items():
        wanted = expected.get(digest, rest)
        if wanted != server and digest not in told.undecided and (wanted or not told.doubts):
            yield f"{digest[:19]} was to come from {wanted or 'nobody'}, and came from {server}"
    for digest in expected.keys() - reality.served.keys() - told.undecided:
        yield f"{digest[:19]} was to come from {expected[digest]}, and did not come"
    said = (*told.by, told.named_by, *(one.mirror for one in told.skipped))
    named = {server_of(endpoint, hosts) for endpoint in said}
    for server in reality.asked:
        if server not in named and server != "hub" and not told.doubts:
            yield f"{server} was asked, and nothing was said of it"
