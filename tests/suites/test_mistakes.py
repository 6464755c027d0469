"""A name in a scenario that stands for nothing is a mistake of its writer's, and no failure of a daemon's."""

from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.mistakes import mistakes
from fixtures.scenario import Configure, Pull, Reference, Scenario, Together
from simulator.arrangement import Copy, Heal, Holdings, ImageSpec, Publish
from suites.saved import read_scenario
from suites.strategies import MIRROR_SERVERS

IMAGES = {"v1": ImageSpec("v1")}
GOOD = Reference("library/app", "1.0")


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (Scenario(IMAGES, {"hub": Holdings((Copy("library/app", "1.0", "v2"),))}), "names the image 'v2'"),
        (Scenario(steps=(Publish("library/app", "1.0", "v1"),)), "names the image 'v1', which there is not; there are"),
        (Scenario(steps=(Pull(Reference("library/app", digest="v9")),)), "names the image 'v9'"),
        (Scenario(servers={"mirror-9": Holdings()}), "names the server 'mirror-9'"),
        (Scenario(steps=(Together(()),)), "plays nothing together"),
        (Scenario(steps=(Together((Pull(Reference("library/app", digest="v9")),)),)), "names the image 'v9'"),
        (
            Scenario(steps=(Together((Pull(Reference("library/app")),), (Heal("mirror"),)),)),
            "names the server 'mirror'",
        ),
        (Scenario(steps=(Heal("mirror"),)), "names the server 'mirror'"),
        (Scenario(mirrors=("https://mirror.local",)), "names the mirror 'mirror.local'"),
        (Scenario(steps=(Configure(("http://mirror-5.test:5000",)),)), "names the mirror 'mirror-5.test'"),
        (Scenario(steps=(Pull(Reference("library/app", host="quay.test")),)), "names the host 'quay.test'"),
        (
            Scenario(steps=(Pull(Reference("app", "1.0")),)),
            "names the repository 'app': on Docker Hub it has two parts",
        ),
    ],
)
def test_a_name_that_stands_for_nothing_is_told(scenario: Scenario, sentence: str) -> None:
    assert next(mistakes(scenario)).startswith(sentence)


def test_what_there_is_is_no_mistake() -> None:
    held = {name: Holdings((Copy("library/app", "1.0", "v1"),)) for name in ("hub", "elsewhere", *MIRROR_SERVERS)}
    assert list(mistakes(Scenario(IMAGES, held, ("http://mirror.gcr.io:5000/",), (Pull(GOOD), Configure(None))))) == []


def test_a_mistake_in_a_file_is_a_refusal(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text('{"mirrors": ["https://mirror.local"]}')
    with pytest.raises(UsageError, match=r"own\.json names the mirror 'mirror\.local', which there is not; there are"):
        read_scenario(file)
