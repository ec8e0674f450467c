"""Bytes between packets: filling of the format is no damage, what was overwritten is."""

import io
from pathlib import Path

import av
import pytest

from ingest.files.layout.filling import MAX_OVERHEAD, FillingCheck, chunks_lead, in_step
from ingest.files.recording import open_recording
from tests.clips import even, make_clip

FILLING = bytes.fromhex("471fff10") + b"\xff" * 184


@pytest.fixture(params=["0", "1"], ids=["188", "192"])
def broadcast(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A transport stream of constant bit rate: its muxer puts 50 KB of empty packets behind each picture."""
    source, target = make_clip(tmp_path / "source.mp4", even(10)), tmp_path / "broadcast.ts"
    options = {"muxrate": "12000000", "mpegts_m2ts_mode": request.param}
    with av.open(str(source)) as read, av.open(str(target), "w", options=options) as written:
        stream = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                written.mux(packet)
    return target


def damage_of(file: Path) -> list[str]:
    with open_recording(file, "clip", None) as recording:
        assert list(recording)
    return [damage.reason for damage in recording.damage]


def test_empty_packets_of_a_broadcast_are_filling(broadcast: Path) -> None:
    assert broadcast.read_bytes().count(FILLING) > 10 * MAX_OVERHEAD / len(FILLING)
    assert damage_of(broadcast) == []


def test_an_overwritten_part_of_it_is_damage(broadcast: Path) -> None:
    data = bytearray(broadcast.read_bytes())
    middle, length = len(data) // 2, 4 * MAX_OVERHEAD
    data[middle : middle + length] = bytes(length)
    broadcast.write_bytes(data)
    assert "data missing" in damage_of(broadcast)


def test_packets_that_share_a_large_page_of_ogg_are_whole() -> None:
    check = FillingCheck(None, "ogg")
    pages = [(0, 9), (60_000, 8), (120_000, 8)]
    assert not any(check.lost_before(0, page, 6_000) for page, packets in pages for _ in range(packets))
    assert check.lost_before(0, 400_000, 6_000)


@pytest.mark.parametrize(("size", "sync"), [(188, 0), (192, 4)])
def test_transport_packets_are_in_step_up_to_the_next_one(size: int, sync: int) -> None:
    packet = bytes(sync) + b"G" + bytes(size - sync - 1)
    assert in_step(b"end of a packet" + packet * 100, size, sync)
    assert not in_step(packet * 50 + bytes(size) + packet * 50, size, sync)


def test_chunks_between_two_parts_of_an_avi_lead_to_the_next_picture() -> None:
    index = b"idx1" + (50_000).to_bytes(4, "little") + bytes(50_000)
    between = index + b"RIFF" + bytes(4) + b"AVIX" + b"LIST" + bytes(4) + b"movi"
    assert chunks_lead(io.BytesIO(between + b"00dc"), 0, len(between))
    assert not chunks_lead(io.BytesIO(bytes(len(between))), 0, len(between))
    assert not chunks_lead(io.BytesIO(between), 0, len(between) - 1)
