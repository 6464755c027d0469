"""The daemon's container reaches the lab and nothing else, and may do no more than it must."""

import time
from collections.abc import Iterable

import docker
import pytest
from docker.errors import ContainerError

from fixtures.addresses import name_server
from fixtures.engine.cleanup import labels
from fixtures.engine.discovery import Engine
from fixtures.lab.containers import CONTROL_PORT, RELAY_PORT
from fixtures.lab.lab import Lab
from simulator.topology import HUB_HOSTS

pytestmark = pytest.mark.engine

TEST_NET = "192.0.2.1"
COMMON_PORTS = (22, 53, 80, 443)


def opened(lab: Lab, places: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of some addresses and ports to which the daemon's container can connect."""
    tries = "\n".join(
        f"timeout 4 bash -c 'exec 3<>/dev/tcp/{address}/{port}' && echo open {address} {port} &"
        for address, port in places
    )
    said = lab.console.run(f"( {tries}\nwait )", timeout=30.0)
    words = (line.split() for line in said.splitlines() if line.startswith("open "))
    return {(address, int(port)) for _, address, port in words}


@pytest.fixture(scope="module")
def host_addresses(client: docker.DockerClient, classic: Lab) -> tuple[str, ...]:
    """Every address of the engine's host, and the gateway of every network, whoever has it."""
    said = client.containers.run(
        classic.registries.images.simulator,
        ["-4", "-o", "address", "show"],
        entrypoint="ip",
        network_mode="host",
        labels=labels(),
        remove=True,
    ).decode()
    own = {line.split()[3].partition("/")[0] for line in said.splitlines()}
    configured = [entry for network in client.networks.list() for entry in network.attrs["IPAM"]["Config"] or ()]
    gateways = {entry["Gateway"] for entry in configured if "." in entry.get("Gateway", "")}
    found = sorted((own | gateways) - {"127.0.0.1"})
    assert found
    return tuple(found)


def control_address(lab: Lab, client: docker.DockerClient) -> str:
    networks = client.containers.get(lab.registries.container.get_container_id()).attrs["NetworkSettings"]["Networks"]
    (address,) = (entry["IPAddress"] for name, entry in networks.items() if name != lab.registries.data.network.name)
    return str(address)


def test_the_lab_itself_can_be_reached(classic: Lab) -> None:
    """Else the tests below prove nothing."""
    everywhere = {(site.address, port) for site in classic.registries.data.topology.sites for port in (80, 443)}
    assert opened(classic, everywhere) == everywhere


def test_the_name_server_knows_the_lab_alone(classic: Lab) -> None:
    addresses = {host: site.address for site in classic.registries.data.topology.sites for host in site.hosts}
    assert set(HUB_HOSTS) < set(addresses)
    for host, address in addresses.items():
        assert classic.console.run(f"getent ahostsv4 {host}").split()[0] == address
    began = time.monotonic()
    for host in ("nowhere.test", "registry.example.org", "mirror.gcr.io.example.com", "localhost.example"):
        assert classic.console.attempt(f"getent hosts {host}") == (2, ""), host
    assert time.monotonic() - began < 2


def test_nothing_of_the_engines_host_can_be_reached(
    classic: Lab, client: docker.DockerClient, host_addresses: tuple[str, ...]
) -> None:
    published = {int(classic.registries.container.get_exposed_port(port)) for port in (CONTROL_PORT, RELAY_PORT)}
    ports = {*COMMON_PORTS, CONTROL_PORT, RELAY_PORT, *published}
    addresses = (*host_addresses, control_address(classic, client))
    assert opened(classic, ((address, port) for address in addresses for port in ports)) == set()


def test_nothing_beyond_can_be_reached(classic: Lab) -> None:
    began = time.monotonic()
    assert opened(classic, ((TEST_NET, port) for port in COMMON_PORTS)) == set()
    assert time.monotonic() - began < 6


def test_the_daemon_cannot_reach_the_simulators_control(classic: Lab, client: docker.DockerClient) -> None:
    data = classic.registries.data
    simulator = client.containers.get(classic.registries.container.get_container_id())
    assigned = simulator.attrs["NetworkSettings"]["Networks"][data.network.name]["IPAddress"]
    addresses = (assigned, name_server(data.subnet), *(site.address for site in data.topology.sites))
    assert opened(classic, ((a, port) for a in addresses for port in (CONTROL_PORT, RELAY_PORT))) == set()


def test_whoever_reaches_the_control_api_needs_its_token(classic: Lab, client: docker.DockerClient) -> None:
    """From the engine's default network, where other containers may be, it can be reached."""
    asked = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10)"
    with pytest.raises(ContainerError, match="HTTP Error 401"):
        client.containers.run(
            classic.registries.images.simulator,
            ["-c", asked, f"http://{control_address(classic, client)}:{CONTROL_PORT}/health"],
            entrypoint="python3",
            labels=labels(),
            remove=True,
        )


