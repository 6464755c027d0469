"""``python -m simulator serve`` as a process."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from simulator.archives.reading import REF_NAME
from simulator.arrangement import Arrangement, Copy, Holdings, ImageSpec, Limits
from simulator.client import SimulatorClient, SimulatorError
from simulator.command import policies
from simulator.command.imagespec import named_image
from simulator.command.screen import READY
from simulator.control import wire
from simulator.control.token import FILE
from simulator.mirror.policy import PRESETS, Policy, Sync, Upstream
from simulator.network.authority import certify
from simulator.registry.content import build
from simulator.topology import CDN_HOSTS, HUB_HOSTS, Site
from tests.simulator.archived import layout, root_of, tar
from tests.simulator.conftest import CONTROL_ADDRESS, free_port

SPEC = "library/alpine:3.20,layers=2,size=3KiB,platforms=amd64+arm64,format=oci,seed=x"
NETWORK = f"127.{os.getpid() % 200 + 20}.77.0/24"
"""Another for each process of a test run: between a look at an address and its use, another may take it."""

WITHOUT_RICH = "sys.modules['rich'] = sys.modules['rich.console'] = None"
GONE = "No such file or directory"
BLOCK = r"^{}.*\n((?:  .*\n)+)"


class Mapped(httpx.HTTPTransport):
    """Leads names to addresses, as curl's --resolve does: the port must be in the URL."""

    def __init__(self, addresses: dict[str, str], trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._addresses = addresses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        request.extensions = {**request.extensions, "sni_hostname": asked.host}
        request.url = asked.copy_with(host=self._addresses[asked.host])
        try:
            return super().handle_request(request)
        finally:
            request.url = asked


@dataclass
class Served:
    """A simulator that is ready, and what it said by then."""

    process: subprocess.Popen[str]
    screen: str
    control: str

    def block(self, title: str) -> str:
        found = re.search(BLOCK.format(re.escape(title)), self.screen, re.MULTILINE)
        assert found, self.screen
        return found[1]

    @property
    def authority(self) -> Path:
        return Path(self.block("CA file").strip())

    def sites(self) -> tuple[Site, ...]:
        with SimulatorClient(self.control) as client:
            return client.health().sites

    def http(self) -> httpx.Client:
        """A client that finds Hub's names here, and trusts the CA file."""
        addresses = dict.fromkeys(HUB_HOSTS, self.sites()[0].address)
        trust = ssl.create_default_context(cafile=str(self.authority))
        return httpx.Client(transport=Mapped(addresses, trust), follow_redirects=True, trust_env=False)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, output, errors


def launch(temporary: Path, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start it, with a directory for temporary files of its own."""
    program = f"import sys; {before}; from simulator.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program] if before else [sys.executable, "-m", "simulator"]
    return subprocess.Popen(
        [*command, "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "error", "TMPDIR": str(temporary)},
    )


def start(temporary: Path, *more: str, before: str = "") -> Served:
    at = f"{CONTROL_ADDRESS}:{free_port(CONTROL_ADDRESS)}"
    process = launch(temporary, "--address", NETWORK, "--control", at, *more, before=before)
    assert process.stdout is not None
    lines: list[str] = []
    while f"{READY}\n" not in lines:
        lines.append(process.stdout.readline())
        assert lines[-1], process.communicate()
    return Served(process, "".join(lines), f"http://{at}")


def failure(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, errors = process.communicate(timeout=60)
    assert output == ""
    assert errors.count("\n") == 1, errors
    return process.returncode, errors


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    directory = tmp_path / "temporary"
    directory.mkdir()
    return directory


@pytest.fixture
def served(temporary: Path) -> Iterator[Served]:
    arguments = ("--ports", "8443,8080", "--image", SPEC, "--image", "ada/app", "--warm", "mirror-1:alpine:3.20")
    served = start(temporary, *arguments, "--policy", "frozen", "--policy", "mirror-2=gcr")
    try:
        yield served
    finally:
        served.process.kill()
        served.process.communicate()


def test_a_pull_through_tokens_and_redirects_at_a_port_of_its_own(served: Served) -> None:
    image = build(named_image(SPEC).spec)
    layer = next(part for part in image.content.objects if part.role == "linux/amd64:layer:1")
    with served.http() as http:
        base = "https://registry-1.docker.io:8443/v2/"
        challenge = http.get(f"{base}library/alpine/manifests/3.20").headers["www-authenticate"]
        asked = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        token = http.get(asked["realm"], params={"service": asked["service"], "scope": asked["scope"]}).json()["token"]
        bearer = {"authorization": f"Bearer {token}"}
        manifest = http.get(f"{base}library/alpine/manifests/3.20", headers=bearer)
        assert manifest.content == image.bytes_of[image.content.root]
        blob = http.get(f"{base}library/alpine/blobs/{layer.digest}", headers=bearer)
        assert blob.content == image.bytes_of[layer.digest]
        assert blob.url.host in CDN_HOSTS
        assert (blob.url.port, len(blob.history)) == (8443, 1)
    shown = [served.line() for _ in range(5)]
    assert [line.split()[1:5] for line in shown] == [
        ["127.0.0.1", "GET", "hub", status] for status in ("401", "200", "200", "307", "200")
    ]
    assert re.match(r"\d\d:\d\d:\d\d ", shown[0])
    assert shown[1].endswith(" token for library/alpine\n")
    assert shown[2].endswith(f" {len(manifest.content)} library/alpine:3.20\n")
    assert shown[4].endswith(f" {layer.size} library/alpine@{layer.digest[:15]}\n")


def test_the_curl_line_works_as_it_is_printed(served: Served) -> None:
    line = served.block("Ask Hub")
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=60)
        said = done.stdout
    else:
        with served.http() as http:
            said = http.get(line.split()[-1]).text
    assert json.loads(said)["errors"][0]["code"] == "UNAUTHORIZED"


def test_the_mirrors_of_daemon_json_hold_what_they_shall(served: Served) -> None:
    mirrors = json.loads("{" + served.block("daemon.json") + "}")["registry-mirrors"]
    assert mirrors == [f"http://{site.address}:8080" for site in served.sites()[1:]]
    asked = [httpx.get(f"{mirror}/v2/library/alpine/manifests/3.20", trust_env=False) for mirror in mirrors]
    assert [answer.status_code for answer in asked] == [200, 404]
    trust = ssl.create_default_context(cafile=str(served.authority))
    over_tls = mirrors[0].replace("http:", "https:").replace("8080", "8443")
    assert httpx.get(f"{over_tls}/v2/", verify=trust, trust_env=False).status_code == 200


def test_without_a_policy_mirrors_fetch_from_hub(temporary: Path) -> None:
    served = start(temporary, "--ports", "8443,8080", "--image", SPEC, "--quiet")
    try:
        hub, mirror, _ = served.sites()
        base = f"http://{mirror.address}:8080/v2/library/alpine"
        content = build(named_image(SPEC).spec).content
        for part in content.objects:
            kind = "blobs" if "layer" in part.role or part.role.endswith("config") else "manifests"
            answer = httpx.get(f"{base}/{kind}/{part.digest}", trust_env=False)
            assert (answer.status_code, len(answer.content)) == (200, part.size)
        with SimulatorClient(served.control) as client:
            asked = [exchange for exchange in client.journal().exchanges if exchange.server == hub.name]
        assert {exchange.client for exchange in asked} == {mirror.address}
        assert {exchange.host.partition(":")[0] for exchange in asked} == set(HUB_HOSTS) - {"index.docker.io"}
        assert served.end()[0] == 0
    finally:
        served.process.kill()
        served.process.communicate()


def test_the_screen_fits_and_names_everything(served: Served) -> None:
    narrow = [line for line in served.screen.splitlines() if str(served.authority) not in line]
    assert max(map(len, narrow)) <= 80
    assert served.block("Control API").strip() == served.control
    images = [" ".join(line.split()) for line in served.block("Images").splitlines()]
    assert images == ["library/alpine:3.20 hub, mirror-1", "ada/app:latest hub"]
    assert [" ".join(line.split()) for line in served.block("Mirrors").splitlines()] == [
        "mirror-1 frozen, of https://registry-1.docker.io",
        "mirror-2 gcr, of https://registry-1.docker.io",
    ]
    for site in served.sites():
        assert f"{site.name:10} https://{site.address}:8443" in served.block("Servers")
        assert all(host in served.block("Servers") for host in site.hosts)
    assert "/etc/hosts" not in served.screen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_when_it_ends_nothing_is_left(served: Served, temporary: Path, number: signal.Signals) -> None:
    key = served.authority.parent / "hub.pem"
    assert key.stat().st_mode & 0o077 == 0
    assert served.end(number) == (0, "", "")
    assert list(temporary.iterdir()) == []


def test_a_directory_is_kept_and_used_again(tmp_path: Path, temporary: Path) -> None:
    directory = tmp_path / "kept"
    authorities = set()
    for _ in range(2):
        served = start(temporary, "--directory", str(directory), "--mirrors", "0", "--quiet")
        assert served.authority == directory / "ca.pem"
        assert "daemon.json" not in served.screen
        authorities.add(served.authority.read_bytes())
        with served.http() as http:
            assert http.get(f"https://registry-1.docker.io:{served.sites()[0].https_port}/v2/").status_code == 401
        assert served.end() == (0, "", "")
    assert sorted(path.name for path in directory.iterdir()) == ["ca-key.pem", "ca.pem", "hub.pem", "untrusted.pem"]
    assert len(authorities) == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_an_authority_that_is_not_good_is_made_anew(tmp_path: Path, name: str) -> None:
    sites = (Site("hub", "hub", HUB_HOSTS, "127.0.0.2"),)
    certificate = certify(sites, tmp_path)
    before = certificate.read_bytes()
    other = certify(sites, tmp_path / "other").parent / name
    (tmp_path / name).write_bytes(other.read_bytes())
    assert certify(sites, tmp_path).read_bytes() not in (before, other.read_bytes())
    (tmp_path / name).write_text("nonsense")
    assert certify(sites, tmp_path).read_bytes() != before


def test_an_arrangement_comes_from_a_file(temporary: Path) -> None:
    arrangement = Arrangement(
        {"app": ImageSpec("app")},
        {
            "hub": Holdings((Copy("team/app", "1", "app"),)),
            "mirror-2": Holdings((Copy("team/app", "1", "app"),)),
            "mirror-3": Holdings(policy=Policy(upstream=Upstream("http://127.0.0.9:5000"))),
        },
        limits=Limits(anonymous=7),
    )
    path = temporary / "arrangement.json"
    path.write_bytes(wire.arrangement_json(arrangement))
    served = start(
        temporary, "--mirrors", "4", "--arrangement", str(path), "--image", "ada/app", "--policy", "mirror-4=gcr"
    )
    try:
        images = [" ".join(line.split()) for line in served.block("Images").splitlines()]
        assert images == ["app hub, mirror-2", "ada/app:latest hub"]
        assert [" ".join(line.split()) for line in served.block("Mirrors").splitlines()] == [
            "mirror-1 pull-through, of https://registry-1.docker.io",
            "mirror-2 snapshot",
            "mirror-3 own policy, of http://127.0.0.9:5000",
            "mirror-4 gcr, of https://registry-1.docker.io",
        ]
        with served.http() as http:
            base = f"https://registry-1.docker.io:{served.sites()[0].https_port}/v2/team/app/manifests/1"
            assert "ratelimit-limit" not in http.get(base).headers
        assert served.end()[0] == 0
    finally:
        served.process.kill()


def test_the_policies_of_a_command_line(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"miss": "not-found", "sync": {"when": "interval", "every": 60}}')
    mirrors = ("mirror-1", "mirror-2", "mirror-3")
    read = policies.read(["gcr", f"mirror-2={path}"], ["mirror-3=https://own.test:5000", "http://a/?x=y"], mirrors)
    own = Policy(miss="not-found", sync=Sync("interval", 60.0), upstream=Upstream("http://a/?x=y"))
    assert read.of("mirror-1", None) == replace(PRESETS["gcr"], upstream=Upstream("http://a/?x=y"))
    assert read.of("mirror-2", None) == own
    assert read.of("mirror-3", None) == replace(PRESETS["gcr"], upstream=Upstream("https://own.test:5000"))
    assert policies.read([], [], mirrors).of("mirror-1", "frozen") == "frozen"


EARLY = """
import importlib.abc, os, runpy, signal, sys
class Interruption(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interruption())
sys.argv = ["simulator", "serve"]
runpy.run_module("simulator", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["argparse", "uvloop", "simulator.world", "trustme"])
def test_an_early_ctrl_c_is_no_failure(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY.format(module=module)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_at_the_usual_ports_docker_itself_can_be_led_here(temporary: Path) -> None:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.77", 443))
    except OSError:
        pytest.skip("the usual ports are not ours to listen at")
    served = start(temporary, "--quiet", "--ports", "443,80")
    address = served.sites()[0].address
    assert served.block("/etc/hosts").splitlines() == [f"  {address} {host}" for host in HUB_HOSTS]
    with served.http() as http:
        assert (
            'realm="https://auth.docker.io/token"'
            in http.get("https://index.docker.io/v2/").headers["www-authenticate"]
        )
    assert served.end() == (0, "", "")


def test_without_rich_the_lines_are_plain(temporary: Path) -> None:
    served = start(temporary, before=WITHOUT_RICH)
    with served.http() as http:
        http.get(f"https://index.docker.io:{served.sites()[0].https_port}/v2/")
    assert re.fullmatch(r"\d\d:\d\d:\d\d 127\.0\.0\.1 GET  hub      401        86 /v2/\n", served.line())
    assert served.end() == (0, "", "")


def test_what_nobody_reads_keeps_no_client_waiting(temporary: Path) -> None:
    served = start(temporary)
    assert served.process.stdout is not None
    fcntl.fcntl(served.process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    address = f"https://index.docker.io:{served.sites()[0].https_port}/v2/"
    with served.http() as http:
        assert {http.get(address).status_code for _ in range(1500)} == {401}
    assert served.end()[0] == 0


@pytest.mark.parametrize("before", ["", WITHOUT_RICH])
def test_it_ends_when_nobody_reads_on(temporary: Path, before: str) -> None:
    served = start(temporary, before=before)
    assert served.process.stdout is not None
    served.process.stdout.close()
    with served.http() as http:
        http.get(f"https://index.docker.io:{served.sites()[0].https_port}/v2/")
    assert served.process.wait(10) == 1
    assert served.process.stderr is not None
    assert served.process.stderr.read() == ""
    served.process.stderr.close()
    assert list(temporary.iterdir()) == []


def test_without_trustme_it_says_what_to_install(temporary: Path) -> None:
    code, sentence = failure(launch(temporary, "--address", NETWORK, before="sys.modules['trustme'] = None"))
    assert code == 3
    assert sentence.endswith("install it with: pip install trustme.\n")
    assert list(temporary.iterdir()) == []


def test_it_keeps_no_more_exchanges_than_it_is_told(temporary: Path) -> None:
    served = start(temporary, "--ports", "8443,8080", "--quiet", "--journal", "2")
    try:
        with httpx.Client(trust_env=False) as client, SimulatorClient(served.control) as control:
            for _ in range(3):
                client.get(f"http://{served.sites()[1].address}:8080/v2/")
            page = control.journal()
        assert ([exchange.seq for exchange in page.exchanges], page.mark, page.forgotten) == ([1, 2], 3, 1)
    finally:
        served.process.kill()
        served.process.communicate()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--image", "alpine,layers=none"], "layers=none is not a number from 1 to 127."),
        (["--image", "a/b", "--image", "a/b:latest,size=1"], "There are two images a/b:latest."),
        (["--journal", "0"], "--journal 0 is not a number of exchanges."),
        (["--mirrors", "many"], "--mirrors many is not a number from 0 to 100."),
        (
            ["--warm", "mirror-3:hello"],
            "'mirror-3' (in --warm mirror-3:hello) is no mirror; there are: mirror-1, mirror-2.",
        ),
        (
            ["--warm", "mirror-1:a/b:1"],
            "Hub has no image a/b:1 for mirror-1 to hold; give it with --image a/b:1.",
        ),
        (
            ["--address", "10.0.0.0/24"],
            "--address 10.0.0.0/24 is not of the loopback interface; its addresses begin with 127.",
        ),
        (["--address", "here"], "--address here is not a network, like 127.0.77.0/24, nor an address, like 0.0.0.0."),
        (
            ["--host", "x"],
            "--host NAME is for servers that have one address in common: give that, too, as --address 0.0.0.0.",
        ),
        (["--address", "0.0.0.0", "--host", "a_b"], "--host a_b is not the name of a host, nor an address."),
        (["--load", "none.tar"], "none.tar cannot be loaded: No such file or directory."),
        (["--load", "none.tar,as=A"], "'A' does not begin with the name of a repository, like library/alpine."),
        (
            ["--control-token", "none"],
            "The control API's token cannot be read from none: No such file or directory.",
        ),
        (
            ["--policy", "mirror-9=gcr"],
            "'mirror-9' (in --policy mirror-9=gcr) is no mirror; there are: mirror-1, mirror-2.",
        ),
        (["--policy", "gcr", "--policy", "frozen"], "There are two of --policy for all mirrors."),
        (
            ["--policy", "gcp"],
            f"The policy 'gcp' is none of: gcr, pull-through, frozen; nor a file that can be read: {GONE}.",
        ),
        (["--policy", "/dev/null"], "The policy /dev/null cannot be used. This is no policy: Field required."),
        (
            ["--arrangement", "/none"],
            f"The arrangement /none cannot be read: {GONE}.",
        ),
        (
            ["--arrangement", "/dev/null"],
            "The arrangement /dev/null cannot be used. This is no arrangement: Field required.",
        ),
        (
            ["--ports", "443"],
            "--ports 443 is not a pair of ports, for TLS and for plain HTTP; write it like 8443,8080.",
        ),
        (
            ["--image", "a/b,size=300MiB"],
            "A layer of image 'a/b:latest' has 314572800 bytes; it may have 0 to 268435456.",
        ),
    ],
)
def test_wrong_usage(temporary: Path, arguments: list[str], sentence: str) -> None:
    address = [] if "--address" in arguments else ["--address", NETWORK]
    assert failure(launch(temporary, *address, *arguments)) == (2, sentence + "\n")
    assert list(temporary.iterdir()) == []


ARCHIVED = build(named_image("a/b,format=oci").spec)


def archive(directory: Path) -> Path:
    path = directory / "app.tar"
    path.write_bytes(tar(layout(ARCHIVED, roots=[root_of(ARCHIVED, **{REF_NAME: "ada/app:1"})])))
    return path


def test_images_from_disk_are_at_hub_and_where_they_shall_be_warm(tmp_path: Path, temporary: Path) -> None:
    load = ("--load", str(archive(tmp_path)), "--load", f"{archive(tmp_path)},as=own:2")
    served = start(temporary, *load, "--warm", "mirror-2:own:2", "--policy", "frozen", "--quiet")
    images = [" ".join(line.split()) for line in served.block("Images").splitlines()]
    assert images == ["ada/app:1 hub", "library/own:2 hub, mirror-2"]
    mirrors = [f"http://{site.address}:{site.plain_ports[0]}" for site in served.sites()[1:]]
    asked = [httpx.get(f"{mirror}/v2/library/own/manifests/2", trust_env=False) for mirror in mirrors]
    assert [answer.status_code for answer in asked] == [404, 200]
    assert asked[1].content == ARCHIVED.bytes_of[ARCHIVED.content.root]
    assert served.end() == (0, "", "")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--image", "ada/app:1"], "There are two images ada/app:1."),
        (["--warm", "mirror-1:hello"], "Hub has no image library/hello:latest for mirror-1 to hold; give it with"),
    ],
)
def test_what_is_loaded_must_fit_the_rest(tmp_path: Path, temporary: Path, more: list[str], sentence: str) -> None:
    code, said = failure(launch(temporary, "--address", NETWORK, "--load", str(archive(tmp_path)), *more))
    assert (code, said.startswith(sentence)) == (2, True)


