"""Which servers there are, under which names, and where they listen."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["hub", "mirror", "registry"]

CDN_HOSTS = ("production.cloudflare.docker.com", "production.cloudfront.docker.com")
"""The CDN's two families, Cloudflare's and since May 2026 Amazon CloudFront's
(docs.docker.com/docker-hub/release-notes/#2026-05-20, docs.docker.com/desktop/setup/allow-list).
"""

REGISTRY_HOST, INDEX_HOST, AUTH_HOST = "registry-1.docker.io", "index.docker.io", "auth.docker.io"

HUB_HOSTS = (REGISTRY_HOST, INDEX_HOST, AUTH_HOST, *CDN_HOSTS)
"""Registry, old index, token service, CDN: the names a daemon meets on a pull from Docker Hub."""

HTTPS_PORT = 443


@dataclass(frozen=True)
class Site:
    """One server: its name in scenarios, the host names it answers to, the address it listens at.

    Each site listens with TLS at ``tls_ports`` and in plain HTTP at ``plain_ports``. With ``any_host`` it answers
    to whatever else it is called, too: its own host names are not all that lead to it.
    """

    name: str
    kind: Kind
    hosts: tuple[str, ...]
    address: str
    tls_ports: tuple[int, ...] = (443,)
    plain_ports: tuple[int, ...] = (80, 5000)
    any_host: bool = False

    def answers_to(self, host: str) -> bool:
        """Whether a request with this host (``""``: with none) is for this site."""
        return self.any_host or host in (*self.hosts, self.address, "")

    @property
    def https_port(self) -> int:
        """The port that an https address of this site names: the usual one, unless it listens at others only."""
        return HTTPS_PORT if HTTPS_PORT in self.tls_ports else next(iter(self.tls_ports), HTTPS_PORT)


@dataclass(frozen=True)
class Topology:
    """All servers of one simulator."""

    sites: tuple[Site, ...]

    def site_of(self, host: str) -> Site | None:
        """The site that answers to a host name."""
        return next((site for site in self.sites if host in site.hosts), None)
