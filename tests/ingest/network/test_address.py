"""What an address says, and what is refused without being shown."""

from pathlib import Path

import pytest

from ingest.network.address import Address, AddressError, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("rtsp://u:p@host:554/a?x=1", Address("rtsp", "rtsp://u:p@host:554/a?x=1")),
        ("rtsps://host/a?mien_transport=udp", Address("rtsp", "rtsps://host/a", transport="udp")),
        ("rtsp://host/a?x=1&mien_transport=udp&y=%20", Address("rtsp", "rtsp://host/a?x=1&y=%20", "udp")),
        ("rtsp://host/a?mien_transport=tcp", Address("rtsp", "rtsp://host/a")),
        ("https://host/live.ts", Address("http", "https://host/live.ts")),
        ("webcam:0", Address("webcam", "/dev/video0")),
        ("clip.mp4", Address("file", "/media/clip.mp4")),
        ("file:a folder/clip.mp4?loop", Address("file", "/media/a folder/clip.mp4", loop=True)),
    ],
)
def test_forms(url: str, address: Address) -> None:
    assert parse_address(url, Path("/media")) == address


@pytest.mark.parametrize("url", ["../secret.mp4", "file:/etc/passwd", "file:a/../../b.mp4"])
def test_files_outside_the_media_folder_are_refused(url: str) -> None:
    with pytest.raises(AddressError, match="inside the media folder"):
        parse_address(url, Path("/media"))


def test_a_refusal_does_not_show_the_password() -> None:
    with pytest.raises(AddressError) as caught:
        parse_address("ftp://u:secret@host/a", Path("/media"))
    assert str(caught.value) == "expected rtsp, rtsps, http, https, webcam or file, actual ftp"
