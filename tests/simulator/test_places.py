"""Free addresses of the loopback interface."""

import socket
from ipaddress import IPv4Network

import pytest

from simulator.network.connections import ListenError
from simulator.network.places import Place, free_places

NETWORK = IPv4Network("127.0.79.0/29")
PORTS = (28443, 28080)


def take(*places: tuple[str, int]) -> list[socket.socket]:
    return [socket.create_server(place) for place in places]


def close(sockets: list[socket.socket]) -> None:
    for taken in sockets:
        taken.close()


def test_a_taken_address_is_left_out() -> None:
    taken = take(("127.0.79.1", PORTS[1]), ("127.0.79.3", PORTS[0]))
    try:
        found = free_places(NETWORK, 2, [PORTS])
    finally:
        close(taken)
    assert found == [Place("127.0.79.2", *PORTS), Place("127.0.79.4", *PORTS)]


def test_other_ports_are_tried_where_there_are_not_enough_addresses() -> None:
    taken = take(*((f"127.0.79.{number}", PORTS[0]) for number in range(2, 7)))
    try:
        assert free_places(NETWORK, 2, [PORTS, (28444, 28081)])[1] == Place("127.0.79.2", 28444, 28081)
        with pytest.raises(ListenError, match=r"not 2 addresses in 127\.0\.79\.0/29 .* ports 28443 and 28080\."):
            free_places(NETWORK, 2, [PORTS])
    finally:
        close(taken)


def test_ports_that_one_may_not_listen_at_are_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def bind(_: socket.socket, place: tuple[str, int]) -> None:
        asked.append(place)
        if place[1] < 1024:
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("simulator.network.places.socket.socket.bind", bind)
    assert free_places(NETWORK, 1, [(443, 80), PORTS]) == [Place("127.0.79.1", *PORTS)]
    assert asked == [("127.0.79.1", 443), ("127.0.79.1", 28443), ("127.0.79.1", 28080)]


def test_the_services_of_the_machine_are_left_alone() -> None:
    assert free_places(IPv4Network("127.0.0.0/29"), 1, [PORTS])[0].address == "127.0.0.2"
