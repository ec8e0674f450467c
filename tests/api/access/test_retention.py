"""Old and removed data is deleted from every key of Redis and every file of the data folder."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.access.audit import Audit
from api.expiry import Expiry
from api.sources.retention import sweep, trim_timelines
from api.stream.previews import LivePreviews
from api.tasks import stop
from deploy.redis_server import RedisServer
from ingest.bus.aof import AppendOnlyFile
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import AUDIT, COMPACTED, REMOVED, engine_key, overview_key, timeline_key, watch_key
from ingest.bus.previews import Previews
from tests.api.serving import configure, refusing_writes, serving
from tests.waiting import until

OLD, NEW = "planted-old", "planted-new"
HOUR = 3600.0  # seconds


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server for one test, whose files it can read."""
    with tempfile.TemporaryDirectory(prefix="mien-", dir="/tmp") as folder:
        server = RedisServer(Path(folder))
        server.start()
        yield server
        server.stop()


def holding(server: RedisServer, text: str) -> list[str]:
    """Return the keys and files that contain the text."""
    with connect(server.url) as client:
        keys = [key.decode() for key in client.scan_iter() if text.encode() in content_of(client, key)]
    files = [file for file in server.socket.parent.rglob("*") if file.is_file()]
    return keys + [file.name for file in files if text.encode() in content(file)]


def content(file: Path) -> bytes:
    """Return the bytes of a file; none if the server has replaced it since it was listed."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


def content_of(client: object, key: bytes) -> bytes:
    """Return everything that a key holds, as text."""
    read = {
        b"string": "get",
        b"hash": "hgetall",
        b"stream": "xrange",
        b"zset": "zrange",
    }[client.type(key)]  # type: ignore[attr-defined]
    more = (0, -1) if read == "zrange" else ()
    return repr(getattr(client, read)(key, *more)).encode()


def plant(server: RedisServer, source: str, text: str, ago: float) -> None:
    """Write a source's data as the service does, with times `ago` seconds before now."""
    at = f"{int((time.time() - ago) * 1000)}-1"
    with connect(server.url) as client:
        client.xadd(timeline_key(source), {"type": "reading", "body": json.dumps({"id": text})}, id=at)
        client.xadd(overview_key(source), {"body": text}, id=at)
        client.set(engine_key(source), text)


def test_data_older_than_its_retention_is_deleted_everywhere(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_RETENTION", "1h")
    monkeypatch.setenv("MIEN_AUDIT_RETENTION", "2h")
    for source, text, ago in (("lobby", OLD, 2 * HOUR), ("yard", NEW, 60.0)):
        configure(server.url, source)
        plant(server, source, text, ago)
    with connect(server.url) as client:
        for text, ago in ((OLD, 3 * HOUR), (NEW, 1.5 * HOUR)):
            note = {"caller": text, "action": "live.watched", "subject": "yard"}
            client.xadd(AUDIT, note, id=f"{int((time.time() - ago) * 1000)}-1")
        assert len(holding(server, OLD)) >= 4

        asyncio.run(trim(server.url))
        assert [key for key in holding(server, OLD) if not key.startswith("appendonly")] == []

        # The append-only file is compacted when it is due, however small it is.
        assert AppendOnlyFile(client, interval=0.0).compact()
        until(lambda: not holding(server, OLD), 10, "the new file")
        assert {timeline_key("yard"), overview_key("yard"), engine_key("yard"), AUDIT} <= set(
            holding(server, NEW)
        )


async def trim(url: str) -> None:
    async with connect_async(url) as client:
        expiry = Expiry(client)
        await trim_timelines(client, expiry, HOUR)
        await Audit(client).trim(expiry)


def test_retention_and_previews_survive_a_redis_that_refuses_writes(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    configure(redis_url)

    async def survived(blocking: Any) -> None:
        async with connect_async(redis_url) as client, LivePreviews(client).watch("lobby") as watcher:
            sweeping = asyncio.create_task(sweep(client, Audit(client), interval=0.02, trim_interval=0.0))
            with refusing_writes(redis_url):
                await eventually(lambda: "old data waits" in caplog.text, "the sweep logs it")
                await eventually(lambda: "previews of lobby wait" in caplog.text, "the previews log it")
            await eventually(lambda: blocking.exists(watch_key("lobby")), "the request for previews")
            Previews(blocking).put("lobby", b"jpeg", 1)
            assert await asyncio.wait_for(watcher.take(), 5) is not None
            blocking.xadd(timeline_key("lobby"), {"type": "reading", "body": "{}"}, id="1-1")
            await eventually(lambda: not blocking.xlen(timeline_key("lobby")), "the trimming")
            await stop(sweeping)

    with connect(redis_url) as blocking:
        asyncio.run(survived(blocking))


async def eventually(condition: Callable[[], object], purpose: str) -> None:
    await asyncio.to_thread(until, condition, 5, purpose)


def test_the_file_is_compacted_when_it_is_due_and_not_before(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_RETENTION", "1h")
    with connect(server.url) as client:
        assert not AppendOnlyFile(client).compact()
        client.set(COMPACTED, time.time() - HOUR / 4 - 1)
        assert AppendOnlyFile(client).compact()
        until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0, 10, "the new file")
        assert not AppendOnlyFile(client).compact()


def test_a_removed_source_leaves_only_the_record_of_its_removal(server: RedisServer, tmp_path: Path) -> None:
    configure(server.url, "lobby", f"rtsp://viewer:{OLD}@192.0.2.7/1")
    plant(server, "lobby", OLD, 60.0)
    with serving(server.url, tmp_path) as api, connect(server.url) as client:
        assert httpx.delete(f"{api.http}/v1/sources/lobby").status_code == 204
        assert [key for key in holding(server, OLD) if not key.startswith("appendonly")] == []
        assert holding(server, "lobby")[:2] in ([AUDIT, REMOVED], [REMOVED, AUDIT])
        assert AppendOnlyFile(client).compact(force=True)  # as ingest does seconds after a removal
        until(lambda: not holding(server, OLD), 10, "the new file")
