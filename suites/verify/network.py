"""How hosts are reached as a daemon would reach them: names, addresses, and whose certificates it trusts."""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from fixtures.errors import UsageError
from suites.verify.authorities import own_directory, trust_in_anybody, trust_of
from suites.verify.facts import Authorities, Proxies
from suites.verify.proxies import through

LARGEST_BODY = 4 << 20
"""Bytes of a manifest or config that are read: as many as a daemon takes of a manifest."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LONGEST_DETOUR = 10
_ONE_OF_SEVERAL = 0.5
"""Seconds after which another address of the same host is tried."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a connection goes to."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Network:
    """What a daemon knows of the network.

    ``root`` is where its file system begins, for ``authorities``. ``addresses`` are those that hosts and ports are led
    to whatever the name service says (as ``curl --resolve`` has it).
    """

    root: Path = Path("/")
    addresses: Mapping[Address, Address] = field(default_factory=lambda: MappingProxyType({}))
    authorities: Authorities = field(default_factory=Authorities)
    proxies: Proxies = field(default_factory=Proxies)
    _systems: dict[bool, ssl.SSLContext] = field(init=False, compare=False, repr=False, default_factory=dict)

    async def find(self, wanted: Address) -> tuple[Address, ...]:
        """The addresses of a host, as the name service knows them.

        Raises:
            OSError: nobody knows the host.
        """
        known = self.addresses.get(wanted)
        return (known,) if known else await _looked_up(wanted)

    def trust(self, directory: str, *, insecure: bool) -> ssl.SSLContext:
        """Whom a daemon trusts: the system's authorities and those in a directory of ``certs.d``, if it reads one (the
        host, with its port where the URL has one); anybody, where the host is insecure. It shows the certificates of
        its own that it has there, as it does to whoever asks for one. What is the system's is read once.
        """
        own = own_directory(self.authorities, self.root, directory)
        if directory and not insecure and own.is_dir():
            return trust_of(self.authorities, self.root, own)
        if insecure not in self._systems:
            self._systems[insecure] = trust_in_anybody() if insecure else trust_of(self.authorities, self.root)
        return self._systems[insecure]

    def client(self, trust: ssl.SSLContext, agent: str) -> httpx.AsyncClient:
        """A client for what a daemon asks of a host, and of whom that host redirects it to."""
        return httpx.AsyncClient(
            transport=_Transport(self, trust),
            headers={"user-agent": agent, "accept-encoding": "identity"},
            follow_redirects=True,
            max_redirects=_LONGEST_DETOUR,
            timeout=httpx.Timeout(None),
            trust_env=False,
        )


def read_addresses(texts: Sequence[str]) -> dict[Address, Address]:
    """What ``HOST:PORT:ADDRESS`` says, once or several times.

    Raises:
        UsageError: one of them says nothing of the kind.
    """
    found = {}
    for text in texts:
        host, _, rest = text.partition(":")
        port, _, address = rest.partition(":")
        try:
            number = int(port)
            found[Address(host.lower(), number)] = Address(str(ipaddress.ip_address(address.strip("[]"))), number)
        except ValueError:
            message = f"{text!r} does not say where a host is: write it like mirror.gcr.io:443:192.0.2.1."
            raise UsageError(message) from None
    return found


def place_of(url: str) -> Address:
    """The host and port that a URL names.

    Raises:
        ValueError: it names none.
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in _DEFAULT_PORTS:
        message = "it names no host"
        raise ValueError(message)
    return Address(parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme])


def is_insecure(netloc: str, addresses: Sequence[Address], insecure: Sequence[str]) -> bool:
    """Whether a daemon checks no certificate of a mirror: ``insecure`` names its host, with the port just where the
    mirror's URL has one, or a network that it is in (Docker, 'dockerd', section 'Insecure registries'). That a port
    counts as it is written was seen in the lab.
    """
    if netloc.lower() in {name.lower() for name in insecure}:
        return True
    networks = [network for name in insecure if (network := _network(name))]
    known = [ipaddress.ip_address(address.host.partition("%")[0]) for address in addresses]
    return any(address in network for address in known for network in networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


async def _looked_up(wanted: Address) -> tuple[Address, ...]:
    """Asked in a thread that nobody has to wait for: a name service may take very long."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Address, ...]] = loop.create_future()

    def tell(found: tuple[Address, ...], error: OSError | UnicodeError | None) -> None:
        if answer.done():
            return
        if error is None:
            answer.set_result(found)
        else:
            answer.set_exception(OSError(str(error)))

    def ask() -> None:
        found: tuple[Address, ...] = ()
        failure: OSError | UnicodeError | None = None
        try:
            known = socket.getaddrinfo(wanted.host, wanted.port, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(Address(str(entry[4][0]), wanted.port) for entry in known))
        except (OSError, UnicodeError) as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # whoever asked may be gone
            loop.call_soon_threadsafe(tell, found, failure)

    threading.Thread(target=ask, daemon=True).start()
    return await answer


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and what it came of, one after the other."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class UnknownHostError(httpx.ConnectError):
    """Nobody knows a host."""


class NoProxyError(httpx.ConnectError):
    """A proxy does not let anybody through."""


class _Transport(httpx.AsyncBaseTransport):
    """Asks directly, or through a proxy, as a daemon does of each URL."""

    def __init__(self, network: Network, trust: ssl.SSLContext) -> None:
        self._proxies, self._trust = network.proxies, trust
        self._direct = _Direct(network, trust)
        self._proxied: dict[str, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        proxy = through(self._proxies, str(request.url))
        if not proxy:
            return await self._direct.handle_async_request(request)
        try:
            if proxy not in self._proxied:
                self._proxied[proxy] = httpx.AsyncHTTPTransport(verify=self._trust, trust_env=False, proxy=proxy)
            return await self._proxied[proxy].handle_async_request(request)
        except (httpx.ProxyError, httpx.ConnectError, ValueError, ImportError) as error:
            if any(isinstance(cause, ssl.SSLError) for cause in causes(error)):
                raise
            raise NoProxyError(str(error)) from error

    async def aclose(self) -> None:
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()


class _Direct(httpx.AsyncHTTPTransport):
    """Leads names to addresses as a network has them."""

    def __init__(self, network: Network, trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._network = network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        try:
            addresses = await self._network.find(place_of(str(asked)))
        except (OSError, ValueError) as error:
            raise UnknownHostError(str(error)) from error
        request.extensions = {**request.extensions, "sni_hostname": asked.host}
        failure: httpx.TransportError | None = None
        for address in addresses:
            last = address is addresses[-1]
            request.extensions["timeout"] = {} if last else {"connect": _ONE_OF_SEVERAL}
            request.url = asked.copy_with(host=address.host, port=address.port)
            try:
                return await super().handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            finally:
                request.url = asked
        raise failure or UnknownHostError(asked.host)
