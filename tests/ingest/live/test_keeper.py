"""The password of a removed source is erased from the disk."""

import time
from pathlib import Path

from deploy.redis_server import RedisServer
from ingest.bus.aof import AppendOnlyFile
from ingest.bus.connection import REDIS_ERRORS, connect
from ingest.bus.keys import REMOVED, SOURCES
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.live.keeper import COMPACT_INTERVAL, ERASE_DELAY, Keeper
from ingest.settings import IngestSettings
from tests.ingest.append_only import on_disk
from tests.waiting import until

PASSWORD = b"planted-password"
DOOR = SourceConfig("door", "Door", f"rtsp://u:{PASSWORD.decode()}@192.0.2.7/", 10.0, 0.0)


class BusyFile(AppendOnlyFile):
    """A file whose first forced rewrites do not begin."""

    def __init__(self, url: str, answers: list[bool | BaseException]) -> None:
        super().__init__(connect(url))
        self.answers = answers

    def compact(self, *, force: bool = False) -> bool:
        if force and self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, BaseException):
                raise answer
            return answer
        return force and super().compact(force=True)


def test_a_removed_source_is_erased_although_the_first_rewrites_fail(
    server: RedisServer, tmp_path: Path
) -> None:
    file = BusyFile(server.url, [False, REDIS_ERRORS[0]("planted"), False])
    keeper = Keeper(connect(server.url), IngestSettings(media=tmp_path, tokens="open"), file=file)
    now = time.monotonic()
    with connect(server.url) as redis:
        redis.hset(SOURCES, "door", encode_config(DOOR))
        keeper.turn(now)
        redis.hdel(SOURCES, "door")
        keeper.turn(now + 1)
        assert PASSWORD in until(lambda: on_disk(server), 5, "a file")
        for second in range(round(ERASE_DELAY) + 6):
            keeper.turn(now + 2 + second)
    assert file.answers == []
    until(lambda: PASSWORD not in on_disk(server), 5, "the file without the password")
    keeper.stop()


def test_a_source_that_was_removed_while_ingest_was_down_is_erased_once(
    server: RedisServer, tmp_path: Path
) -> None:
    file = BusyFile(server.url, [])
    with connect(server.url) as redis:
        redis.hset(SOURCES, "door", encode_config(DOOR))
        redis.hdel(SOURCES, "door")
        redis.zadd(REMOVED, {"door": time.time() - ERASE_DELAY + 0.5})
    assert not file.remembers_removed(ERASE_DELAY)  # others may still write about it
    until(lambda: file.remembers_removed(ERASE_DELAY), 5, "the end of these seconds")
    keeper = Keeper(connect(server.url), IngestSettings(media=tmp_path, tokens="open"), file=file)
    keeper.turn(time.monotonic())
    until(lambda: PASSWORD not in on_disk(server), 5, "the file without the password")
    assert not file.remembers_removed(ERASE_DELAY)
    file.answers = [False]
    keeper.turn(time.monotonic() + COMPACT_INTERVAL)
    assert file.answers == [False]
    keeper.stop()
