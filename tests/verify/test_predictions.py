"""What is predicted of a pull is what a real daemon then does, on every daemon."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fixtures.addresses import SERVER_OF_HOST
from fixtures.lab.lab import Lab
from fixtures.naming import Naming
from fixtures.scenario import Configure, Pull, Reference, Scenario
from simulator.arrangement import Copy, Fault, Holdings, ImageSpec
from suites.adversity import FAULTS, every_pair, scenario_at
from suites.verify.answers import Image
from suites.verify.facts import Authorities, Kind, Setup
from suites.verify.network import Network
from suites.verify.predict import Prediction, predict
from suites.verify.probe import probe
from tests.verify.equality import Reality, differences, faults, insecure_hosts, scenarios
from tests.verify.standing import Standing

pytestmark = pytest.mark.engine

EXAMPLES = 25
LANES = 8
PATIENCE = 15.0
"""Seconds for all of a probe: more than a person has, for machines that are busy."""

URL, PORT, PLAIN = "https://mirror.gcr.io", "https://mirror.gcr.io:443", "http://mirror.gcr.io:5000"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
STRANGE = Fault("untrusted")

TRUST = {
    "a certificate that nobody trusts": (URL, (), STRANGE),
    "insecure": (URL, ("mirror.gcr.io",), STRANGE),
    "insecure by its network": (URL, PRIVATE, STRANGE),
    "insecure at a port that its URL does not name": (URL, ("mirror.gcr.io:443",), STRANGE),
    "insecure without the port that its URL names": (PORT, ("mirror.gcr.io",), STRANGE),
    "insecure with the port that its URL names": (PORT, ("mirror.gcr.io:443",), STRANGE),
    "in plain HTTP": (PLAIN, (), None),
    "in plain HTTP and insecure": (PLAIN, ("mirror.gcr.io:5000",), None),
    "in HTTPS where plain HTTP is spoken": (PLAIN.replace("http:", "https:"), (), None),
    "in HTTPS where plain HTTP is spoken, and insecure": (
        PLAIN.replace("http:", "https:"),
        ("mirror.gcr.io:5000",),
        None,
    ),
}
"""A mirror's URL, what is named insecure, and a fault of it."""


def told_and_real(lab: Lab, network: Network, standing: Standing, scenario: Scenario) -> tuple[Prediction, Reality]:
    """What is predicted of a scenario's last step, a pull, and what then comes of it."""
    *before, pull = scenario.steps
    assert isinstance(pull, Pull)
    with lab.open(scenario) as play:
        for step in before:
            play.do(step)
        naming = Naming(play.history().salt)
        image = Image(naming.repository(pull.reference.repository), naming.version(pull.reference, play.contents))
        kind = Kind(lab.profile.version, lab.profile.store)
        setup = Setup(kind, (), lab.daemon.shown()[0], ("127.0.0.0/8", *insecure_hosts(scenario)))
        told = predict(kind, standing.do(lambda: probe(setup, image, network=network, timeout=PATIENCE)))
        outcome = play.do(pull)
        return told, Reality.of(play.history(), outcome)


def wrong(lab: Lab, standing: Standing, scenario: Scenario, network: Network | None = None) -> list[str]:
    """Where the prediction and what came of it differ."""
    told, reality = told_and_real(lab, network or standing.network, standing, scenario)
    return [f"{sentence}: {told.sentence} {reality}" for sentence in differences(told, reality, SERVER_OF_HOST)]


def one_mirror(url: str, insecure: tuple[str, ...] = (), *faults: Fault) -> Scenario:
    """A mirror and Hub, which both have an image."""
    held = (Copy("library/app", "1.0", "v1"),)
    return Scenario(
        images={"v1": ImageSpec("v1")},
        servers={"hub": Holdings(held), "mirror-1": Holdings(held, faults)},
        mirrors=(url,),
        steps=(Configure((url,), insecure), Pull(Reference("library/app", "1.0"))),
    )


def test_what_is_predicted_is_what_a_daemon_does(lab: Lab, standing: Standing, pytestconfig: pytest.Config) -> None:
    @seed(pytestconfig.getoption("--seed"))
    @settings(
        deadline=None,
        max_examples=round(EXAMPLES * pytestconfig.getoption("--scale")),
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(scenarios(faults(lab.profile.store, "ping")))
    def equal(scenario: Scenario) -> None:
        assert wrong(lab, standing, scenario) == []

    equal()


def test_that_a_mirror_may_spoil_what_only_hub_shows_is_said(lab: Lab, standing: Standing) -> None:
    scenario = Scenario(
        images={"v1": ImageSpec("v1")},
        servers={
            "hub": Holdings((Copy("library/app", "1.0", "v1"),)),
            "mirror-1": Holdings(
                (Copy("library/app", "1.0", "v1", ("manifest",)),), (replace(FAULTS["reset-midway"], at="config"),)
            ),
        },
        mirrors=(URL,),
        steps=(Pull(Reference("library/app", "1.0")),),
    )
    told, reality = told_and_real(lab, standing.network, standing, scenario)
    by_request = lab.profile.store == "containerd"
    assert (told.unseen, "would fail the pull" in told.sentence) == (by_request, by_request)
    assert (reality.spoilt, reality.result) == ((True, "failed") if by_request else (False, "ok"))


def test_whom_a_daemon_trusts_is_foreseen(lab: Lab, standing: Standing) -> None:
    cases = {name: one_mirror(url, insecure, *filter(None, (fault,))) for name, (url, insecure, fault) in TRUST.items()}
    found = {name: wrong(lab, standing, scenario) for name, scenario in cases.items()}
    assert {name: sentences for name, sentences in found.items() if sentences} == {}


def test_whom_certs_d_vouches_for_is_foreseen(lab: Lab, standing: Standing, tmp_path: Path) -> None:
    scenario = one_mirror(URL, (), STRANGE)
    site = lab.registries.data.topology.site_of("mirror.gcr.io")
    assert site is not None
    with lab.open(scenario):
        certificate = standing.do(lambda: ssl.get_server_certificate((site.address, 443)))
    place = Path("etc/docker/certs.d/mirror.gcr.io")
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "ca.crt").write_text(certificate)
    (tmp_path / "authority.pem").write_bytes(lab.registries.data.certificates.authority)
    network = replace(standing.network, root=tmp_path, authorities=Authorities("authority.pem"))
    lab.console.run(f"mkdir -p /{place} && cat >/{place}/ca.crt <<'END'\n{certificate}\nEND")
    try:
        assert wrong(lab, standing, scenario, network) == []
    finally:
        lab.console.run(f"rm -r /{place}")


@pytest.mark.nightly
@pytest.mark.waits
@pytest.mark.parametrize("lane", range(LANES))
def test_every_way_of_being_unusable_is_foreseen(lab: Lab, standing: Standing, lane: int) -> None:
    """Those included that a pull takes a minute over, or for ever."""
    points = every_pair(lab.profile.store)[lane::LANES]
    found = {point: wrong(lab, standing, scenario_at(point)) for point in points}
    assert {point: sentences for point, sentences in found.items() if sentences} == {}
