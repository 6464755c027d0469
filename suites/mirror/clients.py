"""Which daemons are clients of a mirror on trial, and whether they can reach it."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from functools import cache

from fixtures.errors import UsageError
from fixtures.lab.registries import Registries
from fixtures.mirrors.daemons import Clients
from fixtures.mirrors.dockerds import dockerds, own_lab
from fixtures.mirrors.models import model_clients
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.scenario import Pull
from fixtures.mirrors.subject import Profile as MirrorProfile
from fixtures.profiles import MODELS, Profile, select
from simulator.mirror.policy import PresetName
from simulator.topology import Topology
from suites.mirror.trials import REPOSITORY, one

NOBODY = "none"
"""The word for no daemon at all."""

_OUT_OF_REACH = (
    "needs a daemon that reaches the mirror: a dockerd of the lab is on a network that leads nowhere else. Describe "
    "the container that the mirror runs in, or use --daemon model:classic"
)
_UNREACHED = re.compile("connection refused|no such host|no route to host|x509|server gave HTTP response|i/o timeout")
_RIGHT: dict[MirrorProfile, PresetName] = {"pull-through": "pull-through", "cached-only": "frozen"}


def chosen(names: Sequence[str], *, contained: bool) -> tuple[Profile, ...]:
    """The daemons of these names. By default, for a mirror in a container the daemons that are tried by default, and
    for another, which those cannot reach, models.

    Raises:
        UsageError: a name means no daemon, or ``none`` stands beside others.
    """
    if NOBODY in names:
        if len(names) > 1:
            raise UsageError("--daemon none stands alone.")
        return ()
    if names:
        return select(names)
    return select(["default"]) if contained else MODELS


@contextlib.contextmanager
def models(profiles: Sequence[Profile], mirror: str, topology: Topology) -> Iterator[Clients]:
    """The models among these as clients of a mirror that this process reaches; others cannot reach it."""
    stores = [profile.store for profile in profiles if profile.is_model]
    with model_clients(stores, mirror, topology) as daemons:
        yield Clients(daemons, _OUT_OF_REACH if profiles else Clients.lack)


@contextlib.contextmanager
def contained(
    profiles: Sequence[Profile], registries: Registries, mirror: str, profile: MirrorProfile
) -> Iterator[Clients]:
    """Dockerds as clients of a mirror at this URL of the data network, and before our own one, if need be."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(dockerds(profiles, registries))

        @cache
        def control() -> MirrorLab:
            return stack.enter_context(own_lab(_RIGHT[profile], registries, running))

        yield Clients(tuple(daemon.client(mirror) for daemon in running), control=control if running else None)


def dockerds_alone(profiles: Sequence[Profile]) -> tuple[Profile, ...]:
    """The same, where none of them is a model. Raises UsageError."""
    if any(profile.is_model for profile in profiles):
        raise UsageError("A model daemon reaches no mirror in a container: name a dockerd, such as docker-28.5.2.")
    return tuple(profiles)


def check_clients(lab: MirrorLab) -> None:
    """Find out before any trial whether the daemons reach the mirror.

    Raises:
        UsageError: one does not, or does not trust it.
    """
    if not lab.clients:
        return
    history = lab.play(one(Pull(REPOSITORY, "absent")))
    for pulled in history.happened[0].pulls:
        why = next((line for line in pulled.said if _UNREACHED.search(line)), "")
        if why:
            raise UsageError(f"Configuration: {pulled.daemon} cannot use the mirror {lab.subject.name}: {why}.")
