"""Standing where a lab's daemon stands: what is asked from here goes by its network and its name server."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import docker
import pytest
from dnslib import DNSError, DNSRecord

from fixtures.addresses import name_server
from fixtures.lab.lab import Lab
from suites.verify.connections import enter_network
from suites.verify.facts import Authorities
from suites.verify.network import Address, Network

T = TypeVar("T")

_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class LabNetwork(Network):
    """The network of a lab, whose name server is at ``server``."""

    server: str = ""

    async def find(self, wanted: Address) -> tuple[Address, ...]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_PATIENCE)
            asking.sendto(DNSRecord.question(wanted.host).pack(), (self.server, 53))
            try:
                records = DNSRecord.parse(asking.recv(4096)).rr
            except DNSError as error:
                raise OSError(str(error)) from error
        if not records:
            message = "no such host"
            raise OSError(message)
        return tuple(Address(str(record.rdata), wanted.port) for record in records)


@dataclass(frozen=True)
class Standing:
    """The place of a lab's daemon: the process id of its container, and its network."""

    process: int
    network: LabNetwork

    @classmethod
    def of(cls, lab: Lab, authorities: Path) -> "Standing":
        """Where a lab's daemon stands. The lab's authority is written to a file."""
        authorities.write_bytes(lab.registries.data.certificates.authority)
        process = int(docker.from_env().api.inspect_container(lab.console._container)["State"]["Pid"])
        if os.geteuid() or not Path(f"/proc/{process}/ns/net").exists():
            pytest.skip("only root on the engine's own machine can stand where the daemon stands")
        return cls(
            process,
            LabNetwork(authorities=Authorities(str(authorities)), server=name_server(lab.registries.data.subnet)),
        )

    def do(self, what: Callable[[], T]) -> T:
        """Do something there, in a thread of its own."""
        done: list[T] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                enter_network(self.process)
                done.append(what())
            except BaseException as error:  # noqa: BLE001 - it is raised where it was wanted
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with suppress(IndexError):
            raise failed[0]
        return done[0]
