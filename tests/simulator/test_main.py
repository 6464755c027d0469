"""``python -m simulator`` as a process."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from dnslib import DNSRecord

from simulator.__main__ import options
from simulator.client import SimulatorClient
from simulator.control import wire
from simulator.network.endpoint import Endpoint
from simulator.topology import Topology
from tests.simulator.conftest import CONTROL_ADDRESS, free_port, topology, write_certificates


def start(directory: Path, *more: str, servers: Topology | None = None) -> subprocess.Popen[str]:
    served = servers or topology()
    write_certificates(directory, served)
    (directory / "topology.json").write_bytes(wire.topology_json(served))
    return launch("--topology", str(directory / "topology.json"), "--certificates", str(directory), *more)


def launch(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )


def failure(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, errors = process.communicate(timeout=60)
    assert output == ""
    assert errors.count("\n") == 1, errors
    return process.returncode, errors


def resolve(address: str, port: int, name: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(60)
        asker.sendto(DNSRecord.question(name).pack(), (address, port))
        return str(DNSRecord.parse(asker.recv(512)).rr[0].rdata)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_comes(tmp_path: Path, number: signal.Signals) -> None:
    servers, port, dns = topology(), free_port(CONTROL_ADDRESS), free_port(CONTROL_ADDRESS)
    arguments = ("--control", f"{CONTROL_ADDRESS}:{port}", "--dns", f"{CONTROL_ADDRESS}:{dns}")
    process = start(tmp_path, *arguments, servers=servers)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with SimulatorClient(f"http://{CONTROL_ADDRESS}:{port}") as client:
            assert client.health() == servers
            assert resolve(CONTROL_ADDRESS, dns, "one.test") == servers.sites[1].address
            process.send_signal(number)
            assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", ["--control", "--dns"])
def test_a_port_that_is_taken(tmp_path: Path, kind: str) -> None:
    with socket.socket(type=socket.SOCK_STREAM if kind == "--control" else socket.SOCK_DGRAM) as taken:
        taken.bind((CONTROL_ADDRESS, 0))
        if kind == "--control":
            taken.listen()
        port = taken.getsockname()[1]
        free = ("--control", f"{CONTROL_ADDRESS}:{free_port(CONTROL_ADDRESS)}")
        code, sentence = failure(start(tmp_path, *free, kind, f"{CONTROL_ADDRESS}:{port}"))
    assert code == 3
    assert sentence.startswith(f"Cannot listen at {CONTROL_ADDRESS}:{port}")


def test_a_missing_topology(tmp_path: Path) -> None:
    code, sentence = failure(launch("--topology", str(tmp_path / "none.json"), "--certificates", str(tmp_path)))
    assert code == 2
    assert "none.json cannot be read: No such file" in sentence


def test_a_malformed_topology(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"sites": [{"name": "x"}]}')
    code, sentence = failure(launch("--topology", str(tmp_path / "bad.json"), "--certificates", str(tmp_path)))
    assert code == 2
    assert "sites.0.kind" in sentence


@pytest.mark.parametrize("name", ["one.pem", "untrusted.pem"])
def test_an_unusable_certificate(tmp_path: Path, name: str) -> None:
    servers = topology()
    write_certificates(tmp_path, servers)
    (tmp_path / name).write_text("nonsense")
    (tmp_path / "topology.json").write_bytes(wire.topology_json(servers))
    arguments = ("--topology", str(tmp_path / "topology.json"), "--certificates", str(tmp_path))
    code, sentence = failure(launch(*arguments))
    assert code == 2
    assert f"{name} cannot be used" in sentence


def test_the_options() -> None:
    read = options(["--topology", "t", "--certificates", "c", "--dns", "10.0.0.1", "--largest-blob", "7"])
    assert (read.control, read.dns) == (Endpoint("127.0.0.1", 8900), Endpoint("10.0.0.1", 53))
    assert read.largest_blob == 7
    with pytest.raises(SystemExit) as caught:
        options(["--topology", "t", "--certificates", "c", "--control", "x:y"])
    assert caught.value.code == 2
