"""What the OpenAPI document promises is what the service does: schemathesis asks it in every way it can."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

import api.routes.sources
from api.access.tokens import encode_token, make_token
from ingest.bus.connection import connect
from ingest.bus.keys import TOKENS, beat_key
from tests.api.serving import Api, configure, coverage, reading, serving, write

SETTINGS = Path(__file__).with_name("schemathesis.toml")
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture
def media(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service whose every part is up, with a source that has a timeline."""
    monkeypatch.setattr(api.routes.sources, "PICTURE_WAIT", 0.05)  # seconds; there are no cameras
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


def asked(served: Api, folder: Path, checks: str, *options: str) -> str:
    """What schemathesis has to say; empty where it finds nothing."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS), "run"]
    command += [f"{served.http}/v1/openapi.json", "--seed", "1", "--no-color", "--checks", checks, *options]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    return "" if ended.returncode == 0 else ended.stdout + ended.stderr


def test_every_way_of_asking_is_answered_as_the_document_says(redis_url: str, media: Path) -> None:
    with serving(redis_url, media) as served:
        told = asked(served, media, "all", "--max-examples=12", "--continue-on-failure")
    assert not told, told


def test_with_tokens_nobody_is_answered_without_one(redis_url: str, media: Path) -> None:
    text, token = make_token("desk", "operate", time.time())
    with connect(redis_url) as client:
        client.hset(TOKENS, token.name, encode_token(token))
    holding = f"--header=Authorization: Bearer {text}"
    with serving(redis_url, media, tokens="required") as served:
        told = asked(served, media, "ignored_auth", "--phases=fuzzing", "--max-examples=3", holding)
    assert not told, told


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


def test_every_body_and_every_answer_has_an_example_that_is_one(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        answers = (response for status, response in operation["responses"].items() if status.startswith("2"))
        for told in (operation.get("requestBody", {}), *answers):
            content = told.get("content", {}).get("application/json")
            if content is not None:
                schema = content["schema"] | {"components": document["components"]}
                jsonschema.validate(example_of(name, content, document), schema)


def example_of(name: str, content: dict[str, Any], document: dict[str, Any]) -> Any:
    named = content["schema"].get("$ref", "").rpartition("/")[2]
    places = (content, content["schema"], document["components"]["schemas"].get(named, {}))
    examples = [place["example"] for place in places if "example" in place]
    assert examples, f"{name} has no example"
    return examples[0]
