"""Settings that all parts of the service share, and those of ingest alone."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import InstanceOf

from ingest.environment import DURATION, EnvironmentSettings, SettingError, between, form, setting
from ingest.network.allowlist import EVERYWHERE, Allowlist, is_loopback, parse_allowlist
from ingest.picture.options import MAX_PIXELS

MAX_SHARDS = 1000  # a guess: far beyond what one Redis carries

TokenMode = Literal["open", "required"]


def shard_number(text: str) -> int:
    """Parse the number of shards. Raises ValueError."""
    if not (text.isdecimal() and 1 <= int(text) <= MAX_SHARDS):
        raise ValueError(text)
    return int(text)


def pixels(text: str) -> int:
    """Parse a width and height such as 3840x2160 into a number of pixels. Raises ValueError."""
    found = re.fullmatch(r"([1-9]\d{0,5})[xX]([1-9]\d{0,5})", text)
    if found is None:
        raise ValueError(text)
    return min(int(found[1]) * int(found[2]), MAX_PIXELS)


def media_of(fields: dict[str, Any]) -> Path:
    """Return the media folder in the data folder."""
    return Path(fields["data"]) / "media"


REDIS_ADDRESS = form("an address such as redis://127.0.0.1:6379/0", str)  # ingest.bus.connection parses it
SHARDS = form(f"a whole number from 1 to {MAX_SHARDS}", shard_number)
NETWORKS = form(
    "networks such as 192.168.1.0/24, host names, or webcam, with commas between", parse_allowlist
)
PIXELS = form("a width and height such as 3840x2160", pixels)
TIMEOUT = between(0.1, 600, "seconds")


class IngestSettings(EnvironmentSettings):
    """Folders, Redis, retention and access, which all parts use, and the timeouts of cameras."""

    data: Path = setting("MIEN_DATA", "data", "the data folder", option="--data")
    media: Path = setting(
        "MIEN_MEDIA",
        media_of,
        "the folder of the files that may be sources or recordings",
        option="--media",
        shown="`media` in the data folder",
    )
    redis_url: Annotated[str | None, REDIS_ADDRESS] = setting(
        "REDIS_URL",
        None,
        "a Redis, 7 or later, or a [cluster](scaling.md#what-one-redis-carries), to use instead of the "
        "service's own: [see below](#a-redis-of-your-own)",
        secret=True,
    )
    retention: Annotated[float, DURATION] = setting(  # seconds
        "MIEN_RETENTION",
        "24h",
        "how long timelines and recordings are kept; a number without a unit counts hours",
    )
    shards: Annotated[int, SHARDS] = setting(
        "MIEN_SHARDS", "1", "how many engines share the cameras: [see scaling](scaling.md)"
    )
    tokens: TokenMode | None = setting(
        "MIEN_TOKENS",
        None,
        "whether clients need a token",
        shown="`open` on a loopback address, else `required`",
    )
    source_networks: Annotated[InstanceOf[Allowlist] | None, NETWORKS] = setting(
        "MIEN_SOURCE_NETWORKS",
        None,
        "networks and hosts, besides public addresses, that sources may be in: "
        "[see below](#where-sources-may-be)",
        shown="see below",
    )
    open_timeout: Annotated[float, TIMEOUT] = setting(
        "MIEN_OPEN_TIMEOUT", "10", "how long ingest waits for a camera to answer"
    )
    read_timeout: Annotated[float, TIMEOUT] = setting(
        "MIEN_READ_TIMEOUT", "5", "how long ingest waits for a camera's next data"
    )
    pixels: Annotated[int, PIXELS] = setting(  # width times height
        "MIEN_PIXELS_LIMIT",
        "8192x6144",
        "the largest picture that is decoded, of live sources, recordings and `mien run`",
    )

    @property
    def report_timeout(self) -> float:
        """Seconds without a report after which a decoder counts as hung: more than its own timeouts."""
        return max(self.open_timeout, self.read_timeout) + 5.0

    @property
    def networks(self) -> Allowlist:
        """Networks that sources may be in, for a part that does not know the API's address."""
        return self.networks_for(self.tokens or "required")

    def networks_for(self, tokens: TokenMode) -> Allowlist:
        """Return the networks and hosts that sources may be in.

        Clients without tokens are on this machine, and may reach what it reaches: its webcams, and
        everything if no network is named.
        """
        if self.source_networks is None:
            return EVERYWHERE if tokens == "open" else Allowlist()
        return replace(self.source_networks, webcams=self.source_networks.webcams or tokens == "open")

    def tokens_for(self, host: str) -> TokenMode:
        """Return whether an API that listens on `host` requires tokens: always where others can reach it.

        Raises SettingError for MIEN_TOKENS=open on such an address.
        """
        if is_loopback(host):
            return self.tokens or "open"
        if self.tokens == "open":
            raise SettingError(f"MIEN_TOKENS=open needs a loopback address to listen on, got {host}")
        return "required"


def external_redis() -> str | None:
    """Return REDIS_URL, unchecked; None where the service runs a Redis of its own."""
    return IngestSettings.read("redis_url").redis_url


def data_folder() -> Path:
    return IngestSettings.read("data").data


def retention() -> float:
    """Return the seconds that timelines and recordings are kept. Raises SettingError."""
    return IngestSettings.read("retention").retention
