"""Retention and ranges of streams whose IDs are ahead of the clock, because it was set back."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.expiry import Expiry
from ingest.bus.client import Redis
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import AUDIT, marks_key, overview_key, timeline_key
from ingest.bus.timeline import Timeline, TimelineEntry
from tests.api.serving import configure, serving

HOUR = 3600.0  # seconds


@pytest.fixture
def client(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as client:
        yield client


def set_clock_back(client: Redis, *streams: str) -> None:
    """Add an entry with an ID an hour ahead, as if the clock had been set back by an hour after it."""
    fields = {"type": "state", "body": json.dumps({"number": 0}), "caller": "", "action": "", "subject": ""}
    for stream in streams:
        client.xadd(stream, fields, id=f"{int((time.time() + HOUR) * 1000)}-0")


def trim(url: str, stream: str, *moments: float) -> None:
    """Trim to an hour at each of the moments (seconds, monotonic)."""

    async def trim_each() -> None:
        async with connect_async(url) as client:
            expiry = Expiry(client)
            for moment in moments:
                await expiry.trim(stream, HOUR, moment)

    asyncio.run(trim_each())


@pytest.mark.parametrize("stream", [timeline_key("lobby"), overview_key("lobby"), AUDIT])
def test_entries_ahead_of_the_clock_do_not_outlive_their_retention(
    client: Redis, redis_url: str, stream: str
) -> None:
    set_clock_back(client, stream)
    client.xadd(stream, {"number": "1"})
    trim(redis_url, stream, 0.0, HOUR - 1)
    assert client.xlen(stream) == 2
    trim(redis_url, stream, 0.0, HOUR + 1)
    assert client.xlen(stream) == 0


def test_newer_entries_stay_when_older_ones_ahead_of_the_clock_go(client: Redis, redis_url: str) -> None:
    stream = timeline_key("lobby")
    set_clock_back(client, stream)

    async def test() -> None:
        async with connect_async(redis_url) as connection:
            expiry = Expiry(connection)
            await expiry.trim(stream, HOUR, 0.0)
            newer = client.xadd(stream, {"number": "2"})
            await expiry.trim(stream, HOUR, HOUR / 2)
            await expiry.trim(stream, HOUR, HOUR)
            assert [id for id, _ in client.xrange(stream)] == [newer]
            client.delete(stream)  # the source is removed, and added again: its IDs begin at the clock
            client.xadd(stream, {"number": "3"})
            await expiry.trim(stream, HOUR, 2 * HOUR)
            assert client.xlen(stream) == 1

    asyncio.run(test())


def test_a_new_process_knows_the_marks_of_the_one_before(client: Redis, redis_url: str) -> None:
    stream = timeline_key("lobby")
    set_clock_back(client, stream)
    trim(redis_url, stream, 0.0)
    [(last, _)] = client.xrange(stream)
    client.zadd(marks_key(stream), {last.decode(): time.time() - HOUR / 2})  # it was marked half an hour ago
    trim(redis_url, stream, 0.0, HOUR / 2 + 2)
    assert client.xlen(stream) == 0


def push(client: Redis, *numbers: int) -> None:
    for number in numbers:
        body = json.dumps({"type": "span", "source": "lobby", "number": number}).encode()
        Timeline(client).push([TimelineEntry("lobby", "span", body)])


def test_a_range_that_begins_at_a_moment_has_nothing_from_before(
    client: Redis, redis_url: str, tmp_path: Path
) -> None:
    configure(redis_url)
    set_clock_back(client, timeline_key("lobby"))
    entry = {"type": "span", "body": json.dumps({"number": 0})}
    for ago in range(40, 10, -1):
        client.xadd(timeline_key("lobby"), entry | {"at": str(int((time.time() - ago) * 1000))})
    push(client, 1, 2, 3)
    with serving(redis_url, tmp_path) as api, httpx.Client(base_url=api.http) as http:
        page = http.get("/v1/timelines/lobby", params={"from": "-5s"}).json()
        assert [message["number"] for message in page["messages"]] == [1, 2, 3]
        earlier = http.get("/v1/timelines/lobby", params={"from": "-30s", "to": "-5s"}).json()
        assert 18 <= len(earlier["messages"]) <= 20
        assert len(http.get("/v1/timelines/lobby", params={"from": "-1h"}).json()["messages"]) == 34


def test_readiness_says_how_far_a_stream_is_ahead(client: Redis, redis_url: str, tmp_path: Path) -> None:
    set_clock_back(client, timeline_key("lobby"))
    trim(redis_url, timeline_key("lobby"), 0.0)
    with serving(redis_url, tmp_path) as api:
        parts = httpx.get(f"{api.http}/readyz").json()["parts"]
    [redis] = [part for part in parts if part["name"] == "redis"]
    assert redis["ready"]
    assert redis["reason"].startswith(
        "the clock was set back: 1 streams are ahead of it, timeline:{lobby} by 3"
    )
