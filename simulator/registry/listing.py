"""Lists of what a registry holds: tags, in pages, and referrers (distribution-spec 1.1, "Content Discovery"), and
repositories (Distribution's "Listing Repositories").
"""

import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qsl, urlencode

from simulator.messages import Headers, Request, Response
from simulator.registry import answers
from simulator.registry.answers import API_VERSION
from simulator.registry.content import MEDIA_TYPES
from simulator.registry.manifests import Manifest

CATALOGUE_PATH = "/v2/_catalog"

_NUMBER = re.compile(r"[0-9]{1,18}")


class Held(Protocol):
    """What is listed: what a server holds."""

    def has(self, repository: str) -> bool: ...

    def tags(self, repository: str) -> list[str]: ...

    def repositories(self) -> list[str]: ...

    def referrers(self, repository: str, digest: str) -> dict[str, Manifest]: ...


def tags(held: Held, repository: str, request: Request) -> Response:
    """The tags after ``last``, at most ``n`` of them, and where the next page begins."""
    if not held.has(repository):
        return answers.error(404, "NAME_UNKNOWN", {"name": repository})
    path = f"/v2/{repository}/tags/list"
    return _page(held.tags(repository), path, request, lambda page: {"name": repository, "tags": page})


def catalogue(held: Held, request: Request) -> Response:
    """The repositories, in the same way."""
    return _page(held.repositories(), CATALOGUE_PATH, request, lambda page: {"repositories": page})


def _page(names: list[str], path: str, request: Request, document: Callable[[list[str]], object]) -> Response:
    """Those of the names that were asked for, as this document, and where the next page begins."""
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    asked = query.get("n", "")
    if "n" in query and not _NUMBER.fullmatch(asked):
        return answers.error(400, "PAGINATION_NUMBER_INVALID", {"n": asked})
    after = [name for name in names if name > query.get("last", "")]
    page = after[: int(asked)] if asked else after
    link: Headers = ()
    if page and len(page) < len(after):
        following = urlencode({"n": asked, "last": page[-1]})
        link = (("Link", f'<{path}?{following}>; rel="next"'),)
    return answers.document(200, document(page), (API_VERSION, *link))


def referrers(held: Held, repository: str, digest: str, request: Request) -> Response:
    """An index of the manifests whose subject is ``digest``, of one ``artifactType`` if so asked. Where there are
    none it is empty.
    """
    wanted = dict(parse_qsl(request.query)).get("artifactType", "")
    found = [
        {
            "mediaType": manifest.media_type,
            "digest": own,
            "size": len(manifest.data),
            **({"artifactType": manifest.artifact_type} if manifest.artifact_type else {}),
            **({"annotations": manifest.annotations} if manifest.annotations else {}),
        }
        for own, manifest in held.referrers(repository, digest).items()
        if wanted in ("", manifest.artifact_type)
    ]
    index = MEDIA_TYPES["oci"].index
    value = {"schemaVersion": 2, "mediaType": index, "manifests": found}
    applied = (("OCI-Filters-Applied", "artifactType"),) if wanted else ()
    return answers.document(200, value, (API_VERSION, *applied), index)
