"""Validation of a source's URL, and its form without secrets."""

import asyncio
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ingest.network.address import STREAM, AddressError, OutsideError, parse_address
from ingest.network.allowlist import NO_WEBCAM, Allowlist, ForbiddenError, allowed_addresses
from ingest.network.source_types import DEFAULT_PORTS, FILE, FORMS, NETWORK_TYPES, SCHEMES, WEBCAM

ESCAPING = "write / ? # @ in a password as %2F %3F %23 %40, and the port in digits"
MAX_LENGTH = 2000  # characters
RESOLVE_TIMEOUT = 3.0  # seconds
HIDDEN = "***"
PUBLIC_OPTIONS = ("mien_transport=tcp", "mien_transport=udp")


class UrlError(Exception):
    """An invalid or forbidden URL; the message is a sentence that quotes no secret of it."""


def validated_url(text: str, media: Path) -> str:
    """Return the URL in the form that is stored and that ingest reads. Raises UrlError."""
    text = text.strip()
    if not text:
        raise UrlError(f"enter an address: {FORMS}")
    if len(text) > MAX_LENGTH:
        raise UrlError(f"must have at most {MAX_LENGTH} characters, got {len(text)}")
    if not text.isprintable():
        raise UrlError("must consist of printable characters")
    text = _with_lower_scheme(text)
    if text.partition("://")[0] in NETWORK_TYPES:
        _check_network_url(text)
    try:
        address = parse_address(text, media)
    except OutsideError as error:
        raise UrlError(f"{error}: {printable_path(media)}") from None
    except AddressError as error:
        raise UrlError(str(error)) from None
    if address.type is FILE:
        return _validated_file(text, Path(address.target), media)
    return text


def no_such_file(media: Path) -> str:
    """Name the media folder in an error for operators; viewers never receive it."""
    return f"no such file in the media folder {printable_path(media)}"


def printable_path(folder: Path) -> str:
    """Return the path as text; bytes that are not UTF-8 become escapes."""
    return str(folder.resolve()).encode("utf-8", "backslashreplace").decode()


async def check_network(url: str, networks: Allowlist) -> None:
    """Raises UrlError if a validated URL is a webcam or a host that the allowlist forbids.

    A name that cannot be resolved now is accepted: ingest checks it again each time that it connects.
    """
    parts = urlsplit(url)
    if parts.scheme == WEBCAM.name and not networks.webcams:
        raise UrlError(NO_WEBCAM)
    if networks.everywhere or parts.scheme not in DEFAULT_PORTS:
        return
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT):
            await asyncio.to_thread(allowed_addresses, parts.hostname or "", parts.port or 0, networks)
    except ForbiddenError as error:
        raise UrlError(str(error)) from None
    except (OSError, TimeoutError):
        return


def without_password(url: str) -> str:
    """Return the URL with stars wherever a camera may have its password; host and plain path remain.

    Stars replace the password, the values of options, and parts of path or host that look like options.
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
    name, mark, value = option.partition("=")
    if name == STREAM.rstrip("=") and value.isdecimal():
        return option
    return option if option in PUBLIC_OPTIONS else f"{name}={HIDDEN}" if mark else HIDDEN


def _with_lower_scheme(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    return f"{scheme.lower()}:{rest}" if colon and scheme.lower() in SCHEMES else text


def _check_network_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UrlError(f"this is not a URL: {ESCAPING}") from None
    if parts.fragment:
        raise UrlError(f"must have no #: {ESCAPING}")
    if not host or any(character.isspace() for character in text):
        raise UrlError(f"must have the form {parts.scheme}://host/path without spaces")
    transport = dict(parse_qsl(parts.query)).get("mien_transport", "auto")
    if transport not in ("tcp", "udp", "auto"):
        raise UrlError("mien_transport must be tcp, udp or auto")


def _validated_file(text: str, file: Path, media: Path) -> str:
    """Return `file:` and the path relative to the media folder."""
    _, mark, options = text.partition("?")
    if mark and any(option != "loop" and not option.startswith(STREAM) for option in options.split("&")):
        raise UrlError("only ?loop and ?mien_stream=N may follow the name of a file")
    try:
        exists = file.is_file()
    except OSError:  # the name is too long for the file system
        exists = False
    if not exists:
        raise UrlError(no_such_file(media))
    return f"file:{file.relative_to(media.resolve())}{mark}{options}"
