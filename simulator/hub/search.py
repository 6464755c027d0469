"""The search of the old index, as ``docker search`` uses it.

There is no specification but the client's (moby, daemon/pkg/registry/search_session.go): ``GET /v1/search``
with ``q``, ``n`` (1 to 100 results a page, 25 by default) and ``page``.
"""

from collections.abc import Iterable
from urllib.parse import parse_qs

from simulator.messages import Response
from simulator.registry import answers

PAGE_SIZE = 25
LARGEST_PAGE = 100

_OFFICIAL = "library/"
_LONGEST_NUMBER = 9


def answer(query: str, repositories: Iterable[str]) -> Response:
    """One page of the repositories whose name has the words asked for in it, official images first."""
    fields = {name: values[-1] for name, values in parse_qs(query).items()}
    words = fields.get("q", "")
    size = min(max(_number(fields.get("n", ""), PAGE_SIZE), 1), LARGEST_PAGE)
    page = max(_number(fields.get("page", ""), 1), 1)
    found = sorted(
        (name for name in repositories if words.lower() in name),
        key=lambda name: (not name.startswith(_OFFICIAL), name),
    )
    shown = found[(page - 1) * size : page * size]
    value = {
        "query": words,
        "page": page,
        "page_size": size,
        "num_pages": -(-len(found) // size),
        "num_results": len(found),
        "results": [_result(name) for name in shown],
    }
    return answers.document(200, value)


def _result(repository: str) -> dict[str, object]:
    """A repository as the client reads it. Official images go by their short name."""
    official = repository.startswith(_OFFICIAL)
    return {
        "name": repository.removeprefix(_OFFICIAL),
        "description": "",
        "star_count": 0,
        "is_official": official,
        "is_automated": False,
        "is_trusted": False,
    }


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else default
