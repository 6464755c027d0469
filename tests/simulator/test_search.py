"""The search of the old index, straight from the core."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.arrangement import Arrangement, Copy, Holdings
from simulator.hub.search import answer
from simulator.topology import INDEX_HOST, REGISTRY_HOST
from tests.simulator import QUICK
from tests.simulator.worlds import IMAGES, Asker

NAMES = ("library/alpine", "library/nginx", "corp/nginx-tools", "corp/secret-nginx", "alpine/git")


@pytest.fixture
def asker() -> Asker:
    asker = Asker()
    held = Holdings(tuple(Copy(name, "1", "single") for name in NAMES))
    asker.world.arrange(Arrangement(IMAGES, {"hub": held}, private=("corp/secret-nginx",)))
    return asker


def found(asker: Asker, query: str) -> dict[str, Any]:
    response = asker.ask(f"/v1/search?{query}", host=INDEX_HOST)
    assert (response.status, response.header("content-type")) == (200, "application/json")
    value: dict[str, Any] = json.loads(bytes(response.body))
    return value


def names(value: dict[str, Any]) -> list[str]:
    return [result["name"] for result in value["results"]]


def test_a_search_answers_with_what_docker_search_reads(asker: Asker) -> None:
    value = found(asker, "q=nginx&n=25")
    assert {key: value[key] for key in value if key != "results"} == {
        "query": "nginx",
        "page": 1,
        "page_size": 25,
        "num_pages": 1,
        "num_results": 2,
    }
    assert value["results"][0] == {
        "name": "nginx",
        "description": "",
        "star_count": 0,
        "is_official": True,
        "is_automated": False,
        "is_trusted": False,
    }
    assert names(value) == ["nginx", "corp/nginx-tools"]
    assert (asker.last.stage, asker.last.status) == ("other", 200)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=ALPINE", ["alpine", "alpine/git"]),
        ("q=secret", []),
        ("q=ratelimitpreview", []),
        ("q=library/alpine", ["alpine"]),
        ("q=nothing", []),
        ("q=%2Fgit", ["alpine/git"]),
        ("", ["alpine", "nginx", "alpine/git", "corp/nginx-tools"]),
        ("n=1&page=2", ["nginx"]),
        ("n=3&page=2", ["corp/nginx-tools"]),
        ("n=3&page=3", []),
        ("n=0&page=0", ["alpine"]),
        ("n=-1&page=x", ["alpine", "nginx", "alpine/git", "corp/nginx-tools"]),
    ],
)
def test_what_is_found(asker: Asker, query: str, expected: list[str]) -> None:
    assert names(found(asker, query)) == expected


def test_only_the_index_searches(asker: Asker) -> None:
    assert asker.ask("/v1/search?q=nginx", host=REGISTRY_HOST).status == 404
    assert asker.ask("/v1/search?q=nginx", "POST", INDEX_HOST).status == 405


@QUICK
@given(count=st.integers(0, 230), size=st.integers(1, 100))
def test_the_pages_together_are_all_there_is_once(count: int, size: int) -> None:
    every = [f"corp/app{number}" for number in range(count)]
    first = json.loads(bytes(answer(f"q=app&n={size}", every).body))
    assert first["num_results"] == count
    pages = [
        json.loads(bytes(answer(f"q=app&n={size}&page={page + 1}", every).body)) for page in range(first["num_pages"])
    ]
    assert sorted(name for page in pages for name in names(page)) == sorted(every)
    assert json.loads(bytes(answer(f"n={size}&page={first['num_pages'] + 1}", every).body))["results"] == []


@QUICK
@given(st.text())
def test_no_query_is_too_odd(query: str) -> None:
    assert answer(query, NAMES).status == 200
    assert answer(f"q=x&n={query}&page={query}", NAMES).status == 200
