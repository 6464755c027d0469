"""``python -m simulator``: serve a topology until SIGTERM or SIGINT. ``python -m simulator serve`` makes up its
own topology, for people (:mod:`simulator.command.serve`).

Prints ``ready`` on standard output when every address is listened at, and before that the control API's token, if it
made one. Exit codes: 2 for a bad option or file, 3 for an address that cannot be listened at, each with one sentence
on standard error; 130 where Ctrl-C comes before it is ready.
"""

import os
import signal

if __name__ == "__main__":
    # What follows takes a while: whoever changes their mind meanwhile is not to see how far it had come.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

import argparse
import asyncio
import socket
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from simulator.bounds import STANDARD
from simulator.command import serve
from simulator.control import token, wire
from simulator.network.certificates import CertificateError
from simulator.network.connections import ListenError
from simulator.network.dns import NameServer
from simulator.network.endpoint import Endpoint, endpoint
from simulator.network.running import running, stop_at_signals
from simulator.network.server import Simulator
from simulator.topology import Topology

BAD_INPUT = 2
CANNOT_LISTEN = 3
INTERRUPTED = 130


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    topology: Path
    certificates: Path
    control: Endpoint
    control_token: Path | None
    dns: Endpoint | None
    largest_blob: int


def options(arguments: list[str]) -> Options:
    """Read the command line; exits with code 2 where that fails."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        usage="%(prog)s serve [OPTION ...]\n       %(prog)s --topology FILE --certificates DIR [OPTION ...]",
        description="Docker Hub and its mirrors, simulated.",
        epilog="'python -m simulator serve --help' tells how to start Hub and mirrors without a topology.",
    )
    parser.add_argument("--topology", type=Path, required=True, metavar="FILE", help="the servers, as JSON")
    parser.add_argument(
        "--certificates", type=Path, required=True, metavar="DIR", help="<site>.pem for each, and untrusted.pem"
    )
    parser.add_argument("--control", type=endpoint(8900), default="127.0.0.1", metavar="ADDR[:PORT]")
    parser.add_argument(
        "--control-token",
        type=Path,
        metavar="FILE",
        help=f"the control API's token; else {token.VARIABLE}; else, beyond loopback, a new one is printed",
    )
    parser.add_argument("--dns", type=endpoint(53), metavar="ADDR[:PORT]", help="also answer DNS queries there (UDP)")
    parser.add_argument(
        "--largest-blob", type=int, default=STANDARD.blob, metavar="BYTES", help="how large a pushed blob may be"
    )
    return Options(**vars(parser.parse_args(arguments)))


async def serve_topology(asked: Options, topology: Topology) -> None:
    """Serve until a signal comes. Raises CertificateError, ListenError and TokenError."""
    stop = stop_at_signals(signal.SIGTERM, signal.SIGINT)
    chosen = token.choose(asked.control, asked.control_token)
    simulator = Simulator(topology, asked.certificates, bounds=replace(STANDARD, blob=asked.largest_blob))
    async with running(simulator, asked.control, chosen.text):
        names = await _listen_for_names(asked.dns, simulator) if asked.dns else None
        if chosen.is_new:
            sys.stdout.write(f"control token: {chosen.text}\n")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await stop.wait()
        if names:
            names.close()


async def _listen_for_names(at: Endpoint, simulator: Simulator) -> asyncio.DatagramTransport:
    world = simulator.world
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listener.bind((at.address, at.port))
    except OSError as error:
        listener.close()
        message = f"Cannot listen at {at.address}:{at.port} (UDP): {error.strerror or error}."
        raise ListenError(message) from error
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(world.topology, simulator.unresolvable), sock=listener
    )
    return transport


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["serve"]:
        return serve.main(arguments[1:])
    asked = options(arguments)
    try:
        data = asked.topology.read_bytes()
    except OSError as error:
        return _failed(BAD_INPUT, f"The topology {asked.topology} cannot be read: {error.strerror}.")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve_topology(asked, wire.topology_from(data)))
    except (wire.MalformedError, CertificateError, token.TokenError) as error:
        return _failed(BAD_INPUT, str(error))
    except ListenError as error:
        return _failed(CANNOT_LISTEN, str(error))
    return 0


def _failed(code: int, sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)
