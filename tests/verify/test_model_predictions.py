"""What is predicted of a model of a daemon is what it does: hundreds of scenarios, no Docker."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from fixtures.model import ModelLab
from fixtures.model.local import ImageStore
from fixtures.naming import Naming
from fixtures.scenario import Pull, Scenario
from simulator.local import LocalSimulator
from suites.verify.answers import Image
from suites.verify.facts import Authorities, Kind, Setup
from suites.verify.network import Address, Network
from suites.verify.predict import Prediction, predict
from suites.verify.probe import probe
from tests.verify.equality import Reality, differences, faults, insecure_hosts, scenarios

EXAMPLES = 150
NAMES = {"mirror.gcr.io": "mirror-1.test"}
"""What a simulator of this process calls the lab's hosts, where it calls them otherwise."""
HOSTS = {f"mirror-{number}.test": f"mirror-{number}" for number in range(1, 5)}


@dataclass(frozen=True, slots=True)
class Here(Network):
    """The network as far as this simulator is in it; ``unknown`` are hosts that nobody knows."""

    unknown: frozenset[str] = frozenset()

    async def find(self, wanted: Address) -> tuple[Address, ...]:
        known = self.addresses.get(wanted)
        if wanted.host in self.unknown or known is None:
            message = "no such host"
            raise OSError(message)
        return (known,)


@pytest.fixture(scope="module")
def simulator() -> Iterator[LocalSimulator]:
    with LocalSimulator(mirrors=4) as running:
        yield running


def addresses(simulator: LocalSimulator) -> dict[Address, Address]:
    """Where the servers of this process are, by the names and ports that they have elsewhere."""
    found: dict[Address, Address] = {}
    for server in (simulator.hub, *simulator.mirrors):
        tls, plain = (Address("127.0.0.1", urlsplit(url).port or 0) for url in (server.https_url, server.url))
        for host in server.hosts:
            found |= {Address(host, 443): tls, Address(host, tls.port): tls, Address(host, 80): plain}
    return found


def network(simulator: LocalSimulator, scenario: Scenario) -> Network:
    nowhere = {name for name, held in scenario.servers.items() if any(fault.kind == "dns" for fault in held.faults)}
    servers = (server for server in (simulator.hub, *simulator.mirrors) if server.name in nowhere)
    unknown = frozenset(host for server in servers for host in server.hosts)
    return Here(addresses=addresses(simulator), authorities=Authorities(str(simulator.authority)), unknown=unknown)


def predicted(simulator: LocalSimulator, store: ImageStore, scenario: Scenario, salt: str) -> Prediction:
    naming = Naming(salt)
    contents = simulator.arrange(naming.arrangement(scenario))
    pull = scenario.steps[-1]
    assert isinstance(pull, Pull)
    image = Image(naming.repository(pull.reference.repository), naming.version(pull.reference, contents), "linux/amd64")
    hosts = tuple(NAMES.get(host, host) for host in insecure_hosts(scenario))
    shown = tuple(url.replace("mirror.gcr.io", NAMES["mirror.gcr.io"]) for url in scenario.mirrors)
    setup = Setup(Kind("model", store), (), shown=shown, insecure=hosts)
    return predict(setup.kind, probe(setup, image, network=network(simulator, scenario), timeout=15.0))


@pytest.mark.parametrize("store", ["classic", "containerd"])
def test_what_is_predicted_of_a_model_is_what_it_does(simulator: LocalSimulator, store: ImageStore) -> None:
    @settings(deadline=None, max_examples=EXAMPLES, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(scenarios(faults("containerd")))
    def equal(scenario: Scenario) -> None:
        history = ModelLab(store).play(scenario)
        told = predicted(simulator, store, scenario, history.salt)
        reality = Reality.of(history, history.outcomes[-1])
        assert list(differences(told, reality, HOSTS)) == [], (told, reality)

    equal()
