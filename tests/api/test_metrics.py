"""/metrics: names, labels and values as Prometheus parses them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import websockets.sync.client
from prometheus_client.parser import text_string_to_metric_families

from api.stream.counters import DELAY_BOUNDS
from engine.live.counts import LATENCIES, Counts
from engine.records import Coverage
from ingest.bus.connection import connect
from ingest.bus.timeline import Commit, Timeline
from ingest.version import VERSION
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

DOCUMENTED_TYPES = {
    "mien_info": "gauge",
    "mien_clients": "gauge",
    "mien_messages": "counter",
    "mien_messages_missed": "counter",
    "mien_delivery_seconds": "histogram",
    "mien_redis_up": "gauge",
    "mien_redis_answer_seconds": "gauge",
    "mien_frames_waiting": "gauge",
    "mien_readings": "counter",
    "mien_frames_dropped": "counter",
    "mien_reading_latency_seconds": "histogram",
    "mien_recordings": "gauge",
}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving(redis_url, tmp_path) as served:
        yield served


def metrics(api: Api) -> dict[str, float]:
    """Return the value of each sample, by its name and its sorted labels."""
    text = httpx.get(f"{api.http}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    names = [
        f"{sample.name}{{{','.join(f'{name}={value}' for name, value in sorted(sample.labels.items()))}}}"
        for sample in samples
    ]
    assert len(set(names)) == len(names)
    return {name.removesuffix("{}"): sample.value for name, sample in zip(names, samples, strict=True)}


def commit(redis_url: str, source: str, latencies: list[float], late: int, lost: int) -> None:
    """Commit readings as the engine does, and `lost` frames, `late` of which the engine skipped itself."""
    counts = Counts()
    counts.skip(source, late)
    one = replace(reading(1), source=source)
    assert one.captured_at
    counts.add([replace(one, result_at=one.captured_at + timedelta(seconds=each)) for each in latencies])
    counts.add([Coverage(source, "dropped", 0, 1, None, None, lost)])
    with connect(redis_url) as client:
        Timeline(client).commit(Commit(0, counts=counts.take()))


def test_every_family_has_its_documented_type_and_nothing_else_is_exposed(api: Api) -> None:
    answer = httpx.get(f"{api.http}/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert {family.name: family.type for family in families} == DOCUMENTED_TYPES
    assert all(family.documentation for family in families)


def test_counts_of_each_source_come_from_redis(api: Api) -> None:
    configure(api.redis_url)
    configure(api.redis_url, "gate")
    commit(api.redis_url, "lobby", [0.04, 0.12, 0.12, 99.0], late=2, lost=7)
    commit(api.redis_url, "lobby", [0.3], late=0, lost=0)
    values = metrics(api)
    assert values[f"mien_info{{version={VERSION}}}"] == 1
    assert values["mien_readings_total{source=gate}"] == 0
    assert values["mien_readings_total{source=lobby}"] == 5
    assert values["mien_frames_dropped_total{reason=overtaken,source=lobby}"] == 5
    assert values["mien_frames_dropped_total{reason=late,source=lobby}"] == 2
    assert values["mien_recordings{state=queued}"] == 0
    assert values["mien_frames_waiting{shard=0}"] == 0
    assert values["mien_redis_up"] == 1
    assert values["mien_redis_answer_seconds"] > 0


def test_latency_buckets_are_cumulative(api: Api) -> None:
    configure(api.redis_url)
    commit(api.redis_url, "lobby", [0.04, 0.12, 0.12, 0.3, 99.0], late=0, lost=0)
    values = metrics(api)
    bounds = [*(f"{bound:g}" for bound in LATENCIES), "+Inf"]
    buckets = [values[f"mien_reading_latency_seconds_bucket{{le={bound},source=lobby}}"] for bound in bounds]
    assert buckets == [1, 1, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]
    assert values["mien_reading_latency_seconds_count{source=lobby}"] == 5
    assert values["mien_reading_latency_seconds_sum{source=lobby}"] == pytest.approx(99.58)


def test_every_shard_has_its_waiting_frames(redis_url: str, tmp_path: Path) -> None:
    with serving(redis_url, tmp_path, shards=2) as api:
        waiting = {name for name in metrics(api) if name.startswith("mien_frames_waiting")}
    assert waiting == {"mien_frames_waiting{shard=0}", "mien_frames_waiting{shard=1}"}


def test_without_redis_the_process_still_shows_its_own_metrics(tmp_path: Path) -> None:
    with serving(f"unix://{tmp_path}/none.sock", tmp_path) as api:
        values = metrics(api)
    assert values["mien_redis_up"] == values["mien_clients"] == 0


def test_deliveries_and_clients_are_counted(api: Api) -> None:
    configure(api.redis_url)
    with websockets.sync.client.connect(f"{api.ws}/v1/sources/lobby/live") as socket:
        until(lambda: metrics(api)["mien_clients"] == 1, 5, "the client is counted")
        write(api.redis_url, [reading(1), reading(2)])
        until(lambda: json.loads(socket.recv())["type"] == "reading", 5, "a reading")
        until(lambda: metrics(api)["mien_messages_total"] == 2, 5, "both messages are counted")
        values = metrics(api)
        assert values["mien_delivery_seconds_count"] == 2
        assert 0 <= values["mien_delivery_seconds_sum"] < 2 * DELAY_BOUNDS[-1]
    until(lambda: metrics(api)["mien_clients"] == 0, 5, "the client is no longer counted")
