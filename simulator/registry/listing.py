"""Lists of what a registry holds: tags, in pages, and referrers (distribution-spec 1.1, "Content Discovery")."""

import re
from urllib.parse import parse_qsl, urlencode

from simulator.messages import Headers, Request, Response
from simulator.registry import answers
from simulator.registry.answers import API_VERSION
from simulator.registry.content import MEDIA_TYPES
from simulator.registry.store import Store

_NUMBER = re.compile(r"[0-9]{1,18}")


def tags(store: Store, repository: str, request: Request) -> Response:
    """The tags after ``last``, at most ``n`` of them, and where the next page begins."""
    if not store.has(repository):
        return answers.error(404, "NAME_UNKNOWN", {"name": repository})
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    asked = query.get("n", "")
    if "n" in query and not _NUMBER.fullmatch(asked):
        return answers.error(400, "PAGINATION_NUMBER_INVALID", {"n": asked})
    after = [tag for tag in store.tags(repository) if tag > query.get("last", "")]
    page = after[: int(asked)] if asked else after
    link: Headers = ()
    if page and len(page) < len(after):
        following = urlencode({"n": asked, "last": page[-1]})
        link = (("Link", f'</v2/{repository}/tags/list?{following}>; rel="next"'),)
    return answers.document(200, {"name": repository, "tags": page}, (API_VERSION, *link))


def referrers(store: Store, repository: str, digest: str, request: Request) -> Response:
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
        for own, manifest in store.referrers(repository, digest).items()
        if wanted in ("", manifest.artifact_type)
    ]
    index = MEDIA_TYPES["oci"].index
    value = {"schemaVersion": 2, "mediaType": index, "manifests": found}
    applied = (("OCI-Filters-Applied", "artifactType"),) if wanted else ()
    return answers.document(200, value, (API_VERSION, *applied), index)
