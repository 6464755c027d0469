"""What a path asks for, and by which methods (distribution-spec 1.1, "Endpoints")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from simulator.topology import Kind

RouteKind = Literal["ping", "manifest", "blob", "upload", "tags", "referrers", "token", "search", "other"]

_UPLOAD_PATH = re.compile(r"/v2/(.+)/blobs/uploads/([^/]*)")
_OBJECT_PATH = re.compile(r"/v2/(.+)/(manifests|blobs|referrers)/([^/]+)")
_TAGS_PATH = re.compile(r"/v2/(.+)/tags/list")
_OBJECTS: Mapping[str, RouteKind] = {"manifests": "manifest", "blobs": "blob", "referrers": "referrers"}

READ = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """What a path asks for. The ``reference`` of an upload is its name, or ``""`` where one is to begin."""

    kind: RouteKind
    repository: str = ""
    reference: str = ""

    @property
    def by_tag(self) -> bool:
        return self.kind == "manifest" and ":" not in self.reference

    @property
    def by_digest(self) -> bool:
        return self.kind in ("manifest", "blob", "referrers") and not self.by_tag


@lru_cache(maxsize=512)
def route(path: str) -> Route:
    if path in ("/v2/", "/v2"):
        return Route("ping")
    if match := _UPLOAD_PATH.fullmatch(path):
        return Route("upload", match[1], match[2])
    if match := _OBJECT_PATH.fullmatch(path):
        return Route(_OBJECTS[match[2]], match[1], match[3])
    if match := _TAGS_PATH.fullmatch(path):
        return Route("tags", match[1])
    return Route("other")


def methods(asked: Route, server: Kind) -> tuple[str, ...]:
    """What a server of this kind does at a route: a mirror is only read, and only a registry of one's own lets
    clients delete what is there.
    """
    if server == "mirror":
        return () if asked.kind == "upload" else READ
    if asked.kind == "upload":
        return (*READ, "PATCH", "PUT", "DELETE") if asked.reference else ("POST",)
    if asked.kind == "manifest":
        return (*READ, "PUT", "DELETE") if server == "registry" else (*READ, "PUT")
    return (*READ, "DELETE") if asked.kind == "blob" and server == "registry" else READ


def changes(asked: Route, method: str) -> bool:
    """Whether a request would change what a registry holds or lets in."""
    return asked.kind in ("manifest", "blob", "upload") and method not in READ
