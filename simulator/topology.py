"""Which servers there are, under which names, and where they listen."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["hub", "mirror", "registry"]

HUB_HOSTS = ("registry-1.docker.io", "index.docker.io", "auth.docker.io", "production.cloudflare.docker.com")
"""Registry, old index, token service, CDN: the names a daemon meets on a pull from Docker Hub."""

REGISTRY_HOST, INDEX_HOST, AUTH_HOST, CDN_HOST = HUB_HOSTS


@dataclass(frozen=True)
class Site:
    """One server: its name in scenarios, the host names it answers to, the address it listens at.

    Each site listens with TLS at ``tls_ports`` and in plain HTTP at ``plain_ports``.
    """

    name: str
    kind: Kind
    hosts: tuple[str, ...]
    address: str
    tls_ports: tuple[int, ...] = (443,)
    plain_ports: tuple[int, ...] = (80, 5000)


@dataclass(frozen=True)
class Topology:
    """All servers of one simulator."""

    sites: tuple[Site, ...]

    def site_of(self, host: str) -> Site | None:
        """The site that answers to a host name."""
        return next((site for site in self.sites if host in site.hosts), None)