def test_another_container_of_the_data_network_cannot_reach_the_control_api(
    classic: Lab, client: docker.DockerClient
) -> None:
    """One that may do what a daemon may, and sends what is for the control API's other network to Hub's address."""
    data, control = classic.registries.data, control_address(classic, client)
    addresses = (control, name_server(data.subnet), *(site.address for site in data.topology.sites))
    tries = "\n".join(
        f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port}' && echo open {address} {port} &"
        for address in addresses
        for port in (CONTROL_PORT, RELAY_PORT)
    )
    known = data.topology.sites[0].address
    script = f"""
ip route replace {control}/32 via {known} && echo routed
timeout 3 bash -c 'exec 3<>/dev/tcp/{known}/443' && echo lab
( {tries}
wait ) 2>/dev/null
"""
    said = client.containers.run(
        classic.registries.images.simulator,
        ["-c", script],
        entrypoint="bash",
        network=data.network.name,
        cap_add=["NET_ADMIN"],
        labels=labels(),
        stderr=True,
        remove=True,
    )
    assert said.decode().split("\n") == ["routed", "lab", ""]


def test_the_network_leads_nowhere(classic: Lab, client: docker.DockerClient) -> None:
    network = client.networks.get(classic.registries.data.network.name)
    assert network.attrs["Internal"] is True
    daemon = client.containers.get(classic.console._container)
    assert list(daemon.attrs["NetworkSettings"]["Networks"]) == [network.name]
    assert not daemon.attrs["NetworkSettings"]["Ports"]


def test_ports_are_published_on_the_loopback_alone(classic: Lab, engine: Engine, client: docker.DockerClient) -> None:
    simulator = client.containers.get(classic.registries.container.get_container_id())
    ports = simulator.attrs["NetworkSettings"]["Ports"]
    assert set(ports) == {f"{CONTROL_PORT}/tcp", f"{RELAY_PORT}/tcp"}
    local = engine.host.startswith("unix:")
    wanted = {"127.0.0.1"} if local else {"0.0.0.0", "::"}
    assert {entry["HostIp"] for entries in ports.values() for entry in entries} <= wanted


def test_no_container_is_privileged(classic: Lab, client: docker.DockerClient) -> None:
    daemon = client.containers.get(classic.console._container).attrs["HostConfig"]
    simulator = client.containers.get(classic.registries.container.get_container_id()).attrs["HostConfig"]
    assert (daemon["Privileged"], simulator["Privileged"]) == (False, False)
    assert {word.removeprefix("CAP_") for word in daemon["CapAdd"]} == {"SYS_ADMIN", "NET_ADMIN"}
    assert {word.removeprefix("CAP_") for word in simulator["CapAdd"]} == {"NET_ADMIN"}
    for settings in (daemon, simulator):
        assert not settings["Devices"]
        assert settings["NetworkMode"] != "host"
        assert (settings["PidMode"], settings["IpcMode"]) in {("", "private"), ("", "shareable"), ("", "")}
        assert all(bind.startswith("mirror-conformance-") for bind in settings["Binds"])
