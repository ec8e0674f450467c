"""Errors as RFC 9457 problem details: one clear sentence, and one for each field that is wrong."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ingest.bus import LOST

MEDIA_TYPE = "application/problem+json"


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
    for lost in LOST:
        app.add_exception_handler(lost, _bus_lost)


async def _told(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProblemError)
    return problem_response(error.status, error.detail, error.errors)


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    """Pydantic's findings without the input they quote: it may hold a password."""
    assert isinstance(error, RequestValidationError)
    errors = {_field(found["loc"]): str(found["msg"]) for found in error.errors()}
    return problem_response(422, "the request is not valid: " + _sentence(errors), errors)


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return problem_response(error.status_code, str(error.detail))


async def _bus_lost(_: Request, __: Exception) -> JSONResponse:
    return problem_response(503, "Redis does not answer; try again in some seconds")


def _field(location: tuple[int | str, ...]) -> str:
    """`body.name` is the field name; a body that is no JSON at all is the field body."""
    return ".".join(str(part) for part in location[1:] if isinstance(part, str)) or str(location[0])


def _sentence(errors: dict[str, str]) -> str:
    return "; ".join(f"{field}: {text}" for field, text in errors.items())
