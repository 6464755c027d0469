"""A shell in a container: what it says of each script, and that it says so when it cannot."""

import time
from collections.abc import Iterator

import docker
import pytest

from fixtures.engine.cleanup import labels
from fixtures.errors import LabError
from fixtures.images.making import Images
from fixtures.lab.console import Console

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def container(images: Images) -> Iterator[str]:
    client = docker.from_env()
    started = client.containers.run(
        images.simulator, ["600"], entrypoint="sleep", network_mode="none", labels=labels(), detach=True
    )
    yield started.id
    started.remove(force=True)
    client.close()


@pytest.fixture
def console(container: str) -> Iterator[Console]:
    api = docker.from_env().api
    opened = Console(api, container)
    yield opened
    opened.close()
    api.close()


def test_output_holds_both_streams_and_no_more(console: Console) -> None:
    assert console.run("echo one; echo two >&2; printf three") == "one\ntwo\nthree"
    assert console.run(":") == ""


@pytest.mark.parametrize(
    ("script", "status"), [("true", 0), ("false", 1), ("(exit 37)", 37), ("true; no-such-one", 127)]
)
def test_the_status_is_that_of_the_last_command(console: Console, script: str, status: int) -> None:
    assert console.attempt(script)[0] == status


def test_a_script_that_fails_is_an_error_with_its_words(console: Console) -> None:
    with pytest.raises(LabError, match=r"ended with 3: nothing works here$"):
        console.run("echo nothing works here >&2; (exit 3)")
    assert console.run("echo still there") == "still there\n"


@pytest.mark.parametrize(
    "script", ["sleep 30", "while :; do echo again; sleep 0.05; done"], ids=["says nothing", "talks for ever"]
)
def test_a_script_that_hangs_is_an_error_and_so_is_all_that_follows(console: Console, script: str) -> None:
    began = time.monotonic()
    with pytest.raises(LabError, match="does not answer: timed out"):
        console.run(script, timeout=0.5)
    assert time.monotonic() - began < 3
    with pytest.raises(LabError, match="does not answer"):
        console.run("echo too late")


def test_a_shell_that_ended_is_an_error(console: Console) -> None:
    with pytest.raises(LabError, match="does not answer: the connection was closed"):
        console.run("exit 0")


def test_a_script_that_is_no_script_is_an_error(console: Console) -> None:
    with pytest.raises(LabError, match="does not answer: the connection was closed"):
        console.run("if then")


def test_large_output_is_whole(console: Console) -> None:
    assert console.run("head -c 5000000 /dev/zero | tr '\\0' x; echo end") == "x" * 5_000_000 + "end\n"


def test_what_looks_like_the_end_of_a_script_is_output(console: Console) -> None:
    assert console.run("echo '--end-1-of-script-- 0 indeed'; echo more").endswith("0 indeed\nmore\n")


def test_quotes_documents_and_letters_of_all_kinds(console: Console) -> None:
    assert console.run("""printf '%s|' "a  b" 'c"d' "e'f" \\$HOME é""") == """a  b|c"d|e'f|$HOME|é|"""
    assert console.run("cat <<'END'\n$(not run) `nor this`\nEND") == "$(not run) `nor this`\n"


def test_a_script_reads_nothing_of_the_next_one(console: Console) -> None:
    assert console.run("cat; echo read") == "read\n"


def test_variables_stay_from_one_script_to_the_next(console: Console) -> None:
    console.run("kept=7")
    assert console.run("echo $kept") == "7\n"


def test_a_container_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LabError, match="No shell could be opened in container nowhere"):
        Console(docker.from_env().api, "nowhere")
