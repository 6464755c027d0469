"""Tags in pages (distribution-spec 1.1, "Listing Tags")."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Copy
from tests.simulator import QUICK
from tests.simulator.worlds import REPOSITORY, Asker, errors

LIST = f"/v2/{REPOSITORY}/tags/list"
TAGS = st.text("aBz09_.-", min_size=1, max_size=3).filter(lambda tag: tag[0] not in ".-")


def asker(*tags: str) -> Asker:
    made = Asker()
    made.arrange(copies=tuple(Copy(REPOSITORY, tag, "single") for tag in tags))
    return made


@pytest.mark.parametrize(
    ("query", "expected", "link"),
    [
        ("", ["A", "a", "b", "c"], ""),
        ("?n=2", ["A", "a"], f'<{LIST}?n=2&last=a>; rel="next"'),
        ("?n=2&last=a", ["b", "c"], ""),
        ("?n=1&last=a", ["b"], f'<{LIST}?n=1&last=b>; rel="next"'),
        ("?n=4", ["A", "a", "b", "c"], ""),
        ("?n=" + "9" * 18, ["A", "a", "b", "c"], ""),
        ("?n=0", [], ""),
        ("?last=aa", ["b", "c"], ""),
        ("?last=zzz", [], ""),
    ],
)
def test_pages(query: str, expected: list[str], link: str) -> None:
    asked = asker("b", "a", "c", "A")
    response = asked.ask(LIST + query)
    assert (response.status, json.loads(bytes(response.body))) == (200, {"name": REPOSITORY, "tags": expected})
    assert response.header("link") == link
    head = asked.ask(LIST + query, "HEAD")
    assert (head.status, head.headers, head.body) == (200, response.headers, b"")


@pytest.mark.parametrize("number", ["-1", "x", "", "1.5", "9" * 5000, "\N{ARABIC-INDIC DIGIT THREE}"])
def test_a_page_of_no_number(number: str) -> None:
    response = asker("a").ask(f"{LIST}?n={number}")
    assert (response.status, errors(response)[0]["code"]) == (400, "PAGINATION_NUMBER_INVALID")


@QUICK
@given(st.sets(TAGS, min_size=1, max_size=12), st.integers(1, 5))
def test_the_pages_make_the_list(tags: set[str], number: int) -> None:
    asked, place = asker(*tags), f"{LIST}?n={number}"
    seen: list[str] = []
    while place:
        response = asked.ask(place)
        page = json.loads(bytes(response.body))["tags"]
        assert 0 < len(page) <= number
        seen += page
        place = response.header("link").partition(">")[0].removeprefix("<")
    assert seen == sorted(tags)
