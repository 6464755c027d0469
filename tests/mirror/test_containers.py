"""Mirrors in containers: what they may reach, what becomes of those that are none, and that nothing is left of them."""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from fixtures.addresses import servers_by_address
from fixtures.engine.cleanup import labels
from fixtures.engine.discovery import Engine
from fixtures.errors import CannotRunError, UsageError
from fixtures.images.making import Images
from fixtures.lab.registries import Registries
from fixtures.mirrors import wire
from fixtures.mirrors.containers import CA_FILE, MirrorContainer, RunningMirror, mirror_in_container
from fixtures.mirrors.images import ensure_image
from fixtures.mirrors.playing import MirrorLab
from fixtures.mirrors.subject import HookError
from suites.mirror.description import Description, described
from suites.mirror.trying import check
from tests.cli.conftest import Call, call  # noqa: F401 - a fixture

pytestmark = pytest.mark.engine

SERVES = """
import http.server, pathlib

class Answering(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {answer}

print("It serves now.", flush=True)
http.server.ThreadingHTTPServer(("", 5000), Answering).serve_forever()
"""
OK = "self.send_response(200); self.end_headers(); self.wfile.write(b'{}')"
ENDLESS = "self.send_response(200); self.end_headers(); [self.wfile.write(bytes(1 << 20)) for _ in iter(int, 1)]"
PAGE = (
    "self.send_response(200); self.send_header('Content-Type', 'text/html'); self.end_headers(); "
    "self.wfile.write(b'<html></html>')"
)
SILENT = "import time; time.sleep(60)"


def serving(answer: str) -> MirrorContainer:
    return MirrorContainer(
        command=("python3", "/serve.py"), files={"/serve.py": SERVES.replace("{answer}", answer)}, seconds=20
    )


@contextmanager
def running(spec: MirrorContainer, registries: Registries) -> Iterator[RunningMirror]:
    """A mirror of the lab's own image, which holds Python and a shell."""
    with mirror_in_container(spec, registries.images.simulator, registries) as mirror:
        yield mirror


@pytest.fixture(scope="module")
def plain(registries: Registries) -> Iterator[RunningMirror]:
    with running(serving(OK), registries) as mirror:
        yield mirror


def containers() -> set[str]:
    """Those of this process: others may have labs in the same engine."""
    ours = [f"{name}={value}" for name, value in labels().items()]
    return {one.id for one in docker.from_env().containers.list(all=True, filters={"label": ours})}


def python(mirror: RunningMirror, script: str) -> str:
    code, said = mirror.run(["python3", "-c", script])
    assert code == 0, said
    return said.strip()


def test_hub_is_ours_and_is_trusted(plain: RunningMirror, registries: Registries) -> None:
    found = python(plain, "import socket; print(socket.gethostbyname('production.cloudflare.docker.com'))")
    assert servers_by_address(registries.data.topology)[found] == "hub"
    asked = f"""
import ssl, urllib.error, urllib.request
try:
    urllib.request.urlopen("https://registry-1.docker.io/v2/", context=ssl.create_default_context(cafile="{CA_FILE}"))
except urllib.error.HTTPError as error:
    print(error.code)
"""
    assert python(plain, asked) == "401"


def test_nothing_else_can_be_reached_and_nothing_is_privileged(plain: RunningMirror) -> None:
    tried = """
import socket
for place in (("192.0.2.1", 80), ("example.com", 80)):
    try:
        socket.create_connection(place, timeout=2)
    except OSError:
        print("no")
"""
    assert python(plain, tried).split() == ["no", "no"]
    for container in map(docker.from_env().containers.get, containers()):
        settings = container.attrs["HostConfig"]
        if settings["NetworkMode"].startswith("container:"):
            assert (settings["Privileged"], settings["CapAdd"], settings["Binds"]) == (False, None, None)


def test_a_restart_keeps_what_was_written_and_the_address(plain: RunningMirror, registries: Registries) -> None:
    hooks = described(Description(container=serving(OK)), running=plain).hooks
    python(plain, "open('/var/kept', 'w').write('still')")
    place = wire.place_of(plain.url)
    hooks.do("restart")
    assert python(plain, "print(open('/var/kept').read())") == "still"
    assert wire.ask(place, wire.Sent("GET", "/v2/")).status == 200
    where = plain.address.removeprefix("http://").rpartition(":")[0]
    assert python(plain, "import socket; print(socket.gethostbyname(socket.gethostname()))") == where
    assert plain.log(100).count("It serves now.") == 2


