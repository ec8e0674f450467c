"""docs/protocol.md and the schema beside it say what is really sent."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from websockets.asyncio.client import connect

import ingest.bus as bus
from api.messages import error, heartbeat, missed
from engine.labels import KEYPOINTS, LABELS
from engine.records import Box, Event, FaceEnd, FaceStart, Span
from ingest.wire import SourceState, encode_state
from tests.api.serving import Api, configure, coverage, reading, serving, write
from tests.waiting import until

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "protocol.md").read_text()
SCHEMA = json.loads((DOCS / "messages.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
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
            return [json.loads(await client.recv()) for _ in range(len(EVENTS) + 3)]

    write(api.redis_url, EVENTS)
    with bus.connect(api.redis_url) as client:
        bus.Bus(client).push_timeline([encode_state(SourceState("lobby", "live", "", NOW))])
    messages = asyncio.run(receive())
    for message in messages:
        VALIDATOR.validate(message)
    described = {definition.split("/")[-1] for entry in SCHEMA["oneOf"] for definition in entry.values()}
    assert {message["type"] for message in messages} == described


def test_what_the_api_adds_fits_the_schema() -> None:
    for text in (heartbeat("lobby", NOW, None), heartbeat("lobby", NOW, NOW), missed("lobby", 7, "5-0")):
        VALIDATOR.validate(json.loads(text))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(json.loads(error("lobby", "whatever", "")))


def test_the_schema_knows_the_labels_and_keypoints_in_their_order() -> None:
    assert SCHEMA["$defs"]["label"]["enum"] == list(LABELS)
    assert SCHEMA["$defs"]["keypoints"]["required"] == list(KEYPOINTS)


def test_the_page_names_every_field_code_and_path(api: Api) -> None:
    fields = {name for kind in SCHEMA["$defs"].values() for name in kind.get("properties", {})}
    fields -= {*LABELS, *KEYPOINTS, "type", "source"}
    codes = SCHEMA["$defs"]["error"]["properties"]["code"]["enum"]
    missing = [word for word in (*fields, *codes) if not re.search(rf"\b{re.escape(word)}\b", PAGE)]
    assert not missing


def test_the_python_example_follows_a_source_over_a_restart(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    script, output = tmp_path / "example.py", tmp_path / "output.txt"
    with serving(redis_url, tmp_path) as api, output.open("w") as sink:
        script.write_text(found[1].replace("127.0.0.1:8400", f"127.0.0.1:{api.port}"))
        example = subprocess.Popen([sys.executable, str(script)], stdout=sink)
        write(redis_url, [reading(1, "happy")])
        until(lambda: "happy" in output.read_text(), 20, "the first reading is printed")
    write(redis_url, [reading(2, "sad")])
    with serving(redis_url, tmp_path, api.port):
        until(lambda: "sad" in output.read_text(), 10, "the second reading is printed")
    example.kill()
    example.wait()
    assert [line.split()[-1] for line in output.read_text().splitlines()] == ["happy", "sad"]
