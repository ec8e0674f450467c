"""Downloads a file of which size and hash are known: tries again, keeps nothing else, replaces at once."""

import hashlib
import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 15.0  # seconds without an answer
PAUSES = (1.0, 2.0, 4.0)  # seconds before the second and each later try
PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that may be others a little later


class DownloadError(Exception):
    """The file could not be had, or is another one; the message is one line."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A file to download."""

    size: int  # bytes
    sha256: str


def download(address: str, expected: Expected, target: Path, pauses: Sequence[float] = PAUSES) -> None:
    """Puts what lies at `address` at `target`, whole or not at all. Raises DownloadError."""
    content = _fetched(address, expected, pauses)
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.sha256:
        raise DownloadError(f"{address}: expected sha256 {expected.sha256}, actual {actual}; nothing is kept")
    try:
        _put(content, target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written: {error.strerror}") from error


def is_there(target: Path, expected: Expected) -> bool:
    """Check whether `target` already is the file."""
    return target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == expected.sha256


def _fetched(address: str, expected: Expected, pauses: Sequence[float]) -> bytes:
    reason = ""
    for pause in (0.0, *pauses):
        time.sleep(pause)
        try:
            return _fetch(address, expected)
        except urllib.error.HTTPError as error:
            reason = f"the server answers {error.code} {error.reason}"
            if error.code not in PASSING:
                raise DownloadError(f"{address}: {reason}") from error
        except ValueError as error:
            raise DownloadError(
                f"{address}: expected an address that begins with https://: {error}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            reason = _in_words(error)
    raise DownloadError(f"{address}: not to be had in {1 + len(pauses)} tries: {reason}")


def _fetch(address: str, expected: Expected) -> bytes:
    """A byte more than is expected at most, which the hash then tells."""
    with urllib.request.urlopen(address, timeout=TIMEOUT) as response:
        content: bytes = response.read(expected.size + 1)
        promised = min(int(response.headers.get("Content-Length", 0)), expected.size)
    if len(content) < promised:
        raise http.client.IncompleteRead(content, promised - len(content))
    return content


def _in_words(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"it broke off after {len(error.partial)} bytes"
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _put(content: bytes, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)  # the service may run as another user
            Path(file.name).replace(target)
        except BaseException:
            Path(file.name).unlink()
            raise
