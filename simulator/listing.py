"""Lists of what a registry holds: tags, in pages (distribution-spec 1.1, "Content Discovery")."""

import re
from urllib.parse import parse_qsl, urlencode

from simulator import answers
from simulator.answers import API_VERSION
from simulator.messages import Headers, Request, Response
from simulator.store import Store

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