def test_at_one_address_all_servers_go_by_any_name(temporary: Path) -> None:
    at = f"127.0.{os.getpid() % 200 + 20}.99"
    served = start(temporary, "--address", at, "--ports", "8443,8080", "--host", "sim.example", "--quiet")
    hub, first, second = served.sites()
    assert {site.address for site in (hub, first, second)} == {at}
    assert (first.tls_ports, first.plain_ports, second.plain_ports) == ((6001,), (5001,), (5002,))
    trust = ssl.create_default_context(cafile=str(served.authority))
    for name in ("sim.example", "localhost", "127.0.0.1", socket.gethostname()):
        with httpx.Client(transport=Mapped({name: at}, trust), trust_env=False) as http:
            assert http.get(f"https://{name}:6001/v2/").status_code == 200
            assert http.get(f"https://{name}:8443/v2/").status_code == 401
    assert served.end() == (0, "", "")


def test_beyond_loopback_the_control_api_has_a_token(temporary: Path) -> None:
    port = free_port("0.0.0.0")
    served = start(temporary, "--quiet", "--control", f"0.0.0.0:{port}")
    address, said = (line.strip() for line in served.block("Control API").splitlines())
    assert address == f"http://127.0.0.1:{port}"
    token = said.removeprefix("token: ")
    kept = served.authority.with_name(FILE)
    assert (kept.read_text(), kept.stat().st_mode & 0o777) == (f"{token}\n", 0o600)
    with SimulatorClient(address) as stranger, pytest.raises(SimulatorError, match="wants its token"):
        stranger.health()
    with SimulatorClient(address, token=token) as client:
        assert client.health().sites[0].name == "hub"
    assert served.end() == (0, "", "")
    assert list(temporary.iterdir()) == []


def test_a_control_port_that_is_taken(temporary: Path) -> None:
    with socket.socket() as taken:
        taken.bind((CONTROL_ADDRESS, 0))
        taken.listen()
        at = f"{CONTROL_ADDRESS}:{taken.getsockname()[1]}"
        code, sentence = failure(launch(temporary, "--address", NETWORK, "--control", at))
    assert (code, sentence.startswith(f"Cannot listen at {at}")) == (3, True)
    assert list(temporary.iterdir()) == []


def test_too_few_addresses(temporary: Path) -> None:
    code, sentence = failure(launch(temporary, "--address", "127.0.77.0/31", "--ports", "8443,8080"))
    assert code == 3
    wanted = "There are not 3 addresses in 127.0.77.0/31 where one may listen at the ports 8443 and 8080."
    assert sentence == wanted + "\n"


def test_a_directory_that_cannot_be_written_to(tmp_path: Path, temporary: Path) -> None:
    (tmp_path / "file").write_text("")
    code, sentence = failure(launch(temporary, "--address", NETWORK, "--directory", str(tmp_path / "file")))
    assert code == 3
    assert sentence == f"The certificates cannot be written to {tmp_path}/file: File exists.\n"
