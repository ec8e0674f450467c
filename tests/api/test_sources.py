"""REST of sources: adding, listing and removing them, invalid requests, and the status of each."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.sources.status import StatusTracker
from ingest.bus.connection import connect
from ingest.bus.heartbeat import send_heartbeat
from ingest.bus.keys import PARTS, beat_key
from ingest.bus.source_config import configured_sources
from ingest.bus.timeline import Timeline
from ingest.bus.wire import SourceState, encode_state
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, coverage, reading, serving, write

CAMERA = {"name": "Front door", "url": "rtsp://viewer:planted@192.0.2.7/1?key=planted"}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    (tmp_path / "clip one.mp4").write_bytes(b"film")
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.http) as client:
        yield client


def test_a_source_is_added_listed_and_removed(api: Api, http: httpx.Client) -> None:
    added = http.post("/v1/sources", json=CAMERA)
    assert added.status_code == 201
    assert added.headers["location"] == "/v1/sources/front-door"
    shown = added.json()
    assert (shown["id"], shown["name"], shown["rate"]) == ("front-door", "Front door", 10.0)
    assert shown["url"] == "rtsp://viewer:***@192.0.2.7/1?key=***"
    assert (shown["state"], shown["last_reading"], shown["drop_share"]) == (None, None, None)
    assert http.get("/v1/sources").json() == [shown]
    assert http.get("/v1/sources/front-door").json() == shown
    with connect(api.redis_url) as client:
        assert configured_sources(client)["front-door"].url == CAMERA["url"]
    assert http.delete("/v1/sources/front-door").status_code == 204
    assert http.get("/v1/sources").json() == []
    problem(http.get("/v1/sources/front-door"), 404)
    problem(http.delete("/v1/sources/front-door"), 404)


def test_the_same_name_twice_is_a_conflict(http: httpx.Client) -> None:
    http.post("/v1/sources", json=CAMERA)
    body = problem(http.post("/v1/sources", json=CAMERA | {"name": "FRONT  Door!"}), 409)
    assert body["errors"][0]["field"] == "name"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "enter an address"),
        ("ftp://viewer:planted@192.0.2.7/1", "got ftp"),
        ("viewer-planted@192.0.2.7/1://", "got something else"),
        ("rtsp://", "must have the form rtsp://host"),
        ("rtsp://viewer:planted@192.0.2.7:99999/1", "this is not a URL"),
        ("http://viewer:planted@192.0.2.7/a b", "without spaces"),
        ("rtsp://192.0.2.7/1?mien_transport=smoke", "tcp, udp or auto"),
        ("webcam:front", "no such file"),
        ("../secret.mp4", "leads out of it"),
        ("file:/etc/passwd", "leads out of it"),
        ("absent.mp4", "no such file"),
        ("clip one.mp4?speed=2", "only ?loop and ?mien_stream=N may follow"),
        ("x" * 300 + ".mp4", "no such file"),
        ("clip\none.mp4", "printable"),
    ],
)
def test_an_invalid_url_is_an_error_of_its_field(http: httpx.Client, url: str, why: str) -> None:
    body = problem(http.post("/v1/sources", json={"name": "Door", "url": url}), 422)
    assert [error["field"] for error in body["errors"]] == ["url"]
    assert why in body["errors"][0]["detail"]


@pytest.mark.parametrize("url", ["absent.mp4", "../secret.mp4"])
def test_an_error_about_a_file_names_the_media_folder(api: Api, http: httpx.Client, url: str) -> None:
    body = problem(http.post("/v1/sources", json={"name": "Door", "url": url}), 422)
    assert body["errors"][0]["detail"].endswith(f" {api.media}")


def test_a_link_that_leads_out_of_the_media_folder_is_refused(api: Api, http: httpx.Client) -> None:
    (api.media / "door.mp4").symlink_to("/etc/passwd")
    body = problem(http.post("/v1/sources", json={"name": "Door", "url": "door.mp4"}), 422)
    assert "leads out of it" in body["errors"][0]["detail"]


def test_a_file_is_stored_by_its_path_in_the_media_folder(api: Api, http: httpx.Client) -> None:
    forms = ["clip one.mp4?loop", "file:clip one.mp4?loop", f"{api.media}/./clip one.mp4?loop"]
    for number, form in enumerate(forms):
        added = http.post("/v1/sources", json={"name": f"Film {number}", "url": form})
        assert added.json()["url"] == "file:clip one.mp4?loop"
    with connect(api.redis_url) as client:
        assert {config.url for config in configured_sources(client).values()} == {"file:clip one.mp4?loop"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": CAMERA["url"]}, "name"),
        ({"name": "", "url": CAMERA["url"]}, "name"),
        (CAMERA | {"rate": 0}, "rate"),
        (CAMERA | {"rate": "planted"}, "rate"),
        (CAMERA | {"password": "planted"}, "password"),
        (["planted"], "body"),
    ],
)
def test_each_invalid_field_is_named_without_its_value(http: httpx.Client, body: Any, field: str) -> None:
    errors = problem(http.post("/v1/sources", json=body), 422)
    assert field in [error["field"] for error in errors["errors"]]


def test_a_body_that_is_not_json_is_a_problem(http: httpx.Client) -> None:
    headers = {"content-type": "application/json"}
    problem(http.post("/v1/sources", content=b"{planted", headers=headers), 422)
    problem(http.get("/v1/nothing"), 404)
    problem(http.put("/v1/sources", json={}), 405)


def test_a_name_without_latin_letters_still_makes_an_id(http: httpx.Client) -> None:
    added = http.post("/v1/sources", json=CAMERA | {"name": "玄関"}).json()
    assert added["id"].startswith("source-")
    assert http.post("/v1/sources", json=CAMERA | {"name": "Café à gauche"}).json()["id"] == "cafe-a-gauche"


def test_sources_are_distributed_over_the_shards(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)  # as before there were shards: it is of shard 0
    with serving(redis_url, tmp_path, shards=3) as api, httpx.Client(base_url=api.http) as http:
        for number in range(5):
            http.post("/v1/sources", json=CAMERA | {"name": f"Door {number}"})
        http.delete("/v1/sources/door-1")
        added = http.post("/v1/sources", json=CAMERA | {"name": "Door 5"}).json()
        shards = {source["id"]: source["shard"] for source in http.get("/v1/sources").json()}
    assert added["shard"] == 2
    assert shards == {"lobby": 0, "door-0": 1, "door-2": 0, "door-3": 1, "door-4": 2, "door-5": 2}


def test_a_source_that_is_stored_wrongly_is_listed_as_an_error_and_can_be_removed(
    api: Api, http: httpx.Client
) -> None:
    configure(api.redis_url)
    with connect(api.redis_url) as client:
        stored = {**json.loads(client.hget("sources", "lobby") or ""), "id": "gate", "rate": 1e-300}
        client.hset("sources", "gate", json.dumps(stored))
    lobby, gate = http.get("/v1/sources").json()
    assert (lobby["id"], gate["id"], gate["name"], gate["state"]) == ("lobby", "gate", lobby["name"], "error")
    assert gate["reason"] == (
        "the stored configuration is wrong (rate is invalid: Input should be greater than 0.001): "
        "remove the source and add it again"
    )
    assert "rate is invalid" in problem(http.get("/v1/sources/gate"), 404)["detail"]
    assert http.delete("/v1/sources/gate").status_code == 204
    problem(http.delete("/v1/sources/gate"), 404)


def test_the_list_shows_each_sources_status(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    began = datetime.now(UTC) - timedelta(minutes=3)
    with connect(api.redis_url) as client:
        timeline = Timeline(client)
        timeline.push([encode_state(SourceState("lobby", "live", "", began - timedelta(hours=1)))])
        write(api.redis_url, [reading(1, ago=20)])
        write(api.redis_url, [coverage("observed", 86, 20, 10), coverage("dropped", 14, 10, 1)])
        first = http.get("/v1/sources/lobby").json()
        assert (first["state"], first["drop_share"]) == ("live", 0.14)
        for later in range(3):
            at = began + timedelta(seconds=later)
            timeline.push([encode_state(SourceState("lobby", "reconnecting", "refused", at))])
    shown = http.get("/v1/sources/lobby").json()
    assert (shown["state"], shown["reason"]) == ("reconnecting", "refused")
    assert abs(datetime.fromisoformat(shown["since"]) - began) < timedelta(milliseconds=1)
    assert shown["last_reading"] == first["last_reading"] is not None


def test_the_state_of_a_source_names_a_part_that_is_silent(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    with connect(api.redis_url) as client:
        Timeline(client).push([encode_state(SourceState("lobby", "live", "", datetime.now(UTC)))])
        for part in ("ingest", "engine:0"):
            send_heartbeat(client, part)
        assert http.get("/v1/sources/lobby").json()["state"] == "live"
        began = client.zscore(PARTS, "engine:0")
        client.delete(beat_key("engine:0"))  # as it expires
        [shown] = http.get("/v1/sources").json()
        assert (shown["state"], shown["reason"]) == ("reconnecting", "engine:0 does not respond")
        assert abs(datetime.fromisoformat(shown["since"]).timestamp() - began) < 0.01
        client.pexpire(beat_key("ingest"), 3_600_000)  # the clock was set back: it does not expire soon
        assert http.get("/v1/sources/lobby").json()["reason"] == "ingest does not respond"


def test_coverage_older_than_a_minute_does_not_count() -> None:
    tracker = StatusTracker()
    tracker.add("1-0", b"coverage", b'{"kind":"dropped","frames":5,"ended_at":"2026-01-31T12:00:00Z"}')
    at = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)
    assert tracker.status(at).drop_share == 1.0
    assert tracker.status(at + timedelta(minutes=1)).drop_share is None
