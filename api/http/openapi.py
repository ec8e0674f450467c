"""Completion of FastAPI's OpenAPI document with what all operations have in common."""

from http import HTTPStatus
from typing import Any

from api.http.examples import RESPONSES
from api.http.problems import MEDIA_TYPE, PROBLEM_SCHEMA

DESCRIPTION = """\
mien turns cameras and recordings into a timeline of expressions for each face.

Errors are problem details (RFC 9457) with one sentence in `detail`. docs/protocol.md describes the messages
and the websockets, for which OpenAPI has no form.
"""

TAGS = {
    "sources": "Cameras and other live sources.",
    "recordings": "Uploaded videos and files of the media folder.",
    "timelines": "Messages of a source: readings, spans, coverage, states.",
    "models": "Model cards of the networks.",
    "access": "The caller, tickets and the audit log.",
    "health": "Health, readiness and metrics.",
}

# Examples of path parameters, by the first part of the path and the name of the parameter.
EXAMPLES = {
    ("sources", "id"): "lobby",
    ("timelines", "source"): "lobby",
    ("recordings", "id"): "3f2a9c01d4e7",
    ("recordings", "name"): "readings.csv",
}

# Errors that every operation can return.
COMMON_ERRORS = (401, 403, 503)
PUBLIC_PATHS = ("/healthz",)

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "made by `mien tokens add`; not needed where tokens are not required",
}
TICKET = {
    "type": "apiKey",
    "in": "query",
    "name": "ticket",
    "description": "for requests on which browsers send no headers: made by POST /v1/tickets for one path",
}


def complete_openapi(document: dict[str, Any], *, tokens: bool) -> dict[str, Any]:
    """Add tags, problems and examples to FastAPI's document, and if `tokens` are required, the security."""
    document["info"]["description"] = DESCRIPTION
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM_SCHEMA
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {"bearer": BEARER, "ticket": TICKET}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            _complete_operation(operation, path)
            if tokens and path not in PUBLIC_PATHS:
                operation["security"] = (
                    [{"bearer": []}, {"ticket": []}] if method == "get" else [{"bearer": []}]
                )
    return document


def _complete_operation(operation: dict[str, Any], path: str) -> None:
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["in"] == "path":
            parameter["example"] = EXAMPLES[path.split("/")[2], parameter["name"]]
    responses = operation["responses"]
    if operation["operationId"] in RESPONSES:
        success = next(response for status, response in responses.items() if status.startswith("2"))
        success["content"]["application/json"]["example"] = RESPONSES[operation["operationId"]]
    statuses = {int(status) for status in responses if int(status) >= 400}
    if path not in PUBLIC_PATHS:
        statuses |= {*COMMON_ERRORS}
    if "requestBody" in operation:
        statuses |= {400, 413, 415}
    for status in sorted(statuses):
        response = responses.setdefault(str(status), {})
        response["description"] = HTTPStatus(status).phrase
        if not _has_own_schema(response):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _has_own_schema(response: dict[str, Any]) -> bool:
    """Check for an error response that is not a problem document, such as that of /readyz."""
    schemas = [content.get("schema", {}) for content in response.get("content", {}).values()]
    return any("$ref" in schema and "HTTPValidationError" not in schema["$ref"] for schema in schemas)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Make `T | None` just `T`: a query cannot hold null, an optional parameter is left out."""
    types: list[dict[str, Any]] = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    if len(types) != 1:
        return schema
    return types[0] | {name: value for name, value in schema.items() if name != "anyOf"}
