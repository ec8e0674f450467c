"""What Prometheus collects: this process's own counters, and those of the whole service that lie in Redis."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, Response

from api.http.exposition import MEDIA_TYPE, Family, Sample, exposition, histogram
from api.jobs.job import State
from api.recordings.store import JobStore
from api.routes.health import PATIENCE, shards_of
from api.services import ServicesDep
from api.stream.broadcast import Counters
from api.stream.delays import BOUNDS
from engine.live.counts import LATE, LATENCIES, MILLISECONDS, OVERTAKEN, READINGS, bucket
from ingest.bus.connection import LOST
from ingest.bus.keys import SOURCES, counts_key, frames_key
from ingest.version import VERSION

router = APIRouter(tags=["health"])

Counts = Mapping[str, int]


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "mien_clients 2\n"}}}
    },
)
async def get_metrics(services: ServicesDep) -> Response:
    """Counters in Prometheus' text format. While Redis is away, those of this process alone."""
    families = own(services.broadcasts.counters)
    try:
        async with asyncio.timeout(PATIENCE):
            families += await shared(services.redis, services.settings.shards)
    except (*LOST, TimeoutError):
        families.append(_gauge("mien_redis_up", "Whether Redis answers.", 0))
    return Response(exposition(families), media_type=MEDIA_TYPE)


def own(counters: Counters) -> list[Family]:
    """What this process knows by itself."""
    delays = histogram(BOUNDS, counters.delays.counts, counters.delays.total, {})
    return [
        Family("mien_info", "gauge", "The version that runs.", [Sample({"version": VERSION}, 1)]),
        _gauge("mien_clients", "Websocket clients that follow a source.", counters.clients),
        _counter("mien_messages_total", "Messages sent to clients.", counters.delivered),
        _counter("mien_messages_missed_total", "Messages that slow clients missed.", counters.missed),
        Family("mien_delivery_seconds", "histogram", "From the timeline to a client's websocket.", delays),
    ]


async def shared(client: Any, shards: int) -> list[Family]:
    """What the whole service knows, from Redis."""
    began = time.perf_counter()
    sources = sorted(id.decode() for id in await client.hkeys(SOURCES))
    answered = time.perf_counter() - began
    counts = {source: _numbers(await client.hgetall(counts_key(source))) for source in sources}
    jobs = Counter(record.status.state for record in await JobStore(client).all())
    waiting = [
        Sample({"shard": str(shard)}, await client.xlen(frames_key(shard)))
        for shard in await shards_of(client, shards)
    ]
    return [
        _gauge("mien_redis_up", "Whether Redis answers.", 1),
        _gauge("mien_redis_answer_seconds", "How long Redis took to answer a question just now.", answered),
        Family("mien_frames_waiting", "gauge", "Frames that wait for an engine, or are being read.", waiting),
        *_of_sources(counts),
        Family(
            "mien_recordings",
            "gauge",
            "Recordings by how they stand.",
            [Sample({"state": state}, jobs[state]) for state in get_args(State)],
        ),
    ]


def _of_sources(counts: Mapping[str, Counts]) -> list[Family]:
    readings = [Sample({"source": source}, each.get(READINGS, 0)) for source, each in counts.items()]
    dropped = [
        Sample({"source": source, "reason": reason}, each.get(reason, 0))
        for source, each in counts.items()
        for reason in (OVERTAKEN, LATE)
    ]
    latencies = [sample for source, each in counts.items() for sample in _latencies(source, each)]
    return [
        Family("mien_readings_total", "counter", "Faces read since the source was added.", readings),
        Family(
            "mien_frames_dropped_total",
            "counter",
            "Frames lost since the source was added: overtaken by newer ones, or late at the engine.",
            dropped,
        ),
        Family(
            "mien_reading_latency_seconds", "histogram", "From a frame's capture to its reading.", latencies
        ),
    ]


def _latencies(source: str, counts: Counts) -> list[Sample]:
    found = [counts.get(bucket(number), 0) for number in range(len(LATENCIES) + 1)]
    return histogram(LATENCIES, found, counts.get(MILLISECONDS, 0) / 1000, {"source": source})


def _numbers(stored: Mapping[bytes, bytes]) -> Counts:
    return {name.decode(): int(value) for name, value in stored.items()}


def _gauge(name: str, help: str, value: float) -> Family:
    return Family(name, "gauge", help, [Sample({}, value)])


def _counter(name: str, help: str, value: float) -> Family:
    return Family(name, "counter", help, [Sample({}, value)])
