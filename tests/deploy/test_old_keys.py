"""A data folder of before keys had braces keeps its timelines and jobs."""

from api.jobs.job import QUEUE, job_key
from deploy.old_keys import rename_old_keys
from ingest.bus.connection import connect
from ingest.bus.keys import REMOVED, SOURCES, beat_key, counts_key, engine_key, timeline_key


def test_what_is_kept_of_sources_and_jobs_is_found_again(redis_url: str) -> None:
    with connect(redis_url) as client:
        client.xadd("timeline:lobby", {"type": "reading", "body": "{}"})
        client.set("engine:lobby", "state")
        client.hset("counts:lobby", "readings", 1)
        client.hset("job:0123", "state", "queued")
        client.xadd("jobs:queue", {"id": "0123"})
        client.xgroup_create("jobs:queue", "workers", id="0")
        client.zadd("removed", {"hall": 1.0})
        client.hset(SOURCES, "lobby", "{}")
        client.set(beat_key("engine:0"), "1")
        assert rename_old_keys(redis_url) == 6
        renamed = {timeline_key("lobby"), engine_key("lobby"), counts_key("lobby"), job_key("0123"), QUEUE}
        there = {key.decode() for key in client.keys("*")}
        assert there == {*renamed, REMOVED, SOURCES, beat_key("engine:0")}
        assert [group["name"] for group in client.xinfo_groups(QUEUE)] == [b"workers"]
        assert rename_old_keys(redis_url) == 0


def test_what_is_there_already_is_left_alone(redis_url: str) -> None:
    with connect(redis_url) as client:
        client.set("engine:lobby", "old")
        client.set(engine_key("lobby"), "new")
        assert rename_old_keys(redis_url) == 0
        assert client.get(engine_key("lobby")) == b"new"
