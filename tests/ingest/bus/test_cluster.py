"""Streams, previews and compaction on a Redis Cluster of three real servers."""

from collections.abc import Iterator

import pytest
import redis

from ingest.bus.aof import AppendOnlyFile
from ingest.bus.client import Redis
from ingest.bus.connection import (
    CONNECTION_ERRORS,
    AuthenticationError,
    RedisUrlError,
    connect,
    is_cluster,
    servers,
)
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import COMPACTED, REMOVED, SOURCES, keys_of, timeline_key
from ingest.bus.previews import Previews
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.bus.timeline import Commit, Timeline, TimelineEntry
from tests.cluster import TIMEOUT, Cluster
from tests.waiting import until

NAMES = ("lobby", "hall", "cellar", "door")  # which lie on all three servers


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Redis]:
    with connect(cluster.url) as opened:
        yield opened


def slot(client: Redis, key: str) -> int:
    return int(client.execute_command("CLUSTER KEYSLOT", key))


def test_keys_of_a_source_are_on_the_same_server(cluster: Cluster, client: Redis) -> None:
    for name in NAMES:
        assert len({slot(client, key) for key in keys_of(name)}) == 1
    assert slot(client, SOURCES) == slot(client, REMOVED)
    assert len({cluster.port_of(timeline_key(name)) for name in NAMES}) == 3


def test_a_commit_reaches_all_servers_and_acknowledges_its_frames(client: Redis) -> None:
    stream, timeline = FrameStream(client), Timeline(client)
    stream.join()
    for name in NAMES:
        stream.push({"source": name, "media_time": 7, "grey": b"pixels"})
    taken = [id for id, _ in stream.take(10, 0)]
    assert len(taken) == len(NAMES)
    entries = [TimelineEntry(name, kind, b'{"a":1}') for name in NAMES for kind in ("reading", "state")]
    states = {name: name.encode() for name in NAMES}
    timeline.commit(Commit(0, taken, entries, states, {"hall": {"readings": 2}}))
    assert timeline.engine_states(NAMES) == states
    for name in NAMES:
        assert [fields[b"type"] for _, fields in client.xrange(timeline_key(name))] == [b"reading", b"state"]
        assert stream.position(name) == 7
    assert stream.take(10, 0, pending=True) == []


def test_each_server_rewrites_its_own_file(client: Redis) -> None:
    for name in NAMES:
        client.hset(SOURCES, name, encode_config(SourceConfig(name, name, f"{name}.mp4", 10.0, 0.0)))
        Previews(client).put(name, b"picture", 1)
        Timeline(client).push([TimelineEntry(name, "reading", b"{}")])
    before = [server.info("persistence")["aof_base_size"] for server in servers(client)]
    assert AppendOnlyFile(client).compact(force=True)
    until(
        lambda: not any(server.info("persistence")["aof_rewrite_in_progress"] for server in servers(client)),
        TIMEOUT,
        "the files",
    )
    after = [server.info("persistence")["aof_base_size"] for server in servers(client)]
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert client.get(COMPACTED)
    assert not any(client.exists(f"preview:{{{name}}}") for name in NAMES)
    assert all(client.xlen(timeline_key(name)) == 1 for name in NAMES)


@pytest.mark.parametrize("number", range(3))
def test_a_server_that_is_away_does_not_affect_sources_on_the_others(cluster: Cluster, number: int) -> None:
    away = cluster.ports[number]
    with connect(cluster.url, retries=0) as client:
        timeline = Timeline(client)
        places = {name: cluster.port_of(timeline_key(name)) for name in NAMES}
        cluster.kill(away)
        for name, port in places.items():
            entry = TimelineEntry(name, "reading", b"{}")
            if port == away:
                with pytest.raises(CONNECTION_ERRORS):
                    timeline.push([entry])
            else:
                timeline.push([entry])
        cluster.start(away)
        for name, port in places.items():
            if port == away:
                timeline.push([TimelineEntry(name, "reading", b"{}")])
            assert client.xlen(timeline_key(name)) == 1


def test_a_cluster_is_found_by_any_of_its_servers(cluster: Cluster) -> None:
    last = f"redis+cluster://nobody.invalid:1,127.0.0.1:{cluster.ports[2]}"
    with connect(last) as client:
        assert is_cluster(client)
        assert len(servers(client)) == 3


def test_an_unreachable_cluster_is_reported_in_one_line() -> None:
    with pytest.raises(redis.ConnectionError, match=r"^[^\n]*127\.0\.0\.1:1[^\n]*$"):
        connect("redis+cluster://127.0.0.1:1", retries=0)


@pytest.mark.parametrize(
    "address",
    [
        "redis+cluster://a:7000/1",
        "redis+cluster://a:7000?db=1",
        "redis+cluster://a:x",
        "redis+cluster://:se/cret@a:7000",
    ],
)
def test_an_invalid_url_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(RedisUrlError, match=r"^REDIS_URL must") as refused:
        connect(address)
    assert "cret" not in str(refused.value)


def test_a_password_is_needed_and_decoded(cluster: Cluster) -> None:
    for server in cluster.clients():
        server.execute_command("ACL SETUSER mien on >s@cret:/ ~* &* +@all")
    hosts = cluster.url.partition("//")[2]
    with connect(f"redis+cluster://mien:s%40cret%3A%2F@{hosts}") as client:
        assert client.execute_command("ACL WHOAMI", target_nodes="random") == "mien"
    with pytest.raises(AuthenticationError):
        connect(f"redis+cluster://mien:wrong@{hosts}", retries=0)
