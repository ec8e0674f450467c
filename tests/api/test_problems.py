"""Errors as problem details, with their sentences."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from api.outages import AWAY, outage
from ingest.bus.connection import connect
from ingest.bus.keys import timeline_key
from tests.api.problem_details import problem
from tests.api.serving import configure, refusing_writes, serving

SOURCE = {"name": "Gate", "url": "rtsp://192.0.2.7/1"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def http(redis_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with serving(redis_url, tmp_path) as api, httpx.Client(base_url=api.http) as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/nothing.js", "/v1/sources/lobby/nothing"])
def test_a_missing_resource_is_named(http: httpx.Client, path: str) -> None:
    assert problem(http.get(path), 404)["detail"] == f"no resource at '{path}'"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/sources", "GET, POST"),
        ("GET", "/v1/tickets", "POST"),
        ("POST", "/v1/timelines/lobby/overview", "GET"),
        ("OPTIONS", "/v1/recordings/upload", "POST"),
        ("DELETE", "/style.css", "GET, HEAD"),
    ],
)
def test_the_allowed_methods_are_named(http: httpx.Client, method: str, path: str, allowed: str) -> None:
    refused = http.request(method, path)
    assert refused.headers["allow"] == allowed
    assert problem(refused, 405)["detail"] == f"use {allowed.replace(', ', ' or ')} here, not {method}"


def test_a_missing_resource_allows_no_method(http: httpx.Client) -> None:
    problem(http.delete("/v1/nothing"), 404)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_media_type_is_refused(http: httpx.Client, media_type: str) -> None:
    refused = http.post("/v1/sources", content=b'{"name":"Gate"}', headers={"content-type": media_type})
    assert problem(refused, 415)["detail"].startswith("the body must be of type application/json, got ")


REFUSALS = [
    ("min-replicas-to-write", "Redis refuses to write: too few replicas are connected to it"),
    ("maxmemory", "Redis refuses to write: its memory is full"),
]


@pytest.mark.parametrize(("setting", "reason"), REFUSALS)
def test_a_refused_write_is_reported_without_its_data(
    http: httpx.Client, redis_url: str, setting: str, reason: str
) -> None:
    configure(redis_url)
    source = SOURCE | {"url": "rtsp://viewer:planted@192.0.2.7/1"}
    with refusing_writes(redis_url, setting):
        for refused in (http.get("/v1/timelines/lobby"), http.post("/v1/sources", json=source)):
            assert problem(refused, 503)["detail"] == f"{reason}; try again in a few seconds"
        readiness = http.get("/readyz")
        assert readiness.status_code == 503
        assert readiness.json()["parts"][0] == {"name": "redis", "ready": False, "reason": reason}
        assert [part["name"] for part in readiness.json()["parts"]][-1] == "jobs"
    assert http.get("/v1/timelines/lobby").status_code == 200
    assert http.get("/readyz").json()["parts"][0]["ready"]


def test_other_errors_of_redis_are_bugs_of_the_service() -> None:
    assert outage(ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value")) is None
    lost = outage(RedisConnectionError("/run/redis.sock"))
    refused = outage(ResponseError("MISCONF Redis is …"))
    assert (lost, refused) == (AWAY, "Redis refuses to write: it cannot save to its disk")


def test_a_body_without_length_is_read_up_to_the_limit(http: httpx.Client) -> None:
    pieces = (b"[1,1]".ljust(1024) for _ in range(100))
    refused = http.post("/v1/sources", content=pieces, headers=JSON)
    assert problem(refused, 413)["detail"] == "the body must have at most 65536 bytes"


def test_a_body_with_too_large_a_length_is_refused_at_once(http: httpx.Client) -> None:
    address = (http.base_url.host, http.base_url.port)
    request = f"POST /v1/sources HTTP/1.1\r\nHost: {address[0]}\r\nContent-Length: 65537\r\n\r\n"
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"name": "is required", "url": "is required"}),
        (SOURCE | {"name": 7}, {"name": "must be text"}),
        (SOURCE | {"name": ""}, {"name": "must have at least 1 characters"}),
        (SOURCE | {"name": "x" * 81}, {"name": "must have at most 80 characters"}),
        (SOURCE | {"rate": "fast"}, {"rate": "must be a number"}),
        (SOURCE | {"rate": 0}, {"rate": "must be greater than 0.001"}),
        (SOURCE | {"rate": 61}, {"rate": "must be at most 60"}),
        (SOURCE | {"colour": "red"}, {"colour": "is not a known field"}),
        ([], {"body": "must be a JSON object"}),
    ],
)
def test_each_invalid_field_has_its_sentence(http: httpx.Client, body: Any, errors: dict[str, str]) -> None:
    answer = problem(http.post("/v1/sources", json=body), 422)
    assert {error["field"]: error["detail"] for error in answer["errors"]} == errors
    sentences = "; ".join(f"{field} {text}" for field, text in errors.items())
    assert answer["detail"] == f"the request is invalid: {sentences}"


@pytest.mark.parametrize("content", [b"{", b"", b"[" * 10_000, b"\xff\xfe"])
def test_a_body_that_is_not_json_is_refused(http: httpx.Client, content: bytes) -> None:
    refused = http.post("/v1/sources", content=content, headers=JSON)
    assert refused.status_code in (400, 422)
    problem(refused, refused.status_code)


def test_the_error_of_a_union_type_names_all_alternatives(http: httpx.Client) -> None:
    body = problem(http.post("/v1/recordings", json={"path": "clip.mp4", "rate": "fast"}), 422)
    assert body["errors"] == [{"field": "rate", "detail": "must be a number, or must be 'all'"}]


@pytest.mark.parametrize(
    ("limit", "why"), [("many", "a whole number"), ("0", "at least 1"), ("5001", "at most 5000")]
)
def test_an_invalid_parameter_is_named(http: httpx.Client, limit: str, why: str) -> None:
    body = problem(http.get("/v1/timelines/lobby", params={"limit": limit}), 422)
    assert body["errors"] == [{"field": "limit", "detail": f"must be {why}"}]


def test_an_internal_error_reveals_nothing(redis_url: str, http: httpx.Client) -> None:
    configure(redis_url)
    with connect(redis_url) as client:
        client.set(timeline_key("lobby"), "planted")  # no stream
    body = problem(http.get("/v1/timelines/lobby"), 500)
    assert body["detail"] == "internal error: see the log of the service"
