"""A worker on a real Redis: frames to push, connections that are lost, and the entries that it writes."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import redis

from engine.live.worker import Worker
from engine.loading import Networks
from engine.pipeline import Pipeline
from ingest.bus.client import Redis
from ingest.bus.connection import connect
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import overview_key, timeline_key
from ingest.bus.wire import encode_frame
from tests.engine.portrait import portrait_frame


def lose(client: Redis, losses: Mapping[int, str]) -> Redis:
    """Make a client lose its connection at some transactions: before they are carried out, or after."""
    open_pipeline, numbers = client.pipeline, count(1)

    def opened(*, transaction: bool) -> Any:
        pipeline = open_pipeline(transaction=transaction)
        execute, loss = pipeline.execute, losses.get(next(numbers)) if transaction else None

        def lossy() -> Any:
            reply = None if loss == "before" else execute()
            if loss:
                raise redis.ConnectionError("lost")
            return reply

        pipeline.execute = lossy  # type: ignore[method-assign]
        return pipeline

    client.pipeline = opened  # type: ignore[method-assign]
    return client


def push(client: Redis, numbers: Iterable[int], source: str = "lobby", connection: int = 1) -> None:
    for number in numbers:
        FrameStream(client).push(encode_frame(portrait_frame(number, source=source, connection=connection)))


def push_live(client: Redis, numbers: Iterable[int], *sources: str) -> None:
    for number in numbers:
        for source in sources:
            frame = portrait_frame(number, source=source, connection=1, live=True)
            FrameStream(client).push(encode_frame(frame))


def work(client: Redis, networks: Networks) -> None:
    Worker(client, Pipeline(networks)).run(until_empty=True)


def messages(url: str, source: str = "lobby") -> list[dict[str, Any]]:
    client = connect(url)
    return [json.loads(fields[b"body"]) for _, fields in client.xrange(timeline_key(source))]


def frames_read(url: str, source: str = "lobby") -> Counter[int]:
    return Counter(message["frame"] for message in messages(url, source) if message["type"] == "reading")


def seconds_of(url: str) -> list[list[int]]:
    """Return track, milliseconds, label and percents of each entry of one face."""
    client = connect(url)
    entries = [fields for _, fields in client.xrange(overview_key("lobby"))]
    bodies = [fields[b"body"].decode() for fields in entries if fields[b"type"] == b"seconds"]
    return [[int(number) for number in re.split("[ ,]", body)] for body in bodies]
