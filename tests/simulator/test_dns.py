"""What the name server tells."""

import asyncio
import socket

import pytest
from dnslib import QTYPE, RCODE, DNSRecord

from simulator.network.dns import NameServer, answer
from tests.simulator.worlds import TOPOLOGY


def ask(name: str, kind: str = "A", unresolvable: str = "") -> DNSRecord:
    packet = answer(DNSRecord.question(name, kind).pack(), TOPOLOGY, lambda site: site == unresolvable)
    assert packet is not None
    return DNSRecord.parse(packet)


@pytest.mark.parametrize(
    ("name", "address"),
    [("registry-1.docker.io", "10.0.0.2"), ("auth.docker.io.", "10.0.0.2"), ("ONE.test", "10.0.0.3")],
)
def test_a_known_host_is_at_its_sites_address(name: str, address: str) -> None:
    reply = ask(name)
    assert reply.header.rcode == RCODE.NOERROR
    [record] = reply.rr
    assert (str(record.rdata), record.rtype, record.ttl) == (address, QTYPE.A, 0)


def test_a_known_host_has_no_other_records() -> None:
    reply = ask("one.test", "AAAA")
    assert (reply.header.rcode, reply.rr) == (RCODE.NOERROR, [])


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_nobody_else_is_known(kind: str) -> None:
    assert ask("docker.com", kind).header.rcode == RCODE.NXDOMAIN
    assert ask("one.test", kind, unresolvable="one").header.rcode == RCODE.NXDOMAIN
    assert ask("two.test", kind, unresolvable="one").header.rcode == RCODE.NOERROR


@pytest.mark.parametrize("packet", [b"", b"nonsense", bytes(12), ask("one.test").pack()])
def test_what_is_no_query_is_not_answered(packet: bytes) -> None:
    assert answer(packet, TOPOLOGY, lambda _: False) is None


def test_over_udp() -> None:
    async def scenario() -> bytes:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: NameServer(TOPOLOGY, lambda _: False), ("127.0.0.1", 0)
        )
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                asker.setblocking(False)
                await loop.sock_connect(asker, transport.get_extra_info("sockname"))
                for packet in (b"nonsense", DNSRecord.question("one.test").pack()):
                    await loop.sock_sendall(asker, packet)
                return await asyncio.wait_for(loop.sock_recv(asker, 512), 5)
        finally:
            transport.close()

    assert str(DNSRecord.parse(asyncio.run(scenario())).rr[0].rdata) == "10.0.0.3"
