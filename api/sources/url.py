"""Which addresses a source may have, and how an address is shown."""

import asyncio
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.network.address import AddressError, OutsideError, parse_address
from ingest.network.allowlist import NO_WEBCAM, ForbiddenError, Networks, allowed_addresses
from ingest.network.source_types import DEFAULT_PORTS, FILE, SCHEMES, WEBCAM

FORMS = "rtsp://, rtsps://, http://, https://, webcam:0, or a file in the media folder such as clip.mp4?loop"
HOW_TO_WRITE = "write a password's / ? # @ as %2F %3F %23 %40, and a port in digits"
LONGEST = 2000  # characters
RESOLVED_WITHIN = 3.0  # seconds
HIDDEN = "***"
PLAIN = ("mien_transport=tcp", "mien_transport=udp")  # options of ours


class UrlError(Exception):
    """An address that no source may have; the message is a sentence without the address's secrets."""


def validated_url(text: str, media: Path) -> str:
    """The address in the form that is kept, which ingest can read; raises LocationError."""
    text = text.strip()
    if not text:
        raise UrlError(f"expected an address: {FORMS}")
    if len(text) > LONGEST:
        raise UrlError(f"expected at most {LONGEST} characters, actual {len(text)}")
    if not text.isprintable():
        raise UrlError("expected printable characters only")
    text = _with_lower_scheme(text)
    try:
        address = parse_address(text, media)
    except OutsideError as error:
        raise UrlError(f"{error}: {printable_path(media)}") from None
    except AddressError as error:
        raise UrlError(str(error)) from None
    if address.type is FILE:
        return _checked_file(text, Path(address.target), media)
    return _checked_network(text) if address.type.ports else text


def no_such_file(media: Path) -> str:
    """For who adds a file, which takes the scope operate: viewers need not know where files lie."""
    return f"no such file in the media folder {printable_path(media)}"


def printable_path(folder: Path) -> str:
    """Its path; bytes in it that are no UTF-8 become escapes."""
    return str(folder.resolve()).encode("utf-8", "backslashreplace").decode()


async def check_network(location: str, networks: Networks) -> None:
    """Raises LocationError where a checked location is a webcam or a host that no source may be.

    A name that does not resolve now may do so later: ingest looks again each time that it connects.
    """
    parts = urlsplit(location)
    if parts.scheme == WEBCAM.name and not networks.webcams:
        raise UrlError(NO_WEBCAM)
    if networks.everywhere or parts.scheme not in DEFAULT_PORTS:
        return
    try:
        async with asyncio.timeout(RESOLVED_WITHIN):
            await asyncio.to_thread(allowed_addresses, parts.hostname or "", parts.port or 0, networks)
    except ForbiddenError as error:
        raise UrlError(str(error)) from None
    except (OSError, TimeoutError):
        return


def without_password(url: str) -> str:
    """The address with stars wherever a camera may have its password: only host and plain path are shown.

    That is in front of the host, in options, and in parts of the path or host that have the form of options.
    """
    if "://" not in url:
        return url  # a webcam or a file
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    user, at, host = parts.netloc.rpartition("@")
    name, colon, _ = user.partition(":")
    login = f"{name}:{HIDDEN}" if colon else HIDDEN
    return parts._replace(
        netloc=f"{login if at else ''}{at}{re.sub('[;=&,].*', HIDDEN, unquote(host))}",
        path="/".join(HIDDEN if "=" in unquote(part) else part for part in parts.path.split("/")),
        query="&".join(_shown_option(option) for option in parts.query.split("&") if option),
        fragment=HIDDEN if parts.fragment else "",
    ).geturl()


def _shown_option(option: str) -> str:
    name, mark, _ = option.partition("=")
    return option if option in PLAIN else f"{name}={HIDDEN}" if mark else HIDDEN


def _with_lower_scheme(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    return f"{scheme.lower()}:{rest}" if colon and scheme.lower() in SCHEMES else text


def _checked_network(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UrlError(f"not an address: {HOW_TO_WRITE}") from None
    if parts.fragment:
        raise UrlError(f"expected no #, actual one: {HOW_TO_WRITE}")
    if not host or any(character.isspace() for character in text):
        raise UrlError(f"expected {parts.scheme}://host/path without spaces")
    transport = dict(parse_qsl(parts.query)).get("mien_transport", "tcp")
    if transport not in ("tcp", "udp"):
        raise UrlError("expected mien_transport=tcp or udp, actual something else")
    return text


def _checked_file(text: str, file: Path, media: Path) -> str:
    """`file:` and the path below the media folder, however it was written."""
    _, mark, options = text.partition("?")
    if mark and options != "loop":
        raise UrlError("expected ?loop or nothing after a file's name, actual something else")
    try:
        found = file.is_file()
    except OSError:  # a name longer than names can be
        found = False
    if not found:
        raise UrlError(no_such_file(media))
    return f"file:{file.relative_to(media.resolve())}{mark}{options}"
