"""What people do with Docker Hub beside pulls, and pulls of more than one image."""

import pytest

from fixtures.scenario import Login, Logout, Pull, PullAllTags, Push, Reference, Scenario, Search, Step
from simulator.arrangement import Account, Copy, Evict, Holdings, ImageSpec
from suites.trial import Trial

MIRRORS = ("https://mirror.gcr.io", "https://mirror-2.test")
ADA = Account("ada", "secret")
OWN = Reference("ada/app", "1.0")
ALL_TAGS = PullAllTags(Reference("library/app", short=True))


def beside_mirrors(*steps: Step, mirror_1: int = 2, mirror_2: int = 2) -> Scenario:
    """Docker Hub has two tags of each repository; the mirrors have as many of them as is said."""
    copies = [
        (Copy(repository, "1.0", "v1"), Copy(repository, "2.0", "v2")) for repository in ("ada/app", "library/app")
    ]
    held = {"hub": 2, "mirror-1": mirror_1, "mirror-2": mirror_2}
    return Scenario(
        images={"v1": ImageSpec("v1", layers=(64, 512)), "v2": ImageSpec("v2", "oci", (64,), ("linux/amd64",))},
        servers={name: Holdings(tuple(copy for two in copies for copy in two[:tags])) for name, tags in held.items()},
        mirrors=MIRRORS,
        steps=steps,
        accounts=(ADA,),
    )


@pytest.mark.rules("SCOPE-2")
def test_push_login_and_search_touch_no_mirror(trial: Trial) -> None:
    trial.play(
        beside_mirrors(
            Search("ada/app"), Login("ada"), Pull(OWN), Push(OWN), Evict("hub", "ada/app"), Push(OWN), Logout()
        )
    )


@pytest.mark.rules("SCOPE-4")
@pytest.mark.parametrize(("first", "second"), [(2, 2), (1, 2), (0, 1), (0, 0)])
def test_all_tags_are_asked_of_mirrors(trial: Trial, first: int, second: int) -> None:
    trial.play(beside_mirrors(ALL_TAGS, mirror_1=first, mirror_2=second))
