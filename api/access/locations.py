"""Which addresses a source may have, and how an address is shown."""

import asyncio
import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from ingest.address import NETWORK, AddressError, parse_address
from ingest.networks import ForbiddenError, Networks, checked

FORMS = "rtsp://, rtsps://, http://, https://, webcam:0, or a file in the media folder such as clip.mp4?loop"
LONGEST = 2000  # characters
RESOLVED_WITHIN = 3.0  # seconds
SECRET = re.compile(r"pass|pwd|secret|token|key|auth|sign", re.IGNORECASE)


class LocationError(Exception):
    """An address that no source may have; the message is a sentence without the address's secrets."""


def checked_location(text: str, media: Path) -> str:
    """The address in the form that is kept, which ingest can read; raises LocationError."""
    text = text.strip()
    if not text:
        raise LocationError(f"expected an address: {FORMS}")
    if len(text) > LONGEST:
        raise LocationError(f"expected at most {LONGEST} characters, actual {len(text)}")
    if not text.isprintable():
        raise LocationError("expected printable characters only")
    text = _with_lower_scheme(text)
    try:
        address = parse_address(text, media)
    except AddressError as error:
        raise LocationError(str(error)) from None
    if address.kind == "webcam":
        return text
    if address.kind == "file":
        return _checked_file(text, Path(address.target), media)
    return _checked_network(text)


async def check_reach(location: str, networks: Networks) -> None:
    """Raises LocationError where the host of a checked location lies where no source may lie.

    A name that does not resolve now may do so later: ingest looks again each time that it connects.
    """
    parts = urlsplit(location)
    if networks.everywhere or parts.scheme not in NETWORK:
        return
    try:
        async with asyncio.timeout(RESOLVED_WITHIN):
            await asyncio.to_thread(checked, parts.hostname or "", parts.port or 0, networks)
    except ForbiddenError as error:
        raise LocationError(str(error)) from None
    except (OSError, TimeoutError):
        return


def without_password(url: str) -> str:
    """The address with its password and secret-looking query values replaced by stars."""
    if "://" not in url:
        return url  # a webcam or a file
    try:
        parts = urlsplit(url)
        hosts = parts.netloc.rpartition("@")
    except ValueError:
        return "***"
    user, colon, _ = hosts[0].partition(":")
    netloc = f"{user}:***@{hosts[2]}" if colon else parts.netloc
    return parts._replace(netloc=netloc, query=_without_secrets(parts)).geturl()


def _without_secrets(parts: SplitResult) -> str:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if not any(SECRET.search(name) for name, _ in pairs):
        return parts.query
    shown = [(name, "***" if SECRET.search(name) else value) for name, value in pairs]
    return urlencode(shown, safe="*")


def _with_lower_scheme(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    known = (*NETWORK, "webcam", "file")
    return f"{scheme.lower()}:{rest}" if colon and scheme.lower() in known else text


def _checked_network(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise LocationError(f"not an address: {str(error).split(':', 1)[0]}") from None
    if not host or any(character.isspace() for character in text):
        raise LocationError(f"expected {parts.scheme}://host/path without spaces")
    transport = dict(parse_qsl(parts.query)).get("mien_transport", "tcp")
    if transport not in ("tcp", "udp"):
        raise LocationError(f"expected mien_transport=tcp or udp, actual {transport!r}")
    return text


def _checked_file(text: str, file: Path, media: Path) -> str:
    """`file:` and the path below the media folder, however it was written."""
    _, mark, options = text.partition("?")
    if mark and options != "loop":
        raise LocationError(f"expected ?loop or nothing after a file's name, actual {options!r}")
    try:
        found = file.is_file()
    except OSError:  # a name longer than names can be
        found = False
    if not found:
        raise LocationError("no such file in the media folder")
    return f"file:{file.relative_to(media.resolve())}{mark}{options}"
