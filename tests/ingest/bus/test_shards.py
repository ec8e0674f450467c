"""Sources are spread evenly over shards, and each ingest process reads those of its own shards."""

import time
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES, beat_key, frames_key, timeline_key
from ingest.bus.shards import emptiest, parse_shards
from ingest.bus.source_config import SourceConfig, encode_config
from ingest.environment import SettingError
from ingest.live.keeper import Keeper
from ingest.settings import IngestSettings
from tests.clips import even, make_clip
from tests.waiting import until

DOOR = SourceConfig("door", "Door", "clip.mp4?loop", 10.0, 0.0)


def test_a_new_source_gets_the_emptiest_shard() -> None:
    configured: list[SourceConfig] = []
    for _ in range(7):
        configured.append(replace(DOOR, shard=emptiest(3, configured)))
    assert [config.shard for config in configured] == [0, 1, 2, 0, 1, 2, 0]
    assert emptiest(3, [config for config in configured if config.shard != 1]) == 1
    assert emptiest(1, configured) == 0


def test_shards_are_parsed_from_numbers() -> None:
    assert parse_shards("0, 2") == {0, 2}
    for text in ("", "0,", "-1", "a", "1.5"):
        with pytest.raises(ArgumentTypeError, match="a shard is a whole number from 0, got"):
            parse_shards(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "2.5", "many", "1001"])
def test_an_invalid_number_of_shards_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MIEN_SHARDS", text)
    with pytest.raises(SettingError, match="MIEN_SHARDS must be a whole number from 1 to 1000, got"):
        IngestSettings.read("shards")


def test_one_shard_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_SHARDS", raising=False)
    assert IngestSettings.read("shards").shards == 1


def test_a_keeper_reads_only_the_sources_of_its_shards(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("MIEN_MEDIA", str(tmp_path))
    monkeypatch.setenv("MIEN_TOKENS", "open")
    make_clip(tmp_path / "clip.mp4", even(25))
    with connect(redis_url) as client:
        for shard, id in enumerate(("door", "hall", "yard")):
            config = replace(DOOR, id=id, created_at=time.time(), shard=shard)
            client.hset(SOURCES, id, encode_config(config))
        keeper = Keeper(connect(redis_url), IngestSettings(media=tmp_path, tokens="open"), {1, 2})

        def frames_of(shard: int) -> int:
            keeper.turn(time.monotonic())
            return int(client.xlen(frames_key(shard)))

        try:
            for shard in (1, 2):
                until(lambda: frames_of(shard), 20, f"frames of shard {shard}")  # noqa: B023
            (hall,) = {fields[b"source"] for _, fields in client.xrange(frames_key(1))}
        finally:
            keeper.stop()
        assert hall == b"hall"
        assert not client.exists(frames_key(0), timeline_key("door"), beat_key("ingest"))
        assert client.exists(beat_key("ingest:1"), beat_key("ingest:2")) == 2
