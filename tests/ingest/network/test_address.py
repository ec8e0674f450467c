"""Addresses are parsed, and invalid ones are refused without being shown."""

from pathlib import Path

import pytest

from ingest.files.opening import UnreadableError, open_video
from ingest.network.address import Address, AddressError, parse_address
from ingest.network.source_types import FILE, HTTP, RTSP, WEBCAM


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("rtsp://u:p@host:554/a?x=1", Address(RTSP, "rtsp://u:p@host:554/a?x=1")),
        ("rtsps://host/a?mien_transport=udp", Address(RTSP, "rtsps://host/a", transport="udp")),
        ("rtsp://host/a?x=1&mien_transport=udp&y=%20", Address(RTSP, "rtsp://host/a?x=1&y=%20", "udp")),
        ("rtsp://host/a?mien_transport=tcp", Address(RTSP, "rtsp://host/a", "tcp")),
        ("https://host/live.ts", Address(HTTP, "https://host/live.ts")),
        ("http://host/a?x=1&mien_stream=2", Address(HTTP, "http://host/a?x=1", stream=2)),
        ("clip.mp4?loop&mien_stream=1", Address(FILE, "/media/clip.mp4", loop=True, stream=1)),
        ("webcam:0", Address(WEBCAM, "/dev/video0")),
        ("clip.mp4", Address(FILE, "/media/clip.mp4")),
        ("file:a folder/clip.mp4?loop", Address(FILE, "/media/a folder/clip.mp4", loop=True)),
    ],
)
def test_forms(url: str, address: Address) -> None:
    assert parse_address(url, Path("/media")) == address


@pytest.mark.parametrize("url", ["../secret.mp4", "file:/etc/passwd", "file:a/../../b.mp4"])
def test_files_outside_the_media_folder_are_refused(url: str) -> None:
    with pytest.raises(AddressError, match="inside the media folder"):
        parse_address(url, Path("/media"))


def test_an_error_does_not_show_the_password() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("ftp://u:secret@host/a", Path("/media"))
    assert str(caught.value) == "an address must begin with rtsp, rtsps, http, https, webcam or file, got ftp"


@pytest.mark.parametrize("url", ["rtsp://host/a?mien_stream=-1", "clip.mp4?mien_stream=second"])
def test_the_number_of_a_stream_is_a_number(url: str) -> None:
    with pytest.raises(AddressError, match="mien_stream must be the number of a video stream"):
        parse_address(url, Path("/media"))


@pytest.mark.parametrize(
    "url",
    [
        *("", "planted\0", "clip\ud800.mp4", "clip\n.mp4", "file:\0", "rtsp://host/\r\nplanted: 1"),
        *("rtsp://", "rtsp:///a", "http://:80/", "rtsp://[::1", "rtsp://[planted]/", "rtsp://host:99999/"),
        *("rtsp://host:-1/", "rtsp://host:0/", "rtsp://u:planted@host:planted/", "http://ho st:a/"),
        *("webcam:" + "9" * 5000, "webcam:-1", "webcam:²", "round/" * 500, "round"),
        *("clip.mp4?mien_stream=²", "clip.mp4?mien_stream=99999", "http://host/?mien_stream=-1"),
    ],
)
def test_no_stored_address_is_more_than_an_error(tmp_path: Path, url: str) -> None:
    (tmp_path / "round").symlink_to("round")
    with pytest.raises((AddressError, UnreadableError)) as caught:
        open_video(Path(parse_address(url, tmp_path).target))
    assert "planted" not in str(caught.value)
