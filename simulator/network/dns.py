"""A name server that knows the hosts of a topology and nobody else."""

import asyncio
from collections.abc import Callable

from dnslib import QTYPE, RCODE, RR, A, DNSError, DNSRecord

from simulator.topology import Topology


def answer(packet: bytes, topology: Topology, unresolvable: Callable[[str], bool]) -> bytes | None:
    """The answer to a query (RFC 1035), or ``None`` to what is none.

    A record of a known host: its site's address, to be forgotten at once. Other types of a known host: no
    record. Unknown hosts, and those of sites that are ``unresolvable``: no such name.
    """
    try:
        query = DNSRecord.parse(packet)
    except DNSError:
        return None
    if query.header.qr or not query.questions:
        return None
    reply = query.reply()
    site = topology.site_of(str(query.q.qname).rstrip(".").lower())
    if site is None or unresolvable(site.name):
        reply.header.rcode = RCODE.NXDOMAIN
    elif query.q.qtype == QTYPE.A:
        reply.add_answer(RR(query.q.qname, QTYPE.A, rdata=A(site.address), ttl=0))
    packed: bytes = reply.pack()
    return packed


class NameServer(asyncio.DatagramProtocol):
    """Answers queries over UDP."""

    def __init__(self, topology: Topology, unresolvable: Callable[[str], bool]) -> None:
        self._topology = topology
        self._unresolvable = unresolvable

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer(data, self._topology, self._unresolvable)
        if reply is not None:
            self._transport.sendto(reply, addr)
