"""Through which proxy a daemon asks for a URL, if through any (Go, package golang.org/x/net/http/httpproxy)."""

import ipaddress
from urllib.parse import urlsplit

from suites.verify.facts import Proxies
from suites.verify.mirrors import is_loopback

_PORTS = {"http": "80", "https": "443"}
HIDDEN = "xxxxx:xxxxx@"
"""What ``docker system info`` shows for the user name and the password of a proxy."""


def through(proxies: Proxies, url: str) -> str:
    """The URL of the proxy; ``""`` where a daemon asks without one, as it does of its own machine always."""
    try:
        parts = urlsplit(url)
        port = str(parts.port or _PORTS.get(parts.scheme, ""))
    except ValueError:  # nobody is asked at a URL that is none
        return ""
    proxy = proxies.https if parts.scheme == "https" else proxies.http
    host = (parts.hostname or "").rstrip(".")
    if not proxy or is_loopback(host):
        return ""
    if any(_is_without(entry.strip().lower(), host, port) for entry in proxies.without.split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_without(entry: str, host: str, port: str) -> bool:
    """Whether an entry of NO_PROXY is about a host: everything, a network, an address, or a domain; with a port, or
    without.
    """
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass
    name, _, wanted = entry.rpartition(":") if entry.rpartition(":")[2].isdecimal() else (entry, "", "")
    name = name.removeprefix("*")
    if not name or wanted not in ("", port):
        return False
    return host.endswith(name) if name.startswith(".") else host == name.strip("[]") or host.endswith(f".{name}")
