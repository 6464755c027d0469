"""Where a service of the simulator itself listens, as it is written on a command line."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

_LARGEST_PORT = 65535


@dataclass(frozen=True)
class Endpoint:
    """An address and a port."""

    address: str
    port: int


def endpoint(default_port: int) -> Callable[[str], Endpoint]:
    """A reader of ``ADDR[:PORT]`` for argparse."""

    def read(text: str) -> Endpoint:
        address, _, port = text.partition(":")
        if port and not is_port(port):
            message = f"{port!r} is not a port"
            raise argparse.ArgumentTypeError(message)
        return Endpoint(address, int(port or default_port))

    return read


def is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= _LARGEST_PORT
