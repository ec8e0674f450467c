"""The OpenAPI document is complete, and schemathesis finds that the service does what it promises."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from api.access.tokens import encode_token, make_token
from ingest.bus.connection import connect
from ingest.bus.keys import TOKENS, beat_key
from tests.api.serving import Api, configure, coverage, reading, serving, write

SETTINGS = Path(__file__).with_name("schemathesis.toml")
NO_CAMERA = 0.05  # seconds to wait for a picture that does not come
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture
def media(redis_url: str, tmp_path: Path) -> Path:
    """The media folder of a service that is ready, with a source that has a timeline."""
    configure(redis_url)
    write(redis_url, [*(reading(number) for number in range(30)), coverage("observed", 30, 3, 3)])
    with connect(redis_url) as client:
        for part in ("ingest", "engine:0", "jobs"):
            client.set(beat_key(part), "1")
    return tmp_path


@pytest.fixture
def document(redis_url: str, media: Path) -> Iterator[dict[str, Any]]:
    with serving(redis_url, media) as served:
        document: dict[str, Any] = httpx.get(f"{served.http}/v1/openapi.json").json()
        yield document


def findings(served: Api, folder: Path, checks: str, *options: str) -> str:
    """Run schemathesis against the API; return its report, empty if it finds no fault."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run"]
    command += [f"{served.http}/v1/openapi.json", "--seed", "1", "--no-color", "--checks", checks, *options]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_the_service_responds_as_the_document_says(redis_url: str, media: Path) -> None:
    with serving(redis_url, media, preview_timeout=NO_CAMERA) as served:
        report = findings(served, media, "all", "--max-examples=12", "--continue-on-failure")
    assert not report, report


def test_no_operation_works_without_a_token_where_tokens_are_required(redis_url: str, media: Path) -> None:
    text, token = make_token("desk", "operate", time.time())
    with connect(redis_url) as client:
        client.hset(TOKENS, token.name, encode_token(token))
    holding = f"--header=Authorization: Bearer {text}"
    with serving(redis_url, media, tokens="required", preview_timeout=NO_CAMERA) as served:
        report = findings(served, media, "ignored_auth", "--phases=fuzzing", "--max-examples=3", holding)
    assert not report, report


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["description"], f"{name} has no description"
        assert set(operation["tags"]) <= tags, name


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) >= 400 and name != "GET /readyz":
                assert list(response["content"]) == ["application/problem+json"], f"{name} {status}"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_body_and_response_has_a_valid_example(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        answers = (response for status, response in operation["responses"].items() if status.startswith("2"))
        for part in (operation.get("requestBody", {}), *answers):
            content = part.get("content", {}).get("application/json")
            if content is not None:
                schema = content["schema"] | {"components": document["components"]}
                jsonschema.validate(example_of(name, content, document), schema)


def example_of(name: str, content: dict[str, Any], document: dict[str, Any]) -> Any:
    named = content["schema"].get("$ref", "").rpartition("/")[2]
    places = (content, content["schema"], document["components"]["schemas"].get(named, {}))
    examples = [place["example"] for place in places if "example" in place]
    assert examples, f"{name} has no example"
    return examples[0]
