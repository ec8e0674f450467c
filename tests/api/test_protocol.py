"""docs/protocol.md and its schema describe the messages that are sent."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from websockets.asyncio.client import connect

from api.sources.requests import NewSource
from api.stream.messages import error, heartbeat, missed
from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Event, FaceEnd, FaceStart, Span
from ingest.bus.connection import connect as connect_redis
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, encode_state
from tests.api.access.clients import add_token, serving_with_tokens
from tests.api.browsing import chromium, page_of
from tests.api.schema import SCHEMA, parsed
from tests.api.serving import Api, configure, coverage, reading, serving, write
from tests.waiting import until

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "protocol.md").read_text()
NOW = datetime.now(UTC)

EVENTS: list[Event] = [
    FaceStart("lobby", 1, 0, NOW, Box(0.1, 0.1, 0.2, 0.2)),
    reading(1),
    reading(2, None),
    Span("lobby", 1, "happy", 0, 10**9, NOW, None, 0.7),
    FaceEnd("lobby", 1, 0, 10**9, 2),
    coverage("dropped", 14, 10, 10),
]


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


def test_every_message_fits_the_schema(api: Api) -> None:
    async def receive() -> list[dict[str, Any]]:
        async with connect(f"{api.ws}/v1/sources/lobby/live?after=1000-0") as client:
            return [parsed(await client.recv()) for _ in range(len(EVENTS) + 3)]

    write(api.redis_url, EVENTS)
    with connect_redis(api.redis_url) as client:
        Timeline(client).push([encode_state(SourceState("lobby", "live", "", NOW))])
    messages = asyncio.run(receive())
    described = {definition.split("/")[-1] for entry in SCHEMA["oneOf"] for definition in entry.values()}
    assert {message["type"] for message in messages} == described


def test_messages_of_the_api_itself_fit_the_schema() -> None:
    for text in (heartbeat("lobby", NOW, None), heartbeat("lobby", NOW, NOW), missed("lobby", 7, "5-0")):
        parsed(text)
    with pytest.raises(jsonschema.ValidationError):
        parsed(error("lobby", "whatever", ""))


def test_the_schema_knows_the_labels_and_keypoints_in_their_order() -> None:
    assert SCHEMA["$defs"]["label"]["enum"] == list(LABELS)
    assert SCHEMA["$defs"]["keypoints"]["required"] == list(KEYPOINTS)


def test_the_page_names_every_field_code_and_path(api: Api) -> None:
    fields = {name for kind in SCHEMA["$defs"].values() for name in kind.get("properties", {})}
    fields -= {*LABELS, *KEYPOINTS, "type", "source"}
    codes = SCHEMA["$defs"]["error"]["properties"]["code"]["enum"]
    missing = [word for word in (*fields, *codes) if not re.search(rf"\b{re.escape(word)}\b", PAGE)]
    assert not missing


def test_the_page_names_every_request(api: Api) -> None:
    paths = httpx.get(f"{api.http}/v1/openapi.json").json()["paths"]
    implemented = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    described = re.findall(r"`((?:GET|POST|PATCH|DELETE) /[^`?]*)[?`]", PAGE)
    assert implemented == set(described)


def test_the_page_names_every_field_of_a_source() -> None:
    [row] = re.findall(r"^\| `POST /v1/sources` .*", PAGE, re.MULTILINE)
    assert [name for name in NewSource.model_fields if f'"{name}"' not in row] == []


def example(language: str, api: Api) -> str:
    """Return the page's example client, for the API under test."""
    match = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    return match[1].replace("127.0.0.1:8400", f"127.0.0.1:{api.port}")


def test_the_python_example_follows_a_source_over_a_restart(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    script, output = tmp_path / "example.py", tmp_path / "output.txt"
    with serving(redis_url, tmp_path) as api, output.open("w") as sink:
        script.write_text(example("python", api))
        client = subprocess.Popen([sys.executable, str(script)], stdout=sink)
        write(redis_url, [reading(1, "happy")])
        until(lambda: "happy" in output.read_text(), 20, "the first reading is printed")
    write(redis_url, [reading(2, "sad")])
    with serving(redis_url, tmp_path, api.port):
        until(lambda: "sad" in output.read_text(), 10, "the second reading is printed")
    client.kill()
    client.wait()
    assert [line.split()[-1] for line in output.read_text().splitlines()] == ["happy", "sad"]


def test_the_python_example_ends_when_it_is_refused(redis_url: str, tmp_path: Path) -> None:
    with serving_with_tokens(redis_url, tmp_path) as api:
        ran = subprocess.run(
            [sys.executable, "-c", example("python", api)], capture_output=True, text=True, timeout=20
        )
    assert (ran.returncode, ran.stderr) == (1, "refused: 4401\n")


@pytest.mark.browser
def test_the_javascript_example_follows_a_source_over_a_restart(redis_url: str, tmp_path: Path) -> None:
    """In a browser, with tokens required: each connection needs a new ticket."""

    def labels() -> list[str | None]:
        shown: list[str | None] = page.evaluate("got.map(({ label }) => label)")
        return shown

    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        with serving_with_tokens(redis_url, tmp_path) as api:
            token = add_token(redis_url, "screen", "view")
            page = stack.enter_context(page_of(browser, api))
            page.goto(api.http)
            page.evaluate(example("js", api))
            take = "(message) => message.type === 'reading' && got.push(message)"
            page.evaluate(f"globalThis.got = []; follow('lobby', {take}, '{token}'); 0")
            write(redis_url, [reading(1, "happy")])
            until(lambda: labels() == ["happy"], 10, "the first reading")
        write(redis_url, [reading(2, "sad")])
        with serving(redis_url, tmp_path, api.port, tokens="required"):
            until(lambda: labels() == ["happy", "sad"], 10, "the second reading")
