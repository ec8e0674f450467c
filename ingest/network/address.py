"""Parses the address of a source. Pure. An address may have a password in it and is never shown."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ingest.network.source_types import FILE, NETWORK_TYPES, SCHEMES, WEBCAM, SourceType

Transport = Literal["auto", "tcp", "udp"]

# Options of this service in the query, which the camera does not see.
TRANSPORT = "mien_transport="
STREAM = "mien_stream="  # number of the video stream
MAX_DIGITS = 4  # of that number, and of a webcam's


class AddressError(Exception):
    """An address that can never be opened; the message gives the reason without the address."""


class OutsideError(AddressError):
    """A file outside the media folder."""


@dataclass(frozen=True, slots=True)
class Address:
    """A source's type, and how to open it."""

    type: SourceType
    target: str  # for FFmpeg
    transport: Transport = "auto"  # RTSP only; auto: TCP, and UDP if the camera refuses that
    loop: bool = False  # files only
    stream: int | None = None  # number of the video stream; None: the one that players show

    def options(self) -> dict[str, str]:
        """Return FFmpeg's options."""
        if not self.type.transport_option:
            return dict(self.type.options)
        return {**self.type.options, self.type.transport_option: "udp" if self.transport == "udp" else "tcp"}


def parse_address(url: str, media: Path) -> Address:
    """Parse `rtsp://…`, `http://…`, `webcam:0` or `clip.mp4?loop`, a file in `media`. Raise AddressError."""
    if not url.isprintable():
        raise AddressError("an address must consist of printable characters")
    scheme, _, rest = url.partition(":")
    if scheme in NETWORK_TYPES and rest.startswith("//"):
        return _network(url, NETWORK_TYPES[scheme])
    if scheme == WEBCAM.name and rest.isdecimal() and len(rest) <= MAX_DIGITS:
        return Address(WEBCAM, f"/dev/video{int(rest)}")
    if "://" in url:
        given = scheme if scheme.isalpha() else "something else"  # which may have a password in it
        raise AddressError(f"an address must begin with {', '.join(SCHEMES[:-1])} or file, got {given}")
    return _file(url.removeprefix("file:"), media)


def _network(url: str, source_type: SourceType) -> Address:
    base, mark, query = url.partition("?")
    options = query.split("&") if mark else []
    others = [option for option in options if not option.startswith((TRANSPORT, STREAM))]
    target = f"{base}?{'&'.join(others)}" if others else base
    _check(target)
    return Address(source_type, target, _transport(options), stream=_stream(options))


def _check(target: str) -> None:
    """Raise AddressError for a host or port that is none."""
    try:
        parts = urlsplit(target)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:  # its message may quote a password
        valid = False
    if not valid:
        raise AddressError("an address must have a host, and a port from 1 to 65535 if it has one")


def _stream(options: list[str]) -> int | None:
    numbers = [option.removeprefix(STREAM) for option in options if option.startswith(STREAM)]
    if not numbers:
        return None
    if not numbers[-1].isdecimal() or len(numbers[-1]) > MAX_DIGITS:
        raise AddressError("mien_stream must be the number of a video stream, 0 or more")
    return int(numbers[-1])


def _transport(options: list[str]) -> Transport:
    given = [option.removeprefix(TRANSPORT) for option in options if option.startswith(TRANSPORT)]
    match given[-1] if given else "auto":
        case "tcp" | "udp" | "auto" as transport:
            return transport
    raise AddressError("mien_transport must be tcp, udp or auto")


def _file(text: str, media: Path) -> Address:
    name, _, options = text.partition("?")
    folder = media.resolve()
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError):  # links in a circle
        raise AddressError("a file must be inside the media folder; this path leads nowhere") from None
    if not path.is_relative_to(folder):
        raise OutsideError("a file must be inside the media folder; this path leads out of it")
    given = options.split("&")
    return Address(FILE, str(path), loop="loop" in given, stream=_stream(given))
