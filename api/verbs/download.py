"""Downloads a file with a known size and hash: retries, and stores only the complete and right file."""

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
RETRY_DELAYS = (1.0, 2.0, 4.0)  # seconds
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)  # status codes after which a retry may succeed


class DownloadError(Exception):
    """The file cannot be downloaded or stored, or has a wrong hash; the message is one line."""


@dataclass(frozen=True, slots=True)
class FileDigest:
    """Size and hash of a file."""

    size: int  # bytes
    sha256: str

    def matches(self, path: Path) -> bool:
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def download(url: str, digest: FileDigest, target: Path, delays: Sequence[float] = RETRY_DELAYS) -> None:
    """Download a file to `target`, atomically. Raises DownloadError."""
    content = _fetch_with_retries(url, digest, delays)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != digest.sha256:
        raise DownloadError(f"{url}: sha256 must be {digest.sha256}, got {sha256}; nothing was stored")
    try:
        _write_atomically(content, target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written: {error.strerror}") from error


def _fetch_with_retries(url: str, digest: FileDigest, delays: Sequence[float]) -> bytes:
    reason = ""
    for delay in (0.0, *delays):
        time.sleep(delay)
        try:
            return _fetch(url, digest)
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"the server answers {error.code} {error.reason}"
            if error.code not in TRANSIENT:
                raise DownloadError(f"{url}: {reason}") from error
        except ValueError as error:
            raise DownloadError(f"{url}: not an address that begins with https://: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            reason = _describe(error)
    raise DownloadError(f"{url}: download failed {1 + len(delays)} times: {reason}")


def _fetch(url: str, digest: FileDigest) -> bytes:
    """Read one byte more than the file has at most: a longer file then has a wrong hash."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        content: bytes = response.read(digest.size + 1)
        announced = min(int(response.headers.get("Content-Length", 0)), digest.size)
    if len(content) < announced:
        raise http.client.IncompleteRead(content, announced - len(content))
    return content


def _describe(error: Exception) -> str:
    if isinstance(error, http.client.IncompleteRead):
        return f"the connection broke off after {len(error.partial)} bytes"
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _write_atomically(content: bytes, target: Path) -> None:
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
