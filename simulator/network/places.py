"""Free addresses of the loopback interface, for servers that all want the same ports."""

import errno
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import islice

from simulator.network.connections import ListenError

USUAL_PORTS, HIGH_PORTS = (443, 80), (8443, 8080)
"""For TLS and for plain HTTP. The usual ones are not everybody's to listen at."""

MIRROR_PLAIN_PORTS, MIRROR_TLS_PORTS = 5000, 6000
"""Where all servers have one address, mirror 1 listens at 5001 and 6001, mirror 2 at 5002 and 6002, ..."""

_OF_THE_MACHINE = IPv4Address("127.0.0.1")
_TRIED = 1000


@dataclass(frozen=True)
class Place:
    """Where a server can listen."""

    address: str
    tls_port: int
    plain_port: int


def free_places(network: IPv4Network, count: int, choices: Iterable[tuple[int, int]]) -> list[Place]:
    """The first places of a network that are free at the first ports for which there are enough of them.

    Never at 127.0.0.1, where the services of the machine itself are. Raises ListenError.
    """
    tried = list(choices)
    for ports in tried:
        found = list(islice(_free(network, ports), count))
        if len(found) == count:
            return found
    wanted = ", nor ".join(f"{tls} and {plain}" for tls, plain in tried)
    message = f"There are not {count} addresses in {network} where one may listen at the ports {wanted}."
    raise ListenError(message)


def shared_places(address: str, count: int, choices: Iterable[tuple[int, int]]) -> list[Place]:
    """Places at one address: the first ports of ``choices`` that are free there, then those of the mirrors.

    Raises ListenError.
    """
    others = [Place(address, MIRROR_TLS_PORTS + number, MIRROR_PLAIN_PORTS + number) for number in range(1, count)]
    for tls, plain in choices:
        places = [Place(address, tls, plain), *others]
        try:
            for port in (port for place in places for port in (place.tls_port, place.plain_port)):
                _try(address, port)
        except OSError as error:
            problem = f"Cannot listen at {address}:{port}: {error.strerror or error}."
        else:
            return places
    raise ListenError(problem)


def _free(network: IPv4Network, ports: tuple[int, int]) -> Iterator[Place]:
    for address in islice(network.hosts(), _TRIED):
        if address == _OF_THE_MACHINE:
            continue
        try:
            for port in ports:
                _try(str(address), port)
        except OSError as error:
            if error.errno == errno.EACCES:
                return
            continue
        yield Place(str(address), *ports)


def _try(address: str, port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen()
