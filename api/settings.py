"""Settings of the API, of recordings, and of the commands that call a running service."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field

from ingest.environment import DURATION, UNIT_SECONDS, EnvironmentSettings, SettingError, form, setting
from ingest.settings import IngestSettings

LAST_PORT = 65535
BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
RESERVE = 200_000_000  # bytes of free disk that recordings leave for Redis; a guess


def _matched(pattern: str, text: str) -> re.Match[str]:
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None or not int(match[1]):
        raise ValueError(text)
    return match


def _size(text: str) -> int:
    match = _matched(r"(\d{1,15})([KMGT]?)B?", text)
    return int(match[1]) * BYTES[match[2].upper()]


def _length(text: str) -> float:
    match = _matched(r"(\d{1,9})([smhd])", text)
    return float(int(match[1]) * UNIT_SECONDS[match[2].lower()])


def _sub_path(text: str) -> str:
    path = text.strip("/")
    if path and not re.fullmatch(r"[\w~-][\w.~-]*(/[\w~-][\w.~-]*)*", path, re.ASCII):
        raise ValueError(text)
    return f"/{path}" if path else ""


Size = Annotated[int, form("a size such as 500M or 2G", _size)]  # bytes
Length = Annotated[float, form("a duration such as 90m or 4h", _length)]  # seconds
SubPath = Annotated[str, form("a path such as /mien", _sub_path)]  # "", or begins with a slash, ends without


class RecordingLimits(EnvironmentSettings):
    """Limits of a recording, which the API and the job workers check."""

    upload: Size = setting("MIEN_UPLOAD_LIMIT", "2G", "the largest file that may be uploaded")
    duration: Length = setting("MIEN_DURATION_LIMIT", "4h", "the longest recording")
    pixels: int = Field(default_factory=lambda: IngestSettings.read("pixels").pixels)  # of a picture
    reserve: int = RESERVE  # bytes


class ApiSettings(EnvironmentSettings):
    """TLS, retention of the audit log, and the contact in notices."""

    tls_certificate: Path | None = setting(
        "MIEN_TLS_CERTIFICATE", None, "a PEM file", option="--tls-certificate"
    )
    tls_key: Path | None = setting(
        "MIEN_TLS_KEY", None, "its key, a PEM file without a password", option="--tls-key"
    )
    audit_retention: Annotated[float, DURATION] = setting(  # seconds
        "MIEN_AUDIT_RETENTION", "90d", "how long the audit log is kept"
    )
    root_path: SubPath = setting(
        "MIEN_ROOT_PATH", "", "the sub-path at which a reverse proxy serves the service", option="--root-path"
    )
    contact: str = setting(
        "MIEN_CONTACT", "", "the contact in each notice for the people in front of a camera"
    )


class ClientSettings(EnvironmentSettings):
    """Address of the service that a command calls, its token, and the trusted certificates."""

    url: str = setting("MIEN_URL", "http://127.0.0.1:8400", "the address of the service")
    token: str = setting("MIEN_TOKEN", "", "an access token, as `mien tokens add` prints it", secret=True)
    authority: str = setting(
        "MIEN_CA", "", "a file of certificates to trust besides the machine's own, or `none` to trust any"
    )


def checked_port(port: int) -> int:
    """Return the port; raises SettingError for one that no server can listen on."""
    if not 1 <= port <= LAST_PORT:
        raise SettingError(f"--port must be between 1 and {LAST_PORT}, got {port}")
    return port
