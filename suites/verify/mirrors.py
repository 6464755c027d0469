"""Mirror URLs, as daemons and people compare them."""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

_CREDENTIALS = re.compile(r"(://)[^/?#]*@")


def normalised(urls: Sequence[str]) -> tuple[str, ...]:
    """Mirrors as a daemon shows them: each once, with a slash at the end."""
    return tuple(dict.fromkeys(url if url.endswith("://") else f"{url.removesuffix('/')}/" for url in urls))


def masked(url: str) -> str:
    """A URL without the credentials that are in it."""
    return _CREDENTIALS.sub(r"\1...@", url)


def listed(urls: Sequence[str]) -> str:
    """Mirrors in a sentence."""
    return ", ".join(map(masked, urls)) or "no mirror"


def is_loopback(host: str) -> bool:
    """Whether a host name or literal address is that of the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_insecure(host: str, insecure: Sequence[str]) -> bool:
    """Whether ``insecure-registries`` names a host (``HOST:PORT``), or a network that its literal address is of."""
    named = (re.sub(r"^https?://|/$", "", entry.lower()) for entry in insecure)
    return host.lower() in named or any(_holds(entry, host) for entry in insecure)


def _holds(network: str, host: str) -> bool:
    try:
        address = ipaddress.ip_address(urlsplit(f"//{host}").hostname or "")
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
