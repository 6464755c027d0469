"""The OpenAPI document of the control API (OpenAPI Specification 3.1), made of its table and its types."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from simulator.control import wire
from simulator.control.operations import OPERATIONS, Operation, Parameter

VERSION = "1"
PATH = "/openapi.json"

_JSON = "application/json"
_SCHEME = "token"
_REFERENCE = "#/components/schemas/{model}"
_DESCRIPTION = """Arranges a simulated Docker Hub and its mirrors, and tells what was asked of them.

What cannot be done is refused with 422 and one sentence. Beyond the loopback interface the API wants a token."""

Json = dict[str, Any]
_Key = tuple[int, JsonSchemaMode]


def document() -> Json:
    """The document of all operations."""
    schemas, definitions = _schemas()
    paths: Json = {PATH: {"get": _about(schemas)}}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control API of the simulator", "version": VERSION, "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {_SCHEME: {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {_SCHEME: []}],
    }


def _schemas() -> tuple[dict[_Key, Json], Json]:
    """The schema of each adapter, as it is read and as it is written, and the definitions that they refer to."""
    read = [operation.takes for operation in OPERATIONS if isinstance(operation.takes, TypeAdapter)]
    written = [wire.PROBLEM, *(operation.gives for operation in OPERATIONS)]
    every: list[tuple[JsonSchemaMode, TypeAdapter[Any]]] = [
        *(("validation", adapter) for adapter in read),
        *(("serialization", adapter) for adapter in written),
    ]
    inputs = {(id(adapter), mode): ((id(adapter), mode), mode, adapter) for mode, adapter in every}
    found, defined = TypeAdapter.json_schemas(inputs.values(), ref_template=_REFERENCE)
    return {key: _unwrapped(schema) for (key, _), schema in found.items()}, defined.get("$defs", {})


def _unwrapped(schema: Json) -> Json:
    """The schema of the one thing in a tuple of one (see :mod:`simulator.control.wire`)."""
    items = schema.get("prefixItems", ())
    return items[0] if len(items) == 1 else schema


def _operation(operation: Operation, schemas: dict[_Key, Json]) -> Json:
    described: Json = {
        "operationId": operation.does.__name__,
        "summary": operation.summary,
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": _responses(schemas[id(operation.gives), "serialization"], schemas),
    }
    if isinstance(operation.takes, str):
        described["requestBody"] = _content({"type": "string", "format": "binary"}, operation.takes)
    elif operation.takes is not None:
        schema = schemas[id(operation.takes), "validation"]
        one_or_more = {"anyOf": [schema, schema["items"]]} if schema.get("type") == "array" else schema
        described["requestBody"] = _content(one_or_more)
    return described


def _about(schemas: dict[_Key, Json]) -> Json:
    return {
        "operationId": "openapi",
        "summary": "This document.",
        "responses": _responses({"type": "object"}, schemas),
    }


def _responses(schema: Json, schemas: dict[_Key, Json]) -> Json:
    problem = schemas[id(wire.PROBLEM), "serialization"]
    return {
        "200": {"description": "Done.", **_content(schema, required=False)},
        "401": {"description": "The token is missing or wrong.", **_content(problem, required=False)},
        "422": {"description": "It cannot be done.", **_content(problem, required=False)},
    }


def _content(schema: Json, media_type: str = _JSON, *, required: bool = True) -> Json:
    content: Json = {"content": {media_type: {"schema": schema}}}
    return {"required": True, **content} if required else content


def _parameter(parameter: Parameter) -> Json:
    return {"name": parameter.name, "in": "query", "description": parameter.means, "schema": parameter.schema}