def test_hooks_run_in_the_container_or_ask_the_mirror(plain: RunningMirror) -> None:
    description = Description(container=serving(OK))
    told = replace(description.hooks, evict=("sh", "-c", "test {tag} = 1.0"), advance="GET /clock", warm="POST /warm")
    hooks = described(replace(description, hooks=told), running=plain).hooks
    assert hooks.known == {"evict", "advance", "restart", "warm"}
    hooks.do("evict", repository="library/app", tag="1.0")
    hooks.do("advance", seconds="60")
    with pytest.raises(HookError, match="The hook 'evict' ended with 1"):
        hooks.do("evict", repository="library/app", tag="2.0")
    with pytest.raises(HookError, match=r"The hook 'warm' failed: POST http://.*/warm was answered 501"):
        hooks.do("warm", repository="library/app", tag="1.0")


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (
            MirrorContainer(command=("sh", "-c", "echo no such thing as port {port}; exit 7")),
            r"ended with 7 before it answered. It said last:\nno such thing as port 5000",
        ),
        (
            MirrorContainer(command=("sleep", "60"), seconds=1),
            "answered nothing at its port 5000 within 1 s. It said noth",
        ),
        (
            replace(serving(SILENT), seconds=3),
            "answered nothing at its port 5000 within 3 s. It said last:\nIt serves now",
        ),
        (MirrorContainer(command=("no-such-program",)), "The mirror's container did not start: .*no-such-program"),
    ],
    ids=["ends", "never listens", "hangs", "cannot start"],
)
def test_what_does_not_get_ready_is_told_with_its_last_lines_and_removed(
    registries: Registries, spec: MirrorContainer, sentence: str
) -> None:
    before = containers()
    with pytest.raises(CannotRunError, match=sentence), running(spec, registries):
        pytest.fail("It is no mirror.")
    assert containers() == before


@pytest.mark.parametrize(
    ("answer", "refusal", "sentence"),
    [
        (PAGE, UsageError, "is no registry: GET /v2/ was answered with text/html"),
        (ENDLESS, CannotRunError, "does not answer as one: 200 .its body is longer than|it had not ended"),
        (OK, UsageError, "Configuration: .* asked our Hub nothing"),
    ],
    ids=["page", "endless", "other upstream"],
)
def test_what_is_no_mirror_of_our_hub_is_found_out_first(
    registries: Registries, answer: str, refusal: type[Exception], sentence: str
) -> None:
    with running(serving(answer), registries) as mirror:
        lab = MirrorLab(described(Description(name="none"), running=mirror), registries.client)
        with pytest.raises(refusal, match=sentence):
            check(lab)


def test_an_image_that_is_not_there_and_cannot_be_pulled(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(
        CannotRunError, match=r"The image registry\.invalid/none:1 is not here and could not be pulled: "
    ):
        ensure_image(engine, MirrorContainer(image="registry.invalid/none:1"), tmp_path, print)


def test_a_dockerfile_is_built_with_what_is_beside_it(engine: Engine, images: Images, tmp_path: Path) -> None:
    spec = MirrorContainer(dockerfile="Dockerfile")
    with pytest.raises(UsageError, match="There is no Dockerfile"):
        ensure_image(engine, spec, tmp_path, print)
    (tmp_path / "beside").write_text("here")
    (tmp_path / "Dockerfile").write_text(f"FROM {images.simulator}\nCOPY beside /beside\nRUN test -e /nowhere\n")
    with pytest.raises(CannotRunError, match=r"could not be built: .*returned a non-zero code: 1"):
        ensure_image(engine, spec, tmp_path, print)
    (tmp_path / "Dockerfile").write_text("FORM nothing\n")
    with pytest.raises(CannotRunError, match=r"could not be built: .*unknown instruction"):
        ensure_image(engine, spec, tmp_path, print)
    (tmp_path / "Dockerfile").write_text(f"FROM {images.simulator}\nCOPY beside /beside\n")
    made = ensure_image(engine, spec, tmp_path, print)
    with closing(engine.client()) as client:
        assert client.images.get(made).tags == [made]
        client.images.remove(made)


def test_a_real_mirror_is_put_on_trial_by_its_name(call: Call, engine: Engine) -> None:  # noqa: F811
    os.environ["DOCKER_HOST"] = engine.host  # as it was again after the test: see `call`
    ended = call("mirror", "--description", "docker-registry-2.8.2", "--trial", "ping", "--trial", "held")
    assert ended.code == 0, ended.err
    assert "CONFORMANT" in ended.out
    assert "docker-registry 2.8.2 (Debian 12)" in ended.out
    assert json.loads(Path("conformance-report/report.json").read_text())["problems"] == []
    assert "/v2/library/app-" in Path("conformance-report/mirror.log").read_text()
