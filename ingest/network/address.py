"""What a source's address says: pure. The address itself may hold a password and is never shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NETWORK = ("rtsp", "rtsps", "http", "https")
TRANSPORT = "mien_transport="  # an option of ours in the query, which the camera does not get to see


class AddressError(Exception):
    """An address that cannot be opened, whatever happens outside; says why without showing it."""


class OutsideError(AddressError):
    """A file that does not lie in the media folder."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where pictures come from, and how they are to be fetched."""

    kind: Literal["rtsp", "http", "webcam", "file"]
    target: str  # what the decoder opens
    transport: Literal["tcp", "udp"] = "tcp"  # RTSP only
    loop: bool = False  # files only


def parse_address(url: str, media: Path) -> Address:
    """Reads `rtsp://…`, `http://…`, `webcam:0`, `clip.mp4?loop`; files lie under `media`.

    Raises AddressError.
    """
    scheme, _, rest = url.partition(":")
    if scheme in NETWORK and rest.startswith("//"):
        return _network(url, "rtsp" if scheme.startswith("rtsp") else "http")
    if scheme == "webcam" and rest.isdecimal():
        return Address("webcam", f"/dev/video{int(rest)}")
    if "://" in url:
        actual = scheme if scheme.isalpha() else "something else"  # which may have a password in it
        raise AddressError(f"expected {', '.join(NETWORK)}, webcam or file, actual {actual}")
    return _file(url.removeprefix("file:"), media)


def _network(url: str, kind: Literal["rtsp", "http"]) -> Address:
    base, mark, query = url.partition("?")
    options = query.split("&") if mark else []
    transports = [option.removeprefix(TRANSPORT) for option in options if option.startswith(TRANSPORT)]
    others = [option for option in options if not option.startswith(TRANSPORT)]
    target = f"{base}?{'&'.join(others)}" if others else base
    return Address(kind, target, transport="udp" if "udp" in transports else "tcp")


def _file(text: str, media: Path) -> Address:
    name, _, options = text.partition("?")
    folder = media.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise OutsideError("expected a file inside the media folder, actual path leads out of it")
    return Address("file", str(path), loop=options == "loop")
