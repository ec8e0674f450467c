"""Whether the service says what of it is up, and counts what it does, in a form that Prometheus takes."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import websockets.sync.client

from api.http.exposition import Family, Sample, exposition
from api.jobs.queue import Queue
from api.routes.health import check_disk, check_models
from api.settings import Settings
from api.stream.delays import BOUNDS
from engine.card import MODELS
from engine.live.counts import LATENCIES, Counts
from engine.records import Coverage
from ingest.bus.connection import connect
from ingest.bus.keys import beat_key
from ingest.bus.streams import Bus
from ingest.version import VERSION
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

Samples = dict[str, dict[str, float]]  # family: sample as it is written: value


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
        Bus(client).beat("ingest")
        Bus(client).beat("engine:0")
    ready = http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)  # live sources need no more
    assert parts_of(http)["jobs"] == silent
    with connect(api.redis_url) as client:
        queue = Queue(client)
        queue.join()
        assert queue.take(wait=0.01) is None
    assert parts_of(http)["jobs"] == (True, "")
    assert http.get("/healthz").json() == {"status": "ok"}


def test_every_shard_that_was_alive_lately_must_be(api: Api, http: httpx.Client) -> None:
    with connect(api.redis_url) as client:
        for part in ("ingest", "engine:0", "engine:2"):
            Bus(client).beat(part)
        assert http.get("/readyz").status_code == 200
        client.delete(beat_key("engine:2"))
        assert parts_of(http)["engine:2"] == (False, "silent for more than 5 s")
        assert http.get("/readyz").status_code == 503
        client.zadd("parts", {"engine:2": 0.0})
        assert "engine:2" not in parts_of(http)


def test_each_shard_needs_an_engine_and_somebody_who_keeps_its_cameras(
    redis_url: str, tmp_path: Path
) -> None:
    with (
        serving(redis_url, tmp_path, shards=2) as api,
        httpx.Client(base_url=api.http) as http,
        connect(redis_url) as client,
    ):
        assert list(parts_of(http))[3:] == ["ingest", "engine:0", "engine:1", "jobs"]
        for part in ("ingest:0", "ingest:1", "engine:0", "engine:1"):
            Bus(client).beat(part)
        assert list(parts_of(http))[3:] == ["ingest:0", "ingest:1", "engine:0", "engine:1", "jobs"]
        assert http.get("/readyz").status_code == 200
        assert set(metrics(http)["mien_frames_waiting"]) == {
            f'mien_frames_waiting{{shard="{shard}"}}' for shard in (0, 1)
        }
        client.delete(beat_key("ingest:1"))
        assert parts_of(http)["ingest:1"] == (False, "silent for more than 5 s")
        assert http.get("/readyz").status_code == 503
        Bus(client).beat("ingest")  # one process keeps them all now
        assert list(parts_of(http))[3:] == ["ingest", "engine:0", "engine:1", "jobs"]
        assert http.get("/readyz").status_code == 200


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    told = check_disk(tmp_path / "data", 10**18)
    assert (told.name, told.ready) == ("disk", False)
    assert re.fullmatch(
        r"expected \d+ MB free in the data folder, actual \d+: uploads are refused", told.reason
    )
    assert check_disk(tmp_path, 0).ready


def test_without_redis_the_api_says_so(tmp_path: Path) -> None:
    with serving(f"unix://{tmp_path}/none.sock", tmp_path) as api, httpx.Client(base_url=api.http) as http:
        answer = http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["parts"][0]["name"] == "redis"
        assert not answer.json()["parts"][0]["ready"]
        told = metrics(http)
        assert told["mien_clients"] == {"mien_clients": 0}
        assert told["mien_redis_up"] == {"mien_redis_up": 0}


def test_damaged_and_missing_weights_are_told(tmp_path: Path) -> None:
    card = json.loads((MODELS / "emotion.json").read_text()) | {"sha256": "00"}
    (tmp_path / "emotion.json").write_text(json.dumps(card | {"file": "emotion.onnx"}))
    (tmp_path / "emotion.onnx").write_bytes(b"weights")
    (tmp_path / "keypoints.json").write_text("{")
    settings = Settings(redis_url="", media=tmp_path, models=tmp_path, data=tmp_path)
    reason = check_models(settings).reason
    assert "detector.json: no such model card" in reason
    assert "keypoints.json: not a model card" in reason
    assert "emotion.onnx: expected sha256 00, actual " in reason
    (tmp_path / "emotion.json").write_text(json.dumps(card | {"outputs": ["happy"]}))
    assert "emotion.json: expected outputs ('angry', " in check_models(settings).reason
    told = check_models(replace(settings, detector="yunet")).reason
    assert f"{tmp_path}/models/yunet.onnx: no such weight file; `mien models get yunet` downloads it" in told


LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-z_:][a-z0-9_:]*)(\{{{LABEL}(?:,{LABEL})*\}})? (-?[0-9.e+-]+|\+Inf|NaN)")


def parsed(text: str) -> Samples:
    """Reads the format strictly: help, then type, then samples of that family alone, none twice."""
    families: Samples = {}
    assert text.endswith("\n")
    lines = iter(text.splitlines())
    kind, name = "", ""
    for line in lines:
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in families
            assert len(line.split(" ", 3)[3]) > 5
            typed = re.fullmatch(rf"# TYPE {name} (counter|gauge|histogram)", next(lines))
            assert typed, name
            kind = typed[1]
            families[name] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        endings = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        assert sample[1] in [name + ending for ending in endings], line
        assert line.rpartition(" ")[0] not in families[name], line
        families[name][line.rpartition(" ")[0]] = float(sample[3])
    return families


def metrics(http: httpx.Client) -> Samples:
    answer = http.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(answer.text)


def commit(redis_url: str, source: str, latencies: list[float], late: int, lost: int) -> None:
    """What the engine commits after such readings, and `lost` frames of which it skipped `late` itself."""
    counts = Counts()
    counts.skip(source, late)
    one = replace(reading(1), source=source)
    assert one.captured_at
    counts.add([replace(one, result_at=one.captured_at + timedelta(seconds=each)) for each in latencies])
    counts.add([Coverage(source, "dropped", 0, 1, None, None, lost)])
    with connect(redis_url) as client:
        Bus(client).commit(0, [], [], {}, counts.take())


def test_metrics_are_what_prometheus_reads(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    configure(api.redis_url, "gate")
    commit(api.redis_url, "lobby", [0.04, 0.12, 0.12, 99.0], late=2, lost=7)
    commit(api.redis_url, "lobby", [0.3], late=0, lost=0)
    told = metrics(http)
    assert told["mien_info"] == {f'mien_info{{version="{VERSION}"}}': 1}
    readings = told["mien_readings_total"]
    assert readings == {'mien_readings_total{source="gate"}': 0, 'mien_readings_total{source="lobby"}': 5}
    dropped = told["mien_frames_dropped_total"]
    assert dropped['mien_frames_dropped_total{source="lobby",reason="overtaken"}'] == 5
    assert dropped['mien_frames_dropped_total{source="lobby",reason="late"}'] == 2
    latency = {name: value for name, value in told["mien_reading_latency_seconds"].items() if "lobby" in name}
    assert len(latency) == len(LATENCIES) + 3
    assert [value for name, value in latency.items() if "_bucket" in name] == [
        1,
        1,
        3,
        3,
        3,
        4,
        4,
        4,
        4,
        4,
        4,
        4,
        4,
        5,
    ]
    assert latency['mien_reading_latency_seconds_bucket{source="lobby",le="+Inf"}'] == 5
    assert latency['mien_reading_latency_seconds_count{source="lobby"}'] == 5
    assert latency['mien_reading_latency_seconds_sum{source="lobby"}'] == pytest.approx(99.58)
    assert told["mien_recordings"]['mien_recordings{state="queued"}'] == 0
    assert told["mien_frames_waiting"] == {'mien_frames_waiting{shard="0"}': 0}
    assert 0 < told["mien_redis_answer_seconds"]["mien_redis_answer_seconds"] < 2


def test_deliveries_and_clients_are_counted(api: Api, http: httpx.Client) -> None:
    configure(api.redis_url)
    with websockets.sync.client.connect(f"{api.ws}/v1/sources/lobby/live") as socket:
        until(lambda: metrics(http)["mien_clients"]["mien_clients"] == 1, 5, "the client is counted")
        write(api.redis_url, [reading(1), reading(2)])
        until(lambda: json.loads(socket.recv())["type"] == "reading", 5, "a reading")
        until(lambda: metrics(http)["mien_messages_total"]["mien_messages_total"] == 2, 5, "both are counted")
        delays = metrics(http)["mien_delivery_seconds"]
        assert delays["mien_delivery_seconds_count"] == 2
        assert 0 <= delays["mien_delivery_seconds_sum"] < 2 * BOUNDS[-1]
    until(lambda: metrics(http)["mien_clients"]["mien_clients"] == 0, 5, "the client is gone")


def test_a_label_is_escaped() -> None:
    text = exposition([Family("mien_x", "gauge", "a \\ b\nc", [Sample({"name": 'a"b\\c\nd'}, 0.1)])])
    assert text == '# HELP mien_x a \\\\ b\\nc\n# TYPE mien_x gauge\nmien_x{name="a\\"b\\\\c\\nd"} 0.1\n'
    assert parsed(text)["mien_x"]


def test_an_engine_says_what_its_networks_run_on_and_is_ready_all_along(api: Api, http: httpx.Client) -> None:
    told = "ONNX Runtime serves: TensorRT's plan for emotion is being built"
    with connect(api.redis_url) as client:
        Bus(client).beat("ingest")
        Bus(client).beat("engine:0", told)
        assert parts_of(http)["engine:0"] == (True, told)
        assert http.get("/readyz").status_code == 200
