"""Commands whose reply is lost, and which the client repeats: each is carried out once, and says so."""

import argparse
import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest

from api.access.audit import Audit
from api.access.caller import LOCAL
from api.recordings.store import JobStore
from api.sources.store import add_source_config, change_config
from deploy import tokens
from deploy.redis_server import RedisServer
from ingest.bus.connection import CONNECTION_ERRORS, connect, connect_async
from ingest.bus.frame_stream import FrameStream
from ingest.bus.keys import AUDIT, JOB_QUEUE, SOURCES, TOKENS, frames_key, job_key
from ingest.bus.source_config import SourceConfig, encode_config
from tests.api.jobs.test_queue import job

TIMEOUT = 0.05  # seconds without a reply after which the clients here repeat a command
SILENCE = 0.15  # seconds
WRITES = ("EVAL", "XADD", "HSETNX")  # commands

CONFIG = SourceConfig("gate", "Gate", "gate.mp4", 10.0, 0.0)
CHANGED = replace(CONFIG, rate=5.0)


@contextmanager
def silent(server: RedisServer) -> Iterator[None]:
    """Stop the server for some time: it carries out later what it was sent, also over closed connections."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    waking = threading.Timer(SILENCE, server.process.send_signal, (signal.SIGCONT,))
    waking.start()
    try:
        yield
    finally:
        waking.join()


def repeated(server: RedisServer, action: Callable[[Any], Awaitable[Any]]) -> Any:
    """Return the answer of an action; the server is silent during each of its WRITES."""

    async def act() -> Any:
        client: Any
        async with connect_async(server.url, timeout=TIMEOUT) as client:
            await client.time()  # connects
            execute = client.execute_command

            async def interrupted(*arguments: Any, **options: Any) -> Any:
                with silent(server) if arguments[0] in WRITES else nullcontext():
                    return await execute(*arguments, **options)

            client.execute_command = interrupted
            return await action(client)

    return asyncio.run(act())


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    with connect(redis_url) as client:
        yield client


def test_a_source_is_added_and_changed_once(client: Any, redis_server: RedisServer) -> None:
    assert repeated(redis_server, lambda redis: add_source_config(redis, CONFIG))
    assert repeated(redis_server, lambda redis: change_config(redis, CONFIG, CHANGED))
    assert client.hget(SOURCES, "gate") == encode_config(CHANGED).encode()
    other = replace(CONFIG, created_at=1.0)
    assert not repeated(redis_server, lambda redis: add_source_config(redis, other))
    assert not repeated(redis_server, lambda redis: change_config(redis, CONFIG, other))


def test_a_recording_is_queued_and_cancelled_once(client: Any, redis_server: RedisServer) -> None:
    repeated(redis_server, lambda redis: JobStore(redis).add(job("clip")))
    assert client.xlen(JOB_QUEUE) == 1
    assert repeated(redis_server, lambda redis: JobStore(redis).cancel("clip"))
    assert (client.hget(job_key("clip"), "state"), client.xlen(JOB_QUEUE)) == (b'"aborted"', 0)


def test_an_action_is_noted_once(client: Any, redis_server: RedisServer) -> None:
    repeated(redis_server, lambda redis: Audit(redis).record(LOCAL, "source.added", "gate"))
    assert [fields for _, fields in client.xrange(AUDIT)] == [
        {b"caller": b"local", b"action": b"source.added", b"subject": b"gate"}
    ]


def test_a_token_is_added_once_and_shown(
    client: Any, redis_server: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    given = argparse.Namespace(name="desk", scope="view", data=None)
    impatient: Any
    with connect(redis_server.url, retries=3, timeout=TIMEOUT) as impatient:
        impatient.time()
        execute = impatient.execute_command

        def interrupted(*arguments: Any, **options: Any) -> Any:
            with silent(redis_server) if arguments[0] in WRITES else nullcontext():
                return execute(*arguments, **options)

        impatient.execute_command = interrupted
        tokens.add(impatient, given)
    assert capfd.readouterr().out.startswith("mien_")
    assert (client.hlen(TOKENS), client.xlen(AUDIT)) == (1, 1)


def test_a_frame_is_not_repeated(client: Any, redis_server: RedisServer) -> None:
    with connect(redis_server.url, retries=0, timeout=TIMEOUT) as ingest:
        stream = FrameStream(ingest)
        stream.push({"source": "lobby", "media_time": 1})
        with silent(redis_server), pytest.raises(CONNECTION_ERRORS):
            stream.push({"source": "lobby", "media_time": 2})
        stream.push({"source": "lobby", "media_time": 3})
    assert [fields[b"media_time"] for _, fields in client.xrange(frames_key(0))] == [b"1", b"2", b"3"]
