"""What ``verify`` tells a person on a daemon's own machine, and what a pull there then does, on every daemon."""

from collections.abc import Iterator

import pytest

from fixtures.addresses import SERVER_OF_HOST
from fixtures.lab.lab import Lab
from fixtures.naming import Naming
from fixtures.scenario import Configure, Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.adversity import FAULTS
from tests.verify.equality import Reality, server_of
from tests.verify.person import Person, Told
from tests.verify.standing import Standing

pytestmark = pytest.mark.engine

MIRROR, SECOND, PLAIN = "https://mirror.gcr.io", "https://mirror-2.test", "http://mirror.gcr.io:5000"
CURRENT, STALE = Copy("library/app", "1.0", "v2"), Copy("library/app", "1.0", "v1")
PART = Copy("library/app", "1.0", "v2", ("layer:1",))
APP = Pull(Reference("library/app", "1.0"), deadline=60.0)


def scenario(
    *mirrors: str, first: tuple[Copy, ...] = (CURRENT,), faults: tuple[Fault, ...] = (), insecure: tuple[str, ...] = ()
) -> Scenario:
    """Mirrors before Docker Hub, of which the first one holds something, and fails."""
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(64, 512)), "v2": ImageSpec("v2", layers=(64, 512))},
        servers={
            "hub": Holdings((CURRENT,)),
            "mirror-1": Holdings(first, faults),
            "mirror-2": Holdings((CURRENT,)),
        },
        mirrors=mirrors,
        steps=(Configure(mirrors, insecure), APP),
    )


SETUPS = {
    "a mirror that has the image": scenario(MIRROR),
    "a mirror that has nothing": scenario(MIRROR, first=()),
    "a mirror that lacks a layer": scenario(MIRROR, first=(PART,)),
    "a mirror with a stale tag": scenario(MIRROR, first=(STALE,)),
    "two mirrors, of which the first has nothing": scenario(MIRROR, SECOND, first=()),
    "a name that nobody knows": scenario("https://nowhere.test", SECOND),
    "in plain HTTP": scenario(PLAIN),
    "in plain HTTP, and insecure": scenario(PLAIN, insecure=("mirror.gcr.io:5000",)),
    **{f"a mirror with {kind}": scenario(MIRROR, faults=(FAULTS[kind],)) for kind in (
        "refuse", "untrusted", "401", "403", "429", "500", "503", "redirect", "not-a-registry", "garbage"
    )},
}  # fmt: skip
"""Right and wrong set-ups, each with a pull."""


@pytest.fixture(scope="module")
def person(standing: Standing) -> Person:
    return Person(standing)


def verified(lab: Lab, person: Person, one: Scenario) -> tuple[Told, Reality]:
    """What is told of a scenario's last step, a pull, and what then comes of it."""
    *before, pull = one.steps
    assert isinstance(pull, Pull)
    with lab.open(one) as play:
        for step in before:
            play.do(step)
        image = Naming(play.history().salt).repository(pull.reference.repository)
        told = person.verifies("--image", f"{image}:1.0", "--timeout", "20")
        outcome = play.do(pull)
        return told, Reality.of(play.history(), outcome)


def disagreements(told: Told, reality: Reality) -> Iterator[str]:
    pull = told.document["pull"]
    if pull is None:
        yield f"nothing was said of a pull: {told.document}"
        return
    if pull["result"] != reality.result:
        yield f"{pull['sentence']} But it ended with {reality.result}."
        return
    hosts = SERVER_OF_HOST | {"nowhere.test": "nobody"}
    said = {server_of(endpoint, hosts) for endpoint in pull["served_by"]}
    if reality.result == "ok" and said != set(reality.served.values()):
        yield f"{pull['sentence']} But it came from {set(reality.served.values())}."


@pytest.mark.parametrize("name", SETUPS)
def test_what_a_person_is_told_is_what_a_pull_does(lab: Lab, person: Person, name: str) -> None:
    told, reality = verified(lab, person, SETUPS[name])
    assert list(disagreements(told, reality)) == []
    assert told.document["in_force"]["mirrors"] == [f"{url}/" for url in SETUPS[name].mirrors]


def test_a_person_is_told_what_sets_the_mirrors(lab: Lab, person: Person) -> None:
    told, _ = verified(lab, person, SETUPS["a mirror that has the image"])
    assert (told.code, told.codes) == (0, [])
    assert told.document["in_force"]["why"] == "/etc/docker/daemon.json sets them, and the daemon shows them"
    assert told.document["daemon"] == {"version": lab.version, "store": lab.profile.store, "was_asked": True}
    assert told.document["pull"]["served_by"] == [f"{MIRROR}/"]
