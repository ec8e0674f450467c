"""Configurations are encoded and decoded; an unreadable one does not affect the other sources."""

import json
import logging
from dataclasses import MISSING, fields

import pytest

from ingest.bus.connection import connect
from ingest.bus.keys import SOURCES
from ingest.bus.source_config import (
    DEFAULT_RATE,
    BadConfigError,
    SourceConfig,
    configured_sources,
    decode_config,
    encode_config,
    invalid_config,
)

DOOR = SourceConfig("door", "Door", "rtsp://viewer:planted@192.0.2.7/1", 10.0, 1.0)


def changed(**changes: object) -> bytes:
    return json.dumps({**json.loads(encode_config(DOOR)), **changes}).encode()


def test_encoding_and_decoding_give_the_same() -> None:
    assert decode_config(encode_config(DOOR).encode()) == DOOR


def test_missing_optional_fields_have_defaults() -> None:
    required = {field.name for field in fields(SourceConfig) if field.default is MISSING}
    old = {name: value for name, value in json.loads(encode_config(DOOR)).items() if name in required}
    assert decode_config(json.dumps(old).encode()) == DOOR
    assert (DOOR.purpose, DOOR.ground, DOOR.picture, DOOR.shard) == ("personal", None, "shown", 0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"planted", "the configuration is invalid: Invalid JSON"),
        (b"[1]", "the configuration is invalid: Input should be an object"),
        (b'{"id": "door"}', "name is invalid: Field required"),
        (changed(zoom=2), "zoom is invalid: Unexpected keyword argument"),
        (changed(rate="planted"), "rate is invalid: Input should be a valid number"),
        (changed(rate=1e-300), "rate is invalid: Input should be greater than 0.001"),
        (changed(rate=1e300), "rate is invalid: Input should be less than or equal to 60"),
        (changed(rate=-1.0), "rate is invalid: Input should be greater than 0.001"),
        (changed(rate=float("nan")), "rate is invalid"),
        (changed(url=None), "url is invalid: Input should be a valid string"),
        (changed(shard="planted"), "shard is invalid: Input should be a valid integer"),
        (changed(shard=-1), "shard is invalid: Input should be greater than or equal to 0"),
        (changed(shard=10**9), "shard is invalid: Input should be less than 1000"),
        (changed(created_at=float("inf")), "created_at is invalid"),
        (changed(created_at=-1e300), "created_at is invalid: Input should be greater than or equal to 0"),
        (changed(aspect="planted"), "aspect is invalid: it must be width:height, such as 16:9"),
        (changed(turn="planted"), "turn is invalid: Input should be '0', '90',"),
        (b"[" * 100_000, "the configuration is invalid: Invalid JSON"),
        (changed(picture="planted"), "picture is invalid: Input should be 'shown', 'blurred' or 'none'"),
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
        other = {"gate": changed(later=True), b"\xff": encode_config(DOOR), "yard": encode_config(DOOR)}
        client.hset(SOURCES, mapping={"door": encode_config(DOOR), **other})
        assert [configured_sources(client) for _ in range(2)] == [{"door": DOOR}] * 2
    assert len(caplog.messages) == len(other)
    assert caplog.messages[0].startswith("source gate is skipped: later is invalid: ")
    assert caplog.messages[2].startswith("source yard is skipped: id is invalid: ")


@pytest.mark.parametrize("text", [b"planted", b"[1]", b"{}", changed(rate="planted", zoom=1, id="other")])
def test_what_is_valid_of_an_invalid_configuration_is_shown(text: bytes) -> None:
    found = invalid_config("door", text)
    assert found is not None
    assert found[0].id == "door"
    assert found[0].rate == DEFAULT_RATE
    assert invalid_config("door", encode_config(DOOR).encode()) is None
