"""Errors as RFC 9457 problem details: one clear sentence, and one for each field that is wrong."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.http.validation import wrong_fields
from api.outages import outage
from ingest.bus.connection import REDIS_ERRORS

MEDIA_TYPE = "application/problem+json"


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "an answer that is not what was asked for (RFC 9457)",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "one sentence"},
        "errors": {
            "type": "array",
            "description": "where fields or parameters are wrong",
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
        "detail": "the request is not valid: rate: expected a number",
        "errors": [{"field": "rate", "detail": "expected a number"}],
    },
}


class ProblemError(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, detail: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors or {}  # field: what is wrong with it


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
    """What a route's `responses` say of the errors that it answers with."""
    return {status: {"content": {MEDIA_TYPE: {}}} for status in statuses}


def add_problem_handlers(app: FastAPI) -> None:
    """Makes every error of `app` a problem document."""
    app.add_exception_handler(ProblemError, _told)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)
    for fault in REDIS_ERRORS:
        app.add_exception_handler(fault, _bus_fault)


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return problem_response(error.status, error.detail, error.errors)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """A body of another media type than JSON was not even read: that is another answer."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    sent = request.headers.get("content-type", "none")
    if any(each["loc"] == ("body",) and each["type"] != "missing" for each in found) and not _is_json(sent):
        return problem_response(415, f"expected a body of application/json, actual {sent[:80]!r}")
    errors = wrong_fields(found)
    sentence = "; ".join(f"{field}: {text}" for field, text in errors.items())
    return problem_response(422, f"the request is not valid: {sentence}", errors)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        return _unanswered(request)
    response = problem_response(error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _unanswered(request: Request) -> JSONResponse:
    """404 or 405: the router knows what one route allows, not all of a path's, nor the page's files."""
    path = request.url.path
    allowed = methods_at(request.app.openapi()["paths"], path)
    if not allowed and not path.startswith("/v1/"):
        allowed = ["GET", "HEAD"]
    if not allowed or request.method in allowed:
        return problem_response(404, f"there is nothing at {path[:80]!r}")
    response = problem_response(405, f"expected {' or '.join(allowed)}, actual {request.method[:20]}")
    response.headers["Allow"] = ", ".join(allowed)
    return response


async def _fault(_: Request, __: Exception) -> JSONResponse:
    return problem_response(500, "something went wrong in the service; its log says what")


async def _bus_fault(_: Request, error: Exception) -> JSONResponse:
    if (reason := outage(error)) is None:
        raise error
    return problem_response(503, f"{reason}; try again in some seconds")


def methods_at(paths: Mapping[str, Mapping[str, Any]], path: str) -> list[str]:
    """What may be asked of a path, by the OpenAPI document's `paths`."""
    matching = [template for template in paths if re.fullmatch(_pattern(template), path)]
    found = [path] if path in matching else matching
    return sorted({method.upper() for template in found for method in paths[template]})


def _pattern(template: str) -> str:
    return re.sub(r"\\\{[^}]*\}", "[^/]+", re.escape(template))


def _is_json(media_type: str) -> bool:
    kind = media_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
