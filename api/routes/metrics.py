"""Metrics for Prometheus: counters of this process, and those of the whole service, which lie in Redis."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import get_args

from fastapi import APIRouter, Response
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from api.jobs.job import State
from api.recordings.store import JobStore
from api.routes.health import REDIS_TIMEOUT, active_shards
from api.services import ServicesDep
from api.stream.counters import DELAY_BOUNDS, StreamCounters
from engine.live.counts import LATE, LATENCIES, MILLISECONDS, OVERTAKEN, READINGS, bucket
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import CONNECTION_ERRORS
from ingest.bus.keys import SOURCES, counts_key, frames_key
from ingest.version import VERSION

router = APIRouter(tags=["health"])


class MetricSnapshot(Collector):
    """Families that were read before: collect() of prometheus_client cannot wait for Redis."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "mien_clients 2.0\n"}}}
    },
)
async def get_metrics(services: ServicesDep) -> Response:
    """Return metrics in Prometheus' text format. While Redis is away, only those of this process."""
    families = process_metrics(services.broadcasts.counters)
    try:
        async with asyncio.timeout(REDIS_TIMEOUT):
            families += await service_metrics(services.redis, services.settings.shards)
    except (*CONNECTION_ERRORS, TimeoutError):
        families.append(GaugeMetricFamily("mien_redis_up", "1 if Redis answers, else 0.", 0))
    return Response(generate_latest(MetricSnapshot(families)), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def process_metrics(counters: StreamCounters) -> list[Metric]:
    """Build the families that this process counts itself."""
    info = GaugeMetricFamily("mien_info", "Version of the service.", labels=["version"])
    info.add_metric([VERSION], 1)
    delays = _cumulative(DELAY_BOUNDS, counters.delays.counts)
    return [
        info,
        GaugeMetricFamily("mien_clients", "Websocket clients that follow a source.", counters.clients),
        CounterMetricFamily("mien_messages", "Messages sent to clients.", counters.delivered),
        CounterMetricFamily("mien_messages_missed", "Messages that slow clients missed.", counters.missed),
        HistogramMetricFamily(
            "mien_delivery_seconds",
            "Time from the timeline to a client's websocket.",
            delays,
            counters.delays.total,
        ),
    ]


async def service_metrics(client: AsyncRedis, shards: int) -> list[Metric]:
    """Read the families that the whole service counts in Redis. Raises the errors of redis-py."""
    began = time.perf_counter()
    sources = sorted(id.decode() for id in await client.hkeys(SOURCES))
    answered = time.perf_counter() - began
    waiting = GaugeMetricFamily(
        "mien_frames_waiting", "Frames that wait for an engine or are being read.", labels=["shard"]
    )
    for shard in await active_shards(client, shards):
        waiting.add_metric([str(shard)], await client.xlen(frames_key(shard)))
    jobs = Counter(record.status.state for record in await JobStore(client).all())
    recordings = GaugeMetricFamily("mien_recordings", "Recordings by state.", labels=["state"])
    for state in get_args(State):
        recordings.add_metric([state], jobs[state])
    return [
        GaugeMetricFamily("mien_redis_up", "1 if Redis answers, else 0.", 1),
        GaugeMetricFamily("mien_redis_answer_seconds", "Time that Redis took for one command.", answered),
        waiting,
        *_source_metrics(await _read_counts(client, sources)),
        recordings,
    ]


async def _read_counts(client: AsyncRedis, sources: Sequence[str]) -> dict[str, dict[str, int]]:
    async with client.pipeline(transaction=False) as commands:
        for source in sources:
            commands.hgetall(counts_key(source))
        replies = await commands.execute()
    return {
        source: {name.decode(): int(value) for name, value in reply.items()}
        for source, reply in zip(sources, replies, strict=True)
    }


def _source_metrics(counts: Mapping[str, Mapping[str, int]]) -> list[Metric]:
    readings = CounterMetricFamily(
        "mien_readings", "Faces read since the source was added.", labels=["source"]
    )
    dropped = CounterMetricFamily(
        "mien_frames_dropped",
        "Frames lost since the source was added: overtaken by newer ones, or late at the engine.",
        labels=["source", "reason"],
    )
    latencies = HistogramMetricFamily(
        "mien_reading_latency_seconds", "Time from a frame's capture to its reading.", labels=["source"]
    )
    for source, count in counts.items():
        readings.add_metric([source], count.get(READINGS, 0))
        for reason in (OVERTAKEN, LATE):
            dropped.add_metric([source, reason], count.get(reason, 0))
        in_buckets = [count.get(bucket(number), 0) for number in range(len(LATENCIES) + 1)]
        latencies.add_metric([source], _cumulative(LATENCIES, in_buckets), count.get(MILLISECONDS, 0) / 1000)
    return [readings, dropped, latencies]


def _cumulative(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Pair each upper bound with the count of all values below it. `counts` has one more, for +Inf."""
    names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
