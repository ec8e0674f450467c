"""Configurations are encoded and decoded; an unreadable one does not affect the other sources."""

import json
import logging

import pytest

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import (
    REQUIRED,
    BadConfigError,
    SourceConfig,
    configured_sources,
    decode_config,
    encode_config,
)

DOOR = SourceConfig("door", "Door", "rtsp://viewer:planted@192.0.2.7/1", 10.0, 1.0)


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(encode_config(DOOR)), **fields}).encode()


def test_encoding_and_decoding_give_the_same() -> None:
    assert decode_config(encode_config(DOOR).encode()) == DOOR


def test_missing_optional_fields_have_defaults() -> None:
    old = {name: value for name, value in json.loads(encode_config(DOOR)).items() if name in REQUIRED}
    assert decode_config(json.dumps(old).encode()) == DOOR
    assert (DOOR.purpose, DOOR.ground, DOOR.picture, DOOR.shard) == ("personal", None, "shown", 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"planted", "not JSON"),
        (
            b"[1]",
            "its fields must be id, name, url, rate, created_at, purpose, ground, picture, shard, got none",
        ),
        (b'{"id": "door"}', "got id"),
        (changed(zoom=2), "got id, name, url, rate, created_at, purpose, ground, picture, shard, zoom"),
        (changed(rate="planted"), "rate must be a number, got str"),
        (changed(url=None), "url must be a text, got NoneType"),
        (changed(shard="planted"), "shard must be a whole number, got str"),
        (changed(picture="planted"), "picture must be one of shown, blurred, none"),
    ],
)
def test_the_error_of_an_unreadable_configuration_has_no_values(text: bytes, why: str) -> None:
    with pytest.raises(BadConfigError, match=why) as caught:
        decode_config(text)
    assert "planted" not in str(caught.value)


def test_an_unreadable_configuration_is_skipped_and_logged_once(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(redis_url) as client, caplog.at_level(logging.WARNING):
        client.hset(SOURCES, mapping={"door": encode_config(DOOR), "gate": changed(later=True)})
        assert [configured_sources(client) for _ in range(2)] == [{"door": DOOR}] * 2
    (line,) = caplog.messages
    assert line.startswith("source gate is skipped: its fields must be ")
