"""The CDN that Hub's blobs come from: two families of host names, and the signed addresses there.

The address names repository, digest and expiry, and is signed together with its host: it opens nothing else, and
nothing at the other family. Whoever brings an Authorization header beside the signature is refused, as by the
stores behind the real CDN: Cloudflare R2 (github.com/ciiiii/cloudflare-docker-proxy/pull/104) and Amazon S3
(github.com/renovatebot/renovate/issues/3877).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from simulator.arrangement import Blobs, CdnFamily
from simulator.hub.seals import Seal
from simulator.messages import Request, Response
from simulator.registry import answers
from simulator.registry import reading as registry
from simulator.registry.paths import READ, Route
from simulator.registry.store import Store
from simulator.topology import CDN_HOSTS

FAMILIES: Mapping[CdnFamily, str] = dict(zip(("cloudflare", "cloudfront"), CDN_HOSTS, strict=True))
"""The host name of each family."""

_PATH = re.compile(r"/registry-v2/docker/registry/v2/blobs/sha256/[0-9a-f]{2}/([0-9a-f]{64})/data")
_ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter "
    "or the Authorization header should be specified"
)
_TWICE_AUTHORIZED: Mapping[str, tuple[str, str]] = {
    FAMILIES["cloudflare"]: ("InvalidRequest", "Missing x-amz-content-sha256"),
    FAMILIES["cloudfront"]: ("InvalidArgument", _ONE_MECHANISM),
}


@dataclass(frozen=True)
class Cdn:
    """Signs addresses and serves what they name. ``base`` makes the beginning of an address from a host name."""

    seal: Seal
    base: Callable[[str], str]
    blobs: Blobs = field(default_factory=Blobs)

    def address(self, repository: str, digest: str, now: float) -> str:
        """Where a blob can be had until it expires."""
        encoded = digest.removeprefix("sha256:")
        families = self.blobs.families
        host = FAMILIES[families[int(self.seal.sign(encoded), 16) % len(families)]]
        path = f"/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"
        query = urlencode({"repository": repository, "expires": repr(now + self.blobs.address_life)})
        return f"{self.base(host)}{path}?{query}&signature={self._signature(host, path, query)}"

    def answer(self, host: str, store: Store, asked: Route, request: Request, now: float) -> Response:
        """The answer of one family's host."""
        if request.method not in READ:
            return answers.text(405, "Method Not Allowed\n")
        if request.header("authorization"):
            return _error(400, *_TWICE_AUTHORIZED[host])
        query, _, signature = request.query.rpartition("&signature=")
        if self._signature(host, request.path, query) != signature:
            return answers.text(403, "The signature does not fit.\n")
        if now >= float(dict(parse_qsl(query))["expires"]):
            return answers.text(403, "The signature has expired.\n")
        found = store.blob(asked.repository, asked.reference)
        if not found:
            return answers.text(404, "Not Found\n")
        served = registry.blob(found, request)
        headers = tuple(header for header in served.headers if not header[0].startswith("Docker-"))
        return Response(served.status, headers, served.body)

    def _signature(self, host: str, path: str, query: str) -> str:
        return self.seal.sign(f"{host}{path}?{query}")


def route(request: Request) -> Route:
    """What a request to the CDN asks for."""
    match = _PATH.fullmatch(request.path)
    if not match:
        return Route("other")
    return Route("blob", dict(parse_qsl(request.query)).get("repository", ""), "sha256:" + match[1])


def _error(status: int, code: str, message: str) -> Response:
    document = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return answers.body(status, document.encode(), "application/xml")
