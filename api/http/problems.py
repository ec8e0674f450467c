"""Errors as RFC 9457 problem details, with one sentence for the request and one for each invalid field."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.http.validation import invalid_fields
from api.outages import outage
from ingest.bus.connection import REDIS_ERRORS

MEDIA_TYPE = "application/problem+json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "problem details (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence"},
        "errors": {
            "type": "array",
            "description": "the invalid fields or parameters",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "example": {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "the request is invalid: rate must be a number",
        "errors": [{"field": "rate", "detail": "must be a number"}],
    },
}


class ProblemError(Exception):
    """An error that the client receives as a problem document."""

    def __init__(self, status: int, detail: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or {}  # by field


def problem_response(status: int, detail: str, errors: dict[str, str] | None = None) -> JSONResponse:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = [{"field": field, "detail": text} for field, text in errors.items()]
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Build the `responses` of a route for the errors that it raises."""
    return {status: {"content": {MEDIA_TYPE: {}}} for status in statuses}


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error response of `app` a problem document."""
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _fault)
    for fault in REDIS_ERRORS:
        app.add_exception_handler(fault, _bus_fault)


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return problem_response(error.status, error.detail, error.errors)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Respond with 422, or with 415 to a body that FastAPI did not parse because of its media type."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    sent = request.headers.get("content-type", "none")
    if any(each["loc"] == ("body",) and each["type"] != "missing" for each in errors) and not _is_json(sent):
        return problem_response(415, f"the body must be of type application/json, got {sent[:80]!r}")
    fields = invalid_fields(errors)
    sentence = "; ".join(f"{field} {text}" for field, text in fields.items())
    return problem_response(422, f"the request is invalid: {sentence}", fields)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        return _no_route(request)
    response = problem_response(error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _no_route(request: Request) -> JSONResponse:
    """Respond with 404 or 405: Starlette's Allow has the methods of one route only, not of the whole path."""
    path = request.url.path
    allowed = methods_at(request.app.openapi()["paths"], path)
    if not allowed and not path.startswith("/v1/"):
        allowed = ["GET", "HEAD"]
    if not allowed or request.method in allowed:
        return problem_response(404, f"no resource at {path[:80]!r}")
    response = problem_response(405, f"use {' or '.join(allowed)} here, not {request.method[:20]}")
    response.headers["Allow"] = ", ".join(allowed)
    return response


async def _gone(_: Request, __: Exception) -> JSONResponse:
    """Respond to a client that has hung up, for the server's sake alone: it sends nothing."""
    return problem_response(400, "the client hung up before its request was complete")


async def _fault(_: Request, __: Exception) -> JSONResponse:
    return problem_response(500, "internal error: see the log of the service")


async def _bus_fault(_: Request, error: Exception) -> JSONResponse:
    if (reason := outage(error)) is None:
        raise error
    return problem_response(503, f"{reason}; try again in a few seconds")


def methods_at(paths: Mapping[str, Mapping[str, Any]], path: str) -> list[str]:
    """Return the methods of a path, by the `paths` of the OpenAPI document."""
    matching = [template for template in paths if re.fullmatch(_pattern(template), path)]
    templates = [path] if path in matching else matching
    return sorted({method.upper() for template in templates for method in paths[template]})


def _pattern(template: str) -> str:
    return re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(template))


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
