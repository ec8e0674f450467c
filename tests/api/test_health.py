"""Readiness of the service and each of its parts."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.app_settings import AppSettings
from api.jobs.queue import Queue
from api.routes.health import check_disk, check_models
from engine.card import MODELS
from ingest.bus.connection import connect
from ingest.bus.heartbeat import send_heartbeat
from ingest.bus.keys import beat_key
from tests.api.serving import Api, serving


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.fixture
def http(api: Api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.http) as client:
        yield client


def parts_of(http: httpx.Client) -> dict[str, tuple[bool, str]]:
    return {part["name"]: (part["ready"], part["reason"]) for part in http.get("/readyz").json()["parts"]}


def test_readiness_names_each_part_and_its_reason(api: Api, http: httpx.Client) -> None:
    silent = (False, "silent for more than 5 s")
    assert http.get("/readyz").status_code == 503
    parts = parts_of(http)
    assert list(parts) == ["redis", "models", "disk", "ingest", "engine:0", "jobs"]
    assert parts["redis"] == parts["models"] == parts["disk"] == (True, "")
    assert parts["ingest"] == parts["engine:0"] == parts["jobs"] == silent
    with connect(api.redis_url) as client:
        send_heartbeat(client, "ingest")
        send_heartbeat(client, "engine:0")
    ready = http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)  # live sources need no more
    assert parts_of(http)["jobs"] == silent
    with connect(api.redis_url) as client:
        queue = Queue(client)
        queue.join()
        assert queue.claim(timeout=0.01) is None
    assert parts_of(http)["jobs"] == (True, "")
    assert http.get("/healthz").json() == {"status": "ok"}


def test_every_shard_that_was_alive_lately_must_be(api: Api, http: httpx.Client) -> None:
    with connect(api.redis_url) as client:
        for part in ("ingest", "engine:0", "engine:2"):
            send_heartbeat(client, part)
        assert http.get("/readyz").status_code == 200
        client.delete(beat_key("engine:2"))
        assert parts_of(http)["engine:2"] == (False, "silent for more than 5 s")
        assert http.get("/readyz").status_code == 503
        client.zadd("parts", {"engine:2": 0.0})
        assert "engine:2" not in parts_of(http)


def test_each_shard_needs_an_engine_and_an_ingest(redis_url: str, tmp_path: Path) -> None:
    with (
        serving(redis_url, tmp_path, shards=2) as api,
        httpx.Client(base_url=api.http) as http,
        connect(redis_url) as client,
    ):
        assert list(parts_of(http))[3:] == ["ingest", "engine:0", "engine:1", "jobs"]
        for part in ("ingest:0", "ingest:1", "engine:0", "engine:1"):
            send_heartbeat(client, part)
        assert list(parts_of(http))[3:] == ["ingest:0", "ingest:1", "engine:0", "engine:1", "jobs"]
        assert http.get("/readyz").status_code == 200
        client.delete(beat_key("ingest:1"))
        assert parts_of(http)["ingest:1"] == (False, "silent for more than 5 s")
        assert http.get("/readyz").status_code == 503
        send_heartbeat(client, "ingest")  # one process reads all sources now
        assert list(parts_of(http))[3:] == ["ingest", "engine:0", "engine:1", "jobs"]
        assert http.get("/readyz").status_code == 200


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    part = check_disk(tmp_path / "data", 10**18)
    assert (part.name, part.ready) == ("disk", False)
    assert re.fullmatch(r"\d+ MB free in the data folder; uploads need \d+ MB", part.reason)
    assert check_disk(tmp_path, 0).ready


def test_without_redis_the_service_is_not_ready(tmp_path: Path) -> None:
    with serving(f"unix://{tmp_path}/none.sock", tmp_path) as api, httpx.Client(base_url=api.http) as http:
        answer = http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["parts"][0]["name"] == "redis"
        assert not answer.json()["parts"][0]["ready"]


def test_damaged_and_missing_weights_are_reported(tmp_path: Path) -> None:
    card = json.loads((MODELS / "emotion.json").read_text()) | {"sha256": "00"}
    (tmp_path / "emotion.json").write_text(json.dumps(card | {"file": "emotion.onnx"}))
    (tmp_path / "emotion.onnx").write_bytes(b"weights")
    (tmp_path / "keypoints.json").write_text("{")
    settings = AppSettings(redis_url="", media=tmp_path, models=tmp_path, data=tmp_path)
    reason = check_models(settings).reason
    assert "detector.json: no such model card" in reason
    assert "keypoints.json: not a model card" in reason
    assert "emotion.onnx: its sha256 is " in reason
    assert "but its card says 00" in reason
    (tmp_path / "emotion.json").write_text(json.dumps(card | {"outputs": ["happy"]}))
    assert "but this version needs ('angry', " in check_models(settings).reason
    reason = check_models(replace(settings, detector="yunet")).reason
    assert (
        f"{tmp_path}/models/yunet.onnx: no such weight file; `mien models get yunet` downloads it" in reason
    )


def test_an_engine_that_builds_plans_is_ready_and_reports_its_runtime(api: Api, http: httpx.Client) -> None:
    note = "ONNX Runtime serves: TensorRT's plan for emotion is being built"
    with connect(api.redis_url) as client:
        send_heartbeat(client, "ingest")
        send_heartbeat(client, "engine:0", note)
        assert parts_of(http)["engine:0"] == (True, note)
        assert http.get("/readyz").status_code == 200
