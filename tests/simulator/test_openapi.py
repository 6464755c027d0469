"""The control API's OpenAPI document: it is valid, tells all, and the API does as it says, whatever it is asked."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from simulator.control import openapi
from simulator.control.operations import OPERATIONS, Operation
from tests.simulator.conftest import Bench, running

schemathesis.serializer("application/x-tar")(lambda _context, value: value)
DOCUMENT = openapi.document()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT, cls=OpenAPIV31SpecValidator)


def test_the_document_tells_of_every_operation_and_of_every_refusal() -> None:
    told = {(method, path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert told == {("get", "/openapi.json"), *((entry.method.lower(), entry.path) for entry in OPERATIONS)}
    for entry in OPERATIONS:
        described = DOCUMENT["paths"][entry.path][entry.method.lower()]
        assert set(described["responses"]) == {"200", "401", "422"}
        assert ("requestBody" in described) == (entry.method != "GET")


def test_what_is_not_a_field_is_no_arrangement() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert all(schemas[name]["additionalProperties"] is False for name in ("Arrangement", "Fault", "Publish"))
    body = DOCUMENT["paths"]["/changes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {kind.get("type", "one") for kind in body["anyOf"]} == {"array", "one"}


def test_the_api_serves_the_document(bench: Bench) -> None:
    served: dict[str, Any] = httpx.get(f"{bench.control_url}/openapi.json", trust_env=False).json()
    assert served == DOCUMENT


@pytest.fixture(scope="module")
def own_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A simulator that no other test needs: nobody knows what becomes of it."""
    with running(tmp_path_factory.mktemp("certificates")) as bench:
        yield bench


@SCHEMA.parametrize()
@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_asked_is_answered_as_the_document_says(own_bench: Bench, case: schemathesis.Case[Any]) -> None:
    response = case.call(base_url=own_bench.control_url)
    case.validate_response(response, checks=CHECKS)


@pytest.mark.parametrize("entry", [entry for entry in OPERATIONS if entry.takes], ids=lambda entry: entry.path)
@given(body=st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
@settings(max_examples=60, derandomize=True, deadline=None, database=None)
def test_whatever_bytes_come_are_answered(own_bench: Bench, entry: Operation, body: bytes) -> None:
    answer = httpx.request(entry.method, own_bench.control_url + entry.path, content=body, trust_env=False)
    assert answer.status_code in (200, 422), answer.text
