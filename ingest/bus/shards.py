"""Shards: each source belongs to one, whose engine reads its frames in their order. Pure."""

from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Iterable

from ingest.bus.source_config import SourceConfig


def emptiest(shards: int, configured: Iterable[SourceConfig]) -> int:
    """Return the first of the shards 0 to `shards` - 1 with the fewest sources."""
    sources = Counter(config.shard for config in configured)
    return min(range(shards), key=lambda shard: sources[shard])


def parse_shard(text: str) -> int:
    """Parse the number of a shard. Raise argparse.ArgumentTypeError."""
    if not text.strip().isdecimal():
        raise ArgumentTypeError(f"a shard is a whole number from 0, got {text!r}")
    return int(text)


def parse_shards(text: str) -> frozenset[int]:
    """Parse numbers with commas between them: `0,1`. Raise argparse.ArgumentTypeError."""
    return frozenset(parse_shard(each) for each in text.split(","))
