"""The OpenAPI document says what the routes do, and the page shows it."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from protocol.errors import ErrorCode, RateLimited
from tests.support.http_client import http
from visavis.http import refuse
from visavis.openapi import _name, docs_page, openapi
from visavis.routes import ROUTES, STATUS

DOCUMENT = openapi("1.2.3")
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}


def references(node: Any) -> set[str]:
    """All $ref in a document."""
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(references(value) for value in node))
    return set()


def test_every_route_is_in_the_document_and_nothing_else_is() -> None:
    house = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}
    assert set(OPERATIONS) == {(route.method, route.path) for route in ROUTES} | house


def test_every_reference_leads_somewhere() -> None:
    schemas = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT)
    assert references(DOCUMENT) <= schemas


def test_every_schema_is_a_schema() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_an_operation_names_what_it_answers_and_refuses(route: Any) -> None:
    operation = OPERATIONS[route.method, route.path]
    assert operation["summary"]
    statuses = {int(status) for status in operation["responses"]}
    assert statuses >= {*route.statuses, *(STATUS[code] for code in route.errors), 422, 503}
    assert (statuses >= {401, 403, 429}) is (route.scopes is not None)
    assert ("security" in operation) is (route.scopes is not None)
    assert (statuses >= {400, 408, 413, 415}) is (route.body is not None)
    assert ("requestBody" in operation) is (route.body is not None)
    in_path = [item["name"] for item in operation["parameters"] if item["in"] == "path"]
    assert in_path == re.findall(r"\{(\w+)\}", route.path)


def test_numbers_of_a_query_are_numbers_and_not_nullable() -> None:
    parameters = {item["name"]: item for item in OPERATIONS["GET", "/api/v1/matches/{match_id}/messages"]["parameters"]}
    assert set(parameters) == {"match_id", "before", "after", "limit"}
    assert parameters["before"]["schema"]["type"] == "integer"
    assert parameters["limit"]["schema"]["maximum"] == 200
    assert parameters["limit"]["required"] is False


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


def test_refusals_fit_their_schema() -> None:
    schema = DOCUMENT["components"]["schemas"]["Refusal"]
    assert schema["properties"]["error"]["properties"]["code"]["enum"] == [code.value for code in ErrorCode]
    body = {"ok": False, "error": RateLimited(field="x", retry_after_ms=1).body()}
    Draft202012Validator(schema).validate(body)
    assert not Draft202012Validator(schema).is_valid({"ok": True})
    assert refuse(RateLimited()).content_type == "application/json"


async def test_answers_fit_their_schemas() -> None:
    components = {"components": DOCUMENT["components"]}
    async with http() as server:
        for method, path, template, body in (
            ("POST", "/api/v1/matches", "/api/v1/matches", {"userA": "ann", "userB": "bob"}),
            ("GET", "/api/v1/matches", "/api/v1/matches", None),
            ("PUT", "/api/v1/users/ann", "/api/v1/users/{user_id}", {"name": "Ann", "age": 30}),
            ("GET", "/api/v1/users/ann", "/api/v1/users/{user_id}", None),
            ("POST", "/api/v1/dev/token", "/api/v1/dev/token", {"userId": "ann"}),
            ("GET", "/api/v1/dev/people", "/api/v1/dev/people", None),
        ):
            status, answer, _ = await server.ask(method, path, by="ann", json=body)
            response = OPERATIONS[method, template]["responses"][str(status)]
            schema = {**response["content"]["application/json"]["schema"], **components}
            Draft202012Validator(schema).validate(answer)


def test_a_model_without_a_schema_is_a_programming_error() -> None:
    class Stranger(BaseModel):
        pass

    with pytest.raises(LookupError, match="Stranger"):
        _name(Stranger, {})
    assert _name(Stranger, {"Stranger-Input": {}}) == "Stranger-Input"


def test_the_page_shows_every_operation_and_schema_without_scripts() -> None:
    page = docs_page(DOCUMENT)
    for method, path in OPERATIONS:
        assert f"<code>{method} {path}</code>" in page
    for name in DOCUMENT["components"]["schemas"]:
        assert f"<h2>{name}</h2>" in page
    assert "<script" not in page
    assert "1.2.3" in page
    assert "list of string" in page


def test_the_page_escapes_what_it_shows() -> None:
    operation = {"operationId": "x", "summary": "<img src=x>", "responses": {"200": {"description": "<b>"}}}
    schemas = {"<i>": {"description": "<u>", "properties": {"<a>": {"const": "<s>"}, "any": {}}}}
    document = {
        "info": {"version": "<v>"},
        "paths": {"/<p>": {"get": operation}},
        "components": {"schemas": schemas},
    }
    page = docs_page(document)
    for tag in ("<img", "<b>", "<i>", "<u>", "<s>", "<v>", "<p>x"):
        assert tag not in page
    assert "&lt;img src=x&gt;" in page
