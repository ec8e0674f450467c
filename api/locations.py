"""Where a source's picture may come from, and how its address is shown."""

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

NETWORK = ("rtsp", "rtsps", "http", "https")
FORMS = "rtsp://, rtsps://, http://, https://, webcam:0, or a file in the media folder such as clip.mp4?loop"
LONGEST = 2000  # characters
SECRET = re.compile(r"pass|pwd|secret|token|key|auth|sign", re.IGNORECASE)


class LocationError(Exception):
    """An address that no source may have; the message is a sentence without the address's secrets."""


def checked_location(text: str, media: Path) -> str:
    """The address in the form in which ingest reads it; raises LocationError."""
    text = text.strip()
    if not text:
        raise LocationError(f"expected an address: {FORMS}")
    if len(text) > LONGEST:
        raise LocationError(f"expected at most {LONGEST} characters, actual {len(text)}")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise LocationError("expected printable characters only")
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in NETWORK:
        return _checked_network(text)
    if colon and scheme.lower() == "webcam":
        return _checked_webcam(rest)
    if "://" in text and scheme.lower() != "file":
        raise LocationError(f"expected one of {FORMS}; actual scheme {scheme!r}")
    return _checked_file(rest if colon and scheme.lower() == "file" else text, media)


def without_password(url: str) -> str:
    """The address with its password and secret-looking query values replaced by stars."""
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


def _checked_network(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise LocationError(f"not an address: {str(error).split(':', 1)[0]}") from None
    if not host or any(character.isspace() for character in text):
        raise LocationError(f"expected {parts.scheme}://host/path, without spaces")
    transport = dict(parse_qsl(parts.query)).get("mien_transport", "tcp")
    if transport not in ("tcp", "udp"):
        raise LocationError(f"expected mien_transport=tcp or udp, actual {transport!r}")
    return parts._replace(scheme=parts.scheme.lower()).geturl()


def _checked_webcam(number: str) -> str:
    if not re.fullmatch(r"[0-9]{1,2}", number):
        raise LocationError("expected webcam: and the camera's number, as in webcam:0")
    return f"webcam:{int(number)}"


def _checked_file(text: str, media: Path) -> str:
    """`file:` and the path below the media folder, however it was written."""
    path, mark, options = text.removeprefix("//").partition("?")
    if mark and options != "loop":
        raise LocationError(f"expected ?loop or nothing after a file's name, actual {options!r}")
    folder = media.resolve()
    found = (folder / path).resolve()
    if not found.is_relative_to(folder):
        raise LocationError("expected a file inside the media folder, actual path leads out of it")
    if not found.is_file():
        raise LocationError(f"no such file in the media folder: {found.relative_to(folder)}")
    return f"file:{found.relative_to(folder)}{mark}{options}"
