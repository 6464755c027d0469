"""Descriptions of mirrors that run in a container: what is refused, and those that everybody may have."""

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.mirrors.containers import MirrorContainer, filled
from suites.mirror.description import described, known, read
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

SOUND = '[container]\nimage = "registry:2.8.3"\n'


def test_a_file_of_the_container_may_lie_beside_the_description(tmp_path: Path) -> None:
    (tmp_path / "own.yml").write_text("upstream: {hub}\n")
    files = '[container.files]\n"/etc/own.yml" = { file = "own.yml" }\n"/etc/x" = "text"\n'
    (tmp_path / "mirror.toml").write_text(SOUND + files)
    container = read(tmp_path / "mirror.toml").container
    assert container is not None
    assert container.files == {"/etc/own.yml": "upstream: {hub}\n", "/etc/x": "text"}
    assert container.port == 5000


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[container]\n", "is wrong at container: one of image, dockerfile, debian, and there is none"),
        (
            f'{SOUND}dockerfile = "Dockerfile"\n',
            "is wrong at container: one of image, dockerfile, debian, not image and dockerfile",
        ),
        (f'{SOUND}speed = "great"\n', "is wrong at container.speed: there is no such key"),
        (f'{SOUND}port = "many"\n', "is wrong at container.port"),
        (f"{SOUND}port = 70000\n", "is wrong at container.port"),
        (f"{SOUND}seconds = 0\n", "is wrong at container.seconds"),
        (f'{SOUND}ready = "v2"\n', "is wrong at container.ready"),
        (f'{SOUND}command = "serve"\n', "is wrong at container.command"),
        (f"{SOUND}[container.environment]\nLEVEL = 3\n", "is wrong at container.environment.LEVEL"),
        (f'{SOUND}[container.files]\n"mirror.yml" = ""\n', "is wrong at container.files.mirror.yml"),
        (
            f'{SOUND}[container.files]\n"/mirror.yml" = {{ file = "none.yml" }}\n',
            "No such file or directory: 'none.yml'",
        ),
        (f'{SOUND}[container.files]\n"/mirror.yml" = {{ path = "x" }}\n', "is wrong at container.files./mirror.yml"),
        (f'{SOUND}files = "mirror.yml"\n', "is wrong at container.files"),
        ('[container]\ndebian = { suite = "bookworm" }\n', "is wrong at container.debian.packages"),
        (f'url = "http://mirror.example"\n{SOUND}', "has a container, which needs neither a url nor a ca"),
    ],
)
def test_what_a_container_cannot_be_is_named(call: Call, text: str, sentence: str) -> None:  # noqa: F811
    Path("mirror.toml").write_text(text)
    ended = call("mirror", "--description", "mirror.toml")
    assert ended.code == 2
    assert sentence in ended.sentence
    assert len(ended.err.splitlines()) == 1


def test_a_container_and_a_url_are_two_mirrors(call: Call) -> None:  # noqa: F811
    Path("mirror.toml").write_text(SOUND)
    ended = call("mirror", "--description", "mirror.toml", "--url", "http://mirror.example")
    assert ended.code == 2
    assert "has a container: where it is, is known, without --url" in ended.sentence


def test_a_container_needs_an_engine(call: Call) -> None:  # noqa: F811
    Path("mirror.toml").write_text(SOUND)
    ended = call("mirror", "--description", "mirror.toml")
    assert ended.code == 3
    assert "names an engine that does not answer" in ended.sentence


def test_known_mirrors_are_found_by_name_and_are_listed(call: Call) -> None:  # noqa: F811
    assert "docker-registry-2.8.2" in known()
    ended = call("mirror", "--description", "no-such-mirror")
    assert ended.code == 2
    assert all(name in ended.sentence for name in known())
    shown = "".join(call("mirror", "--help").out.split())
    assert all(name in shown for name in known())


@pytest.mark.parametrize("name", known())
def test_a_known_mirror_is_described_whole(name: str) -> None:
    description = read(Path(name))
    assert description.name
    container = description.container
    assert container
    assert any("{hub}" in text for text in container.files.values())
    assert described(replace(description, url="http://mirror.example")).hooks.known == frozenset()


def test_only_names_that_stand_for_something_are_replaced() -> None:
    words = MirrorContainer(image="registry", port=5001).words("192.0.2.53")
    text = "server { listen {port}; resolver {name_server}; return 200 {no}; proxy_pass {hub}; } # {hub_host} {ca}"
    assert filled(text, words) == (
        "server { listen 5001; resolver 192.0.2.53; return 200 {no}; proxy_pass https://registry-1.docker.io; } "
        "# registry-1.docker.io /etc/mirror-conformance-ca.pem"
    )


def test_a_folder_hides_no_known_mirror_of_its_name(call: Call) -> None:  # noqa: F811
    Path("docker-registry-2.8.2").mkdir()
    ended = call("mirror", "--description", "docker-registry-2.8.2", "--dry-run")
    assert ended.code == 0
    assert "docker-registry 2.8.2 (Debian 12)" in ended.out


def test_a_file_counts_more_than_a_known_mirror_of_its_name(call: Call) -> None:  # noqa: F811
    Path("docker-registry-2.8.2").write_text('name = "my own"\nurl = "http://mirror.example"\n')
    ended = call("mirror", "--description", "docker-registry-2.8.2", "--dry-run")
    assert ended.code == 0
    assert "my own" in ended.out


def test_a_folder_is_no_description(call: Call) -> None:  # noqa: F811
    Path("mirrors.toml").mkdir()
    ended = call("mirror", "--description", "mirrors.toml")
    assert ended.code == 2
    assert ended.sentence.startswith("The description mirrors.toml is a folder: name a file in it, or one of docker-")
    assert len(ended.err.splitlines()) == 1
