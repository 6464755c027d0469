"""One real pull, and what it proves, on every daemon."""

from pathlib import Path

import pytest

from fixtures.lab.containers import SOCKET_DIRECTORY
from fixtures.lab.lab import Lab
from fixtures.naming import Naming
from fixtures.scenario import Pull, Reference, Scenario
from simulator.arrangement import Copy, Holdings, ImageSpec, Limits, Publish
from suites.verify.answers import HUB, Image
from suites.verify.facts import Kind, Setup
from suites.verify.pulling import Pulled, pull
from tests.verify.standing import Standing

pytestmark = pytest.mark.engine

APP = Reference("library/app", "1.0")
MIRRORS = ("https://mirror.gcr.io", "https://mirror-2.test")


def engine_of(standing: Standing) -> Path:
    """The socket of a lab's daemon, as this machine reaches it."""
    return Path(f"/proc/{standing.process}/root{SOCKET_DIRECTORY}/docker.sock")


def pulled(lab: Lab, standing: Standing, *holders: str, twice: bool = False) -> Pulled:
    """What one pull, beside two mirrors, tells of an image that these servers hold."""
    held = Holdings((Copy("library/app", "1.0", "v1"),))
    scenario = Scenario(
        images={"v1": ImageSpec("v1", layers=(1 << 16,))},
        servers=dict.fromkeys(holders, held),
        mirrors=MIRRORS,
        limits=Limits(),
    )
    with lab.open(scenario) as play:
        if twice:
            play.do(Pull(APP))
        naming = Naming(play.history().salt)
        setup = Setup(Kind(lab.profile.version, lab.profile.store), (), lab.daemon.shown()[0])
        image = Image(naming.repository(APP.repository), "1.0")
        told = standing.do(lambda: pull(setup, image, socket=engine_of(standing), network=standing.network))
        there = lab.daemon.inspect(f"{image.repository}:1.0") is not None
        assert there == twice
        return told


def givers(told: Pulled) -> list[tuple[str, ...]]:
    """Who lives where bytes came from, most first."""
    assert told.contacts is not None
    assert told.complete
    return [contact.endpoints for contact in told.contacts]


def sentences(told: Pulled, weight: str) -> list[str]:
    return [statement.sentence for statement in told.statements if statement.weight == weight]


def test_a_pull_proves_that_a_mirror_served_it(lab: Lab, standing: Standing) -> None:
    told = pulled(lab, standing, "hub", "mirror-1")
    assert (told.result, told.was_there, told.removed) == ("ok", False, True)
    assert givers(told) == [("https://mirror.gcr.io/",)]
    assert told.contacts is not None
    assert told.contacts[0].received > 1 << 16
    assert any("it did not count this pull" in sentence for sentence in sentences(told, "inference"))


def test_a_pull_shows_that_docker_hub_served_it(lab: Lab, standing: Standing) -> None:
    told = pulled(lab, standing, "hub")
    assert givers(told)[0] == (HUB,)
    assert set(givers(told)) == {(HUB,), ("https://mirror.gcr.io/",), ("https://mirror-2.test/",)}
    assert told.before is not None
    assert told.after is not None
    assert told.before.remaining - told.after.remaining == 1


def test_an_image_that_was_there_is_left_alone(lab: Lab, standing: Standing) -> None:
    told = pulled(lab, standing, "mirror-2", twice=True)
    assert (told.result, told.was_there, told.removed) == ("ok", True, False)
    assert any("was on this host before" in sentence for sentence in sentences(told, "proof"))


def test_a_tag_that_named_another_image_names_it_again(lab: Lab, standing: Standing) -> None:
    scenario = Scenario(
        images={"v1": ImageSpec("v1"), "v2": ImageSpec("v2")},
        servers={"hub": Holdings((Copy("library/app", "1.0", "v1"),))},
    )
    with lab.open(scenario) as play:
        play.do(Pull(APP))
        naming = Naming(play.history().salt)
        name = f"{naming.repository(APP.repository)}:1.0"
        before = lab.daemon.inspect(name)
        play.do(Publish("library/app", "1.0", "v2"))
        setup = Setup(Kind(lab.profile.version, lab.profile.store), (), ())
        image = Image(naming.repository(APP.repository), "1.0")
        told = standing.do(lambda: pull(setup, image, socket=engine_of(standing), network=standing.network))
        assert (told.result, told.was_there, told.was_other, told.removed) == ("ok", True, True, True)
        after = lab.daemon.inspect(name)
        assert before is not None
        assert after is not None
        assert after.id == before.id
        names = [name for listed in lab.daemon.images() for name in listed["RepoTags"] or ()]
        assert [name for name in names if "kept" in name] == []


def test_a_pull_that_fails_says_so(lab: Lab, standing: Standing) -> None:
    told = pulled(lab, standing)
    assert (told.result, told.removed, bool(told.error)) == ("failed", False, True)
    assert any("brought no image" in sentence and told.error in sentence for sentence in sentences(told, "proof"))
