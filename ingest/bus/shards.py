"""Shards: each source belongs to one, whose engine alone reads its frames, in their order. Pure."""

from collections import Counter
from collections.abc import Iterable

from ingest.bus.source_config import SourceConfig


def emptiest(shards: int, configured: Iterable[SourceConfig]) -> int:
    """Of the shards 0 to `shards` - 1 the first with the fewest sources."""
    sources = Counter(config.shard for config in configured)
    return min(range(shards), key=lambda shard: sources[shard])


def parse_shard(text: str) -> int:
    """A shard's number. Raises ValueError."""
    if not text.strip().isdecimal():
        raise ValueError(f"expected a whole number, actual {text!r}")
    return int(text)


def parse_shards(text: str) -> frozenset[int]:
    """Numbers with commas between them: `0,1`. Raises ValueError."""
    return frozenset(parse_shard(each) for each in text.split(","))
