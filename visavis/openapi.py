"""OpenAPI 3.1 from the table of routes, and a plain page that shows it."""

import re
from html import escape
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from protocol.errors import ErrorCode
from visavis import api, api_calls  # noqa: F401  # they fill ROUTES
from visavis.routes import ROUTES, STATUS, Route

_REF = "#/components/schemas/{model}"
_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["ok", "error"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message", "retryable"],
            "properties": {
                "code": {"enum": [code.value for code in ErrorCode]},
                "message": {"type": "string"},
                "field": {"type": "string"},
                "retryable": {"type": "boolean"},
                "retryAfterMs": {"type": "integer"},
            },
        },
    },
}
_ID_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 128}
_REASONS = {
    200: "done",
    201: "made",
    400: "not JSON",
    401: "no valid token",
    403: "not allowed",
    404: "not found",
    408: "the body did not arrive in time",
    409: "not possible in the present state",
    410: "over",
    413: "too large",
    415: "not application/json",
    422: "does not fit the schema",
    429: "too many requests",
    503: "not available at the moment",
}


def openapi(version: str) -> dict[str, Any]:
    """The document as JSON."""
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths.update(_operations_of_the_house())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Visavis",
            "version": version,
            "description": "HTTP side of the server; events over Socket.IO are in docs/protocol.md.",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Refusal": _ERROR_SCHEMA},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _schemas() -> dict[str, Any]:
    answers: list[tuple[type[BaseModel], Any]] = [(route.answer, "serialization") for route in ROUTES]
    bodies: list[tuple[type[BaseModel], Any]] = [
        (route.body, "validation") for route in ROUTES if route.body is not None
    ]
    _, document = models_json_schema([*answers, *bodies], ref_template=_REF)
    return dict(document.get("$defs", {}))


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.call.__name__,
        "summary": route.summary,
        "description": (route.call.__doc__ or "").strip(),
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if route.scopes is not None:
        operation["security"] = [{"bearer": []}]
        operation["x-scopes"] = list(route.scopes)
    if route.body is not None:
        reference = {"$ref": _REF.format(model=_name(route.body, schemas))}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    return operation


def _name(model: type[BaseModel], schemas: dict[str, Any]) -> str:
    """pydantic adds -Input or -Output where a model has two schemas."""
    for suffix in ("", "-Input", "-Output"):
        if model.__name__ + suffix in schemas:
            return model.__name__ + suffix
    raise LookupError(f"no schema for {model.__name__}")


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _ID_SCHEMA}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    schema = route.query.model_json_schema(by_alias=True, ref_template=_REF)
    for name, entry in schema.get("properties", {}).items():
        found.append({"name": name, "in": "query", "required": False, "schema": _without_null(entry)})
    if route.path == "/api/v1/matches" and route.method == "POST":
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }
        )
    return found


def _without_null(entry: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: `anyOf [x, null]` is x."""
    if "anyOf" in entry:
        return dict(next(option for option in entry["anyOf"] if option.get("type") != "null"))
    return {key: value for key, value in entry.items() if key != "title"}


def _responses(route: Route) -> dict[str, Any]:
    answer = {"application/json": {"schema": {"$ref": _REF.format(model=route.answer.__name__)}}}
    refusal = {"application/json": {"schema": {"$ref": _REF.format(model="Refusal")}}}
    statuses = {STATUS[code] for code in route.errors} | {422, 503}
    if route.scopes is not None:
        statuses |= {401, 403, 429}
    if route.body is not None:
        statuses |= {400, 408, 413, 415}
    if route.dev_only:
        statuses.add(404)
    good = {str(status): {"description": _REASONS[status], "content": answer} for status in route.statuses}
    bad = {str(status): {"description": _REASONS[status], "content": refusal} for status in sorted(statuses)}
    return {**good, **bad}


def _operations_of_the_house() -> dict[str, Any]:
    def text(summary: str, kind: str, statuses: tuple[int, ...] = (200,)) -> dict[str, Any]:
        content = {kind: {"schema": {"type": "object" if kind == "application/json" else "string"}}}
        responses = {str(status): {"description": _REASONS[status], "content": content} for status in statuses}
        return {"get": {"operationId": summary.split(":")[0], "summary": summary, "responses": responses}}

    return {
        "/healthz": text("healthz: the process answers", "application/json"),
        "/readyz": text("readyz: every part works", "application/json", (200, 503)),
        "/metrics": text("metrics: Prometheus text format", "text/plain"),
    }


def docs_page(document: dict[str, Any]) -> str:
    """The reference as one HTML page without scripts."""
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        "<title>Visavis API</title><link rel=stylesheet href=/api/docs.css>",
        f"<h1>Visavis API {escape(document['info']['version'])}</h1>",
        "<p>Machine-readable: <a href=/api/openapi.json>openapi.json</a></p>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(_docs_section(path, method, operation))
    schemas = document["components"]["schemas"]
    parts.append("<h1>Schemas</h1>")
    parts += [_docs_schema(name, schema) for name, schema in sorted(schemas.items())]
    return "\n".join(parts)


def _docs_section(path: str, method: str, operation: dict[str, Any]) -> str:
    scopes = ", ".join(operation.get("x-scopes", ())) or "no token needed"
    rows = "".join(
        f"<tr><td>{escape(status)}<td>{escape(answer['description'])}"
        for status, answer in operation["responses"].items()
    )
    parameters = ", ".join(f"{item['name']} ({item['in']})" for item in operation.get("parameters", ()))
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description', operation['summary']))}</p>"
        f"<p>Scopes: {escape(scopes)}. Parameters: {escape(parameters or 'none')}. "
        f"Body: {escape(_body_name(operation))}.</p><table>{rows}</table>"
    )


def _body_name(operation: dict[str, Any]) -> str:
    body = operation.get("requestBody")
    if body is None:
        return "none"
    return str(body["content"]["application/json"]["schema"]["$ref"]).rsplit("/", 1)[1]


def _docs_schema(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(key)}</code><td>{escape(_type(entry))}<td>{escape(entry.get('description', ''))}"
        for key, entry in schema.get("properties", {}).items()
    )
    return f"<h2>{escape(name)}</h2><p>{escape(schema.get('description', ''))}</p><table>{rows}</table>"


def _type(entry: dict[str, Any]) -> str:
    if "anyOf" in entry:
        return " or ".join(_type(option) for option in entry["anyOf"])
    if "$ref" in entry:
        return str(entry["$ref"]).rsplit("/", 1)[1]
    if entry.get("type") == "array":
        return f"list of {_type(entry.get('items', {}))}"
    return str(entry.get("type") or entry.get("const") or " | ".join(map(str, entry.get("enum", ("any",)))))
