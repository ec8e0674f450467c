"""What the service is told by its environment; how ingest works."""

import ipaddress
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ingest.network.allowlist import EVERYWHERE, Networks, parse_networks

OPEN_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 5.0  # seconds without a packet
SHORTEST, LONGEST = 0.1, 600.0  # seconds that either may be
MOST_SHARDS = 1000  # a guess: far beyond what one Redis carries
LONGEST_DELAY = 1000  # ms
RETENTION = "24h"
AUDIT_RETENTION = "90d"

UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "": 3600.0}  # seconds; a bare number counts hours

TokenMode = Literal["open", "required"]
DetectorName = Literal["mien", "yunet"]
RuntimeName = Literal["auto", "onnx", "tensorrt"]
RUNTIMES: tuple[RuntimeName, ...] = ("auto", "onnx", "tensorrt")
PrecisionName = Literal["auto", "fp32"]


class SettingError(Exception):
    """A setting is not what it must be; the message is one line with expected and actual."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How sources are opened and watched over."""

    media: Path  # sources that are files lie under it
    open_timeout: float = OPEN_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    networks: Networks = EVERYWHERE  # that sources may lie in

    @property
    def silence(self) -> float:
        """Seconds after which a decoder that says nothing hangs: longer than each of its own limits."""
        return max(self.open_timeout, self.read_timeout) + 5.0


def settings_from_environment(tokens: TokenMode | None = None) -> Settings:
    """The media folder, MIEN_OPEN_TIMEOUT and MIEN_READ_TIMEOUT in seconds, and MIEN_SOURCE_NETWORKS.

    `tokens`: whether they are asked for, where that is known. Raises SettingError.
    """
    return Settings(
        media=media_folder(data_folder()),
        open_timeout=_timeout("MIEN_OPEN_TIMEOUT", OPEN_TIMEOUT),
        read_timeout=_timeout("MIEN_READ_TIMEOUT", READ_TIMEOUT),
        networks=source_networks(tokens or token_mode()),
    )


def data_folder() -> Path:
    """Where the service keeps what it has: MIEN_DATA, else `data`."""
    return Path(os.environ.get("MIEN_DATA", "data"))


def media_folder(data: Path) -> Path:
    """Where sources that are files lie: MIEN_MEDIA, else `media` in the data folder `data`."""
    return Path(os.environ.get("MIEN_MEDIA", data / "media"))


def retention() -> float:
    """Seconds that timelines are kept: MIEN_RETENTION, hours or such as `90m`, `24h` (default) or `7d`.

    Raises SettingError.
    """
    return _seconds("MIEN_RETENTION", RETENTION)


def audit_retention() -> float:
    """Seconds that the audit log is kept: MIEN_AUDIT_RETENTION, 90 days by default. Raises SettingError."""
    return _seconds("MIEN_AUDIT_RETENTION", AUDIT_RETENTION)


def shard_count() -> int:
    """How many engines share the cameras: MIEN_SHARDS, 1 by default. Raises SettingError."""
    text = os.environ.get("MIEN_SHARDS", "1").strip()
    if not (text.isdecimal() and 1 <= int(text) <= MOST_SHARDS):
        raise SettingError(f"MIEN_SHARDS: expected a whole number from 1 to {MOST_SHARDS}, actual {text!r}")
    return int(text)


def detector_name() -> DetectorName:
    """Which network finds the faces: MIEN_DETECTOR, the shipped one by default. Raises SettingError."""
    match os.environ.get("MIEN_DETECTOR", "").strip():
        case "" | "mien":
            return "mien"
        case "yunet":
            return "yunet"
        case other:
            raise SettingError(f"MIEN_DETECTOR: expected mien or yunet, actual {other!r}")


def runtime_name() -> RuntimeName:
    """What runs the networks: MIEN_RUNTIME, by default TensorRT where it can. Raises SettingError."""
    named = os.environ.get("MIEN_RUNTIME", "").strip() or "auto"
    for runtime in RUNTIMES:
        if named == runtime:
            return runtime
    raise SettingError(f"MIEN_RUNTIME: expected {', '.join(RUNTIMES)}, actual {named!r}")


def precision_name() -> PrecisionName:
    """Which weights the CPU runs: MIEN_PRECISION, by default those that suit it. Raises SettingError."""
    match os.environ.get("MIEN_PRECISION", "").strip():
        case "" | "auto":
            return "auto"
        case "fp32":
            return "fp32"
        case other:
            raise SettingError(f"MIEN_PRECISION: expected auto or fp32, actual {other!r}")


def batch_delay() -> float | None:
    """Seconds that a face waits for others to be read with: MIEN_BATCH_DELAY in ms; None where it is not set.

    Raises SettingError.
    """
    text = os.environ.get("MIEN_BATCH_DELAY", "").strip()
    if not text:
        return None
    if not (re.fullmatch(r"\d{1,4}(?:\.\d+)?", text) and float(text) <= LONGEST_DELAY):
        raise SettingError(f"MIEN_BATCH_DELAY: expected 0 to {LONGEST_DELAY} ms, actual {text!r}")
    return float(text) / 1000


def token_mode(host: str | None = None) -> TokenMode:
    """Whether who asks needs a token: MIEN_TOKENS, else `open` only where `host` is this machine alone.

    Raises SettingError, also for open doors on an address that others reach.
    """
    text = os.environ.get("MIEN_TOKENS", "").strip()
    if text not in ("", "open", "required"):
        raise SettingError(f"MIEN_TOKENS: expected open or required, actual {text!r}")
    elsewhere = host is None or not is_loopback(host)
    if text == "open" and host is not None and elsewhere:
        raise SettingError(f"MIEN_TOKENS=open: expected a loopback address to listen on, actual {host}")
    return "required" if text == "required" or (not text and elsewhere) else "open"


def source_networks(tokens: TokenMode) -> Networks:
    """Where sources may lie: MIEN_SOURCE_NETWORKS beside public addresses.

    Where no token is asked for, who asks sits at this machine and reaches what it reaches: its cameras, and,
    where nothing is named, everything. Raises SettingError.
    """
    named = os.environ.get("MIEN_SOURCE_NETWORKS")
    if named is None and tokens == "open":
        return EVERYWHERE
    try:
        found = parse_networks(named or "")
        return replace(found, webcams=found.webcams or tokens == "open")
    except ValueError as error:
        raise SettingError(f"MIEN_SOURCE_NETWORKS: {error}") from error


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds(name: str, default: str) -> float:
    text = os.environ.get(name, default)
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([mhd]?)", text.strip())
    if found is None or float(found[1]) == 0:
        raise SettingError(f"{name}: expected hours, or such as 90m, 24h or 7d, actual {text!r}")
    return float(found[1]) * UNITS[found[2]]


def _timeout(name: str, default: float) -> float:
    text = os.environ.get(name, f"{default:g}")
    found = re.fullmatch(r"\d{1,3}(?:\.\d+)?", text.strip())
    if found is None or not SHORTEST <= float(found[0]) <= LONGEST:
        raise SettingError(f"{name}: expected {SHORTEST:g} to {LONGEST:g} seconds, actual {text!r}")
    return float(found[0])
