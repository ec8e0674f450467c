"""The OpenAPI document, finished: what is true of every operation is written here once, not at each route."""

from http import HTTPStatus
from typing import Any

from api.http.examples import ANSWERS
from api.http.problems import MEDIA_TYPE, PROBLEM_SCHEMA

DESCRIPTION = """\
Cameras and recordings go in; a timeline of emotions for each face comes out.

Errors are problem details (RFC 9457) with one sentence in `detail`. Websockets, which this document cannot
describe, and the messages are described in docs/protocol.md.
"""

TAGS = {
    "sources": "The cameras that are followed.",
    "recordings": "Videos that are read from beginning to end.",
    "timelines": "What was read of a source: readings, spans, coverage, states.",
    "models": "The networks, and how good they are.",
    "access": "Who may do what, and who did.",
    "health": "Whether the service is up, and its counters.",
}

# What a path's parts look like, by the first part of the path and the parameter.
EXAMPLES = {
    ("sources", "id"): "lobby",
    ("timelines", "source"): "lobby",
    ("recordings", "id"): "3f2a9c01d4e7",
    ("recordings", "name"): "readings.csv",
}

# What any operation may answer with, beside its own.
ANYWHERE = (401, 403, 503)
OPEN_TO_ALL = ("/healthz",)

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "made by `mien tokens add`; none on this machine",
}
TICKET = {
    "type": "apiKey",
    "in": "query",
    "name": "ticket",
    "description": "for what a browser opens without headers: made by POST /v1/tickets for one path",
}


def described(document: dict[str, Any], *, tokens: bool) -> dict[str, Any]:
    """FastAPI's document, with tags, the problems of each operation, and `tokens` where they are needed."""
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
            _finish(operation, path)
            if tokens and path not in OPEN_TO_ALL:
                operation["security"] = (
                    [{"bearer": []}, {"ticket": []}] if method == "get" else [{"bearer": []}]
                )
    return document


def _finish(operation: dict[str, Any], path: str) -> None:
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
        if parameter["in"] == "path":
            parameter["example"] = EXAMPLES[path.split("/")[2], parameter["name"]]
    responses = operation["responses"]
    if operation["operationId"] in ANSWERS:
        answer = next(response for status, response in responses.items() if status.startswith("2"))
        answer["content"]["application/json"]["example"] = ANSWERS[operation["operationId"]]
    statuses = {int(status) for status in responses if int(status) >= 400}
    if path not in OPEN_TO_ALL:
        statuses |= {*ANYWHERE}
    if "requestBody" in operation:
        statuses |= {400, 413, 415}
    for status in sorted(statuses):
        told = responses.setdefault(str(status), {})
        told["description"] = HTTPStatus(status).phrase
        if not _is_told_apart(told):
            told["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _is_told_apart(response: dict[str, Any]) -> bool:
    """Whether the route itself says what it answers with instead of a problem, as /readyz does."""
    schemas = [content.get("schema", {}) for content in response.get("content", {}).values()]
    return any("$ref" in schema and "HTTPValidationError" not in schema["$ref"] for schema in schemas)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out: there is no way to send null in a query."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return kinds[0] | {name: value for name, value in schema.items() if name != "anyOf"}
