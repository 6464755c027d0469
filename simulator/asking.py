"""An httpx client that finds a simulator's servers by their real names, and gets by Hub's tokens by itself."""

import re
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from simulator.topology import Topology

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a server is reached: its address, and its ports for TLS and for plain HTTP."""

    address: str
    tls_port: int
    plain_port: int


def reached(topology: Topology) -> dict[str, Reached]:
    """Where the servers of a topology are, by each of their host names. A server must have ports of both kinds."""
    return {
        host: Reached(site.address, site.tls_ports[0], site.plain_ports[0])
        for site in topology.sites
        for host in site.hosts
    }


def client(servers: Mapping[str, Reached], authority: Path) -> httpx.Client:
    """A client for the names of these servers (whatever port is asked for), and any address. It trusts the authority,
    follows redirects, and fetches the token that a 401 asks for (anonymously, unless the call has an ``auth``).
    """
    trust = ssl.create_default_context(cafile=str(authority))
    return httpx.Client(transport=_Resolving(servers, trust), auth=TokenAuth(), follow_redirects=True, trust_env=False)


class TokenAuth(httpx.Auth):
    """Fetches the token that a registry's challenge asks for (Distribution's token authentication), as somebody or
    as nobody.
    """

    requires_response_body = True

    def __init__(self, name: str = "", password: str = "") -> None:
        self._login = httpx.BasicAuth(name, password) if name else None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield request
        scheme, _, rest = response.headers.get("www-authenticate", "").partition(" ")
        if response.status_code != 401 or scheme.lower() != "bearer":
            return
        asked = dict(_PARAMETER.findall(rest))
        query = {name: asked[name] for name in ("service", "scope") if name in asked}
        wanted = httpx.Request("GET", asked.get("realm", ""), params=query)
        answer = yield next(self._login.auth_flow(wanted)) if self._login else wanted
        if answer.status_code == 200:
            request.headers["authorization"] = f"Bearer {answer.json()['token']}"
            yield request


class _Resolving(httpx.HTTPTransport):
    """Leads names to servers, as /etc/hosts does, and to their ports."""

    def __init__(self, servers: Mapping[str, Reached], trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._servers = servers

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        server = self._servers.get(asked.host)
        if server is None:
            return super().handle_request(request)
        request.extensions = {**request.extensions, "sni_hostname": asked.host}
        port = server.tls_port if asked.scheme == "https" else server.plain_port
        request.url = asked.copy_with(host=server.address, port=port)
        try:
            return super().handle_request(request)
        finally:
            request.url = asked
