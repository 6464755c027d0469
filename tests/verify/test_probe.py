"""What a probe finds out, against servers of this process: good ones, and every way of being no use."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from simulator.arrangement import Arrangement, Fault
from simulator.local import LocalSimulator, Server
from suites.adversity import FAULTS
from suites.verify.answers import HUB, Image, Probe, Probed
from suites.verify.facts import Authorities, Kind, Setup
from suites.verify.network import Address, Network, is_insecure, read_addresses
from suites.verify.predict import predict
from suites.verify.probe import in_force, probe
from tests.verify.test_model_predictions import addresses

IMAGE = "library/app:1.0,layers=3,platforms=amd64+arm64"
APP = Image("library/app", "1.0", "linux/amd64")
CLASSIC, CONTAINERD = Kind("28.5.2", "classic"), Kind("28.5.2", "containerd")
URL, PLAIN = "https://mirror-1.test/", "http://mirror-2.test/"

PROBLEMS = {
    "refuse": "refused",
    "untrusted": "untrusted",
    "tls-alert": "tls",
    "half-handshake": "tls",
    "401": "unauthorized",
    "403": "status",
    "404": "status",
    "429": "status",
    "503": "status",
    "not-a-registry": "not-a-registry",
    "redirect": "redirect",
    "reset": "reset",
    "close": "reset",
    "garbage": "malformed",
    "two-lengths": "malformed",
    "endless-headers": "malformed",
    "wrong-type": "wrong-type",
    "reset-midway": "reset",
    "truncate": "cut-short",
    "corrupt": "wrong-content",
    "endless-body": "cut-short",
    "length-too-small": "wrong-content",
    "length-too-great": "timeout",
    "hang": "timeout",
}
"""What a mirror that misbehaves in everything is said to do, where the containerd image store would ask it."""


@pytest.fixture(scope="module")
def running() -> Iterator[LocalSimulator]:
    with LocalSimulator(mirrors=2) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: LocalSimulator) -> LocalSimulator:
    """Hub and a mirror that hold an image, and a mirror that holds nothing."""
    running.arrange(Arrangement())
    for server in (running.hub, running.mirrors[0]):
        server.hold(IMAGE)
    return running


def asked(simulator: LocalSimulator, kind: Kind, *mirrors: str, timeout: float = 15.0) -> Probed:
    network = Network(addresses=addresses(simulator), authorities=Authorities(str(simulator.authority)))
    return probe(Setup(kind, (), mirrors), APP, network=network, timeout=timeout)


def first_problem(probed: Probe) -> str:
    return next((answer.problem for answer in probed.answers if answer.problem), "")


@pytest.mark.parametrize("kind", [CLASSIC, CONTAINERD], ids=["classic", "containerd"])
def test_a_mirror_is_found_complete_down_to_the_last_layer(simulator: LocalSimulator, kind: Kind) -> None:
    told = asked(simulator, kind, URL, PLAIN)
    full, empty = told.mirrors
    assert (full.by_tag, full.by_digest, full.complete, full.missing) == (True, True, True, ())
    assert [part.stage for part in full.parts or ()] == ["manifest", "manifest", "config", "layer", "layer", "layer"]
    assert (empty.by_tag, empty.by_digest, empty.complete) == (False, False, False)
    assert told.hub is not None
    assert told.hub.root == full.root


@pytest.mark.parametrize(("kind", "pings", "namespace"), [(CLASSIC, 1, ""), (CONTAINERD, 0, "docker.io")])
def test_a_mirror_is_asked_as_the_daemon_would(
    simulator: LocalSimulator, kind: Kind, pings: int, namespace: str
) -> None:
    asked(simulator, kind, URL)
    exchanges = simulator.mirrors[0].journal()
    assert len([e for e in exchanges if e.stage == "ping"]) == pings
    assert {e.namespace for e in exchanges if e.stage != "ping"} == {namespace}
    assert {e.method for e in exchanges if e.stage in {"manifest-by-tag", "layer"}} == {"HEAD"}


def test_docker_hub_is_asked_for_nothing_that_costs_a_pull(simulator: LocalSimulator) -> None:
    asked(simulator, CONTAINERD, URL, PLAIN)
    exchanges = [e for e in simulator.hub.journal() if e.stage not in {"token", "ping"}]
    assert {e.stage for e in exchanges} >= {"manifest-by-tag", "manifest-by-digest", "config", "layer"}
    assert {e.method for e in exchanges} == {"HEAD"}


def test_credentials_in_a_url_are_shown_to_nobody(simulator: LocalSimulator) -> None:
    asked(simulator, CLASSIC, "https://ada:secret@mirror-1.test/")
    assert {e.credentials for e in simulator.mirrors[0].journal()} == {"none"}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_whatever_a_mirror_does_there_is_a_word_for_it(simulator: LocalSimulator, kind: str) -> None:
    simulator.mirrors[0].fail(FAULTS[kind])
    told = asked(simulator, CONTAINERD, URL, timeout=4.0 if PROBLEMS[kind] == "timeout" else 15.0)
    assert first_problem(told.mirrors[0]) == PROBLEMS[kind]
    assert not told.mirrors[0].complete


def test_silent_mirrors_are_waited_for_at_once(simulator: LocalSimulator) -> None:
    for mirror in simulator.mirrors:
        mirror.fail(Fault("hang"))
    began = time.monotonic()
    told = asked(simulator, CONTAINERD, URL, PLAIN, timeout=2.0)
    assert {first_problem(mirror) for mirror in told.mirrors} == {"timeout"}
    assert time.monotonic() - began < 10
    assert predict(CONTAINERD, told).result == "waits"


def test_of_a_body_without_end_no_more_is_read_than_a_daemon_takes(simulator: LocalSimulator) -> None:
    simulator.mirrors[0].fail(Fault("endless-body", at="manifest"))
    assert first_problem(asked(simulator, CONTAINERD, URL).mirrors[0]) == "wrong-content"
    assert max(e.sent for e in simulator.mirrors[0].journal()) < 32 << 20


def test_a_redirect_in_a_circle_ends(simulator: LocalSimulator) -> None:
    simulator.mirrors[0].fail(Fault("redirect", location=f"{URL}v2/"))
    assert first_problem(asked(simulator, CONTAINERD, URL).mirrors[0]) == "redirect"


def test_a_name_that_nobody_knows_is_said_to_be_unknown(simulator: LocalSimulator) -> None:
    told = predict(CLASSIC, asked(simulator, CLASSIC, "https://nowhere.invalid/", URL))
    assert [skipped.problem for skipped in told.skipped] == ["dns"]
    assert told.by == (URL,)


def test_what_is_foreseen_is_said_in_a_sentence(simulator: LocalSimulator) -> None:
    simulator.mirrors[0].fail(Fault("untrusted"))
    told = predict(CLASSIC, asked(simulator, CLASSIC, URL, PLAIN))
    assert told.by == (HUB,)
    assert told.sentence == (
        "A pull of app:1.0 would be served by Docker Hub; mirror 1 (https://mirror-1.test/) would be skipped because "
        "it has a certificate that is not trusted; mirror 2 (http://mirror-2.test/) would be skipped because it does "
        "not have the image."
    )


def test_who_nobody_can_tell_of_is_not_told_of(simulator: LocalSimulator) -> None:
    told = predict(CONTAINERD, asked(simulator, CONTAINERD, PLAIN))
    assert told.by == (HUB,)
    assert told.unseen
    assert ["some of its layers" in doubt for doubt in told.doubts] == [True]


def test_a_version_that_was_not_tried_is_taken_for_the_nearest(simulator: LocalSimulator) -> None:
    probed = asked(simulator, CLASSIC, URL)
    assert predict(Kind("28.5.2+dfsg4", "classic"), probed).tried
    assert not predict(Kind("27.0.0", "classic"), probed).tried
    assert not predict(Kind("", "classic"), probed).tried


def test_an_authority_in_certs_d_is_trusted(simulator: LocalSimulator, tmp_path: Path) -> None:
    place = tmp_path / "etc/docker/certs.d/mirror-1.test"
    place.mkdir(parents=True)
    network = Network(root=tmp_path, addresses=addresses(simulator))
    setup = Setup(CLASSIC, (), (URL,))
    assert first_problem(probe(setup, APP, network=network, timeout=15.0, hub=False).mirrors[0]) == "untrusted"
    (place / "ca.crt").write_bytes(simulator.authority.read_bytes())
    assert probe(setup, APP, network=network, timeout=15.0, hub=False).mirrors[0].complete
    (place / "broken.crt").write_text("no certificate")
    assert probe(setup, APP, network=network, timeout=15.0, hub=False).mirrors[0].complete


def test_without_a_daemon_the_first_source_that_names_mirrors_counts() -> None:
    assert in_force(Setup(CLASSIC, (), None)) == ()
    assert in_force(Setup(CLASSIC, (), ())) == ()
    assert in_force(Setup(CLASSIC, (), (URL,))) == (URL,)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("alpine", Image("library/alpine", "latest")),
        ("docker.io/team/tool:2", Image("team/tool", "2")),
        ("index.docker.io/library/app:1@sha256:" + "0" * 64, Image("library/app", "sha256:" + "0" * 64)),
    ],
)
def test_an_image_is_read_as_docker_reads_it(text: str, image: Image) -> None:
    assert Image.read(text) == image


@pytest.mark.parametrize("text", ["", "quay.io/team/tool", "localhost:5000/app", "app@sha256:12", "App", "app:"])
def test_what_is_no_image_of_docker_hub_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Image.read(text)


def test_where_hosts_are_is_read_as_curl_reads_it() -> None:
    assert read_addresses(["mirror.gcr.io:443:192.0.2.1", "b.test:5000:[2001:db8::1]"]) == {
        Address("mirror.gcr.io", 443): Address("192.0.2.1", 443),
        Address("b.test", 5000): Address("2001:db8::1", 5000),
    }
    with pytest.raises(UsageError, match=r"write it like mirror\.gcr\.io:443"):
        read_addresses(["mirror.gcr.io:192.0.2.1"])


@pytest.mark.parametrize(
    ("netloc", "insecure", "expected"),
    [
        ("a.test", ("A.test",), True),
        ("a.test:443", ("a.test",), False),
        ("a.test", ("10.0.0.0/8",), True),
        ("a.test", ("10.1.0.0/16", "b.test"), False),
    ],
)
def test_what_is_insecure_is_said_as_the_url_says_it(netloc: str, insecure: tuple[str, ...], expected: bool) -> None:
    assert is_insecure(netloc, [Address("10.2.3.4", 443)], insecure) == expected


def test_a_mirror_is_no_mirror_without_a_host(simulator: LocalSimulator) -> None:
    told = asked(simulator, CLASSIC, "mirror-1.test", URL)
    assert first_problem(told.mirrors[0]) == "dns"
    assert told.mirrors[1].complete


def test_a_server_is_reached_at_its_own_address(simulator: LocalSimulator) -> None:
    """By ``--resolve``, with the name in the certificate all the same."""
    server: Server = simulator.mirrors[1]
    server.hold(IMAGE)
    told = asked(simulator, replace(CLASSIC, version="20.10.5"), "https://mirror-2.test/")
    assert told.mirrors[0].complete


@pytest.mark.parametrize(("kind", "doubted"), [(CONTAINERD, True), (CLASSIC, False)])
def test_what_is_withheld_of_insecure_mirrors_is_not_foretold(
    simulator: LocalSimulator, kind: Kind, doubted: bool
) -> None:
    network = Network(addresses=addresses(simulator), authorities=Authorities(str(simulator.authority)))
    some = Setup(kind, (), (URL,), insecure=("mirror-1.test",))
    told = predict(kind, probe(some, APP, network=network, timeout=15.0))
    assert any("is withheld (SECURITY.md)" in doubt for doubt in told.doubts) is doubted
    assert told.doubts == () or doubted
