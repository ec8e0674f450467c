"""Reads the packets of an open container."""

from collections.abc import Iterator

from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream


def packets_of(container: InputContainer) -> "Iterator[Packet[Stream]]":
    """Yield all packets, and at the end an empty one for each stream."""
    try:
        yield from container.demux()
    except IndexError:
        # Damage can add a stream while the file is read. PyAV then fails at the end, after all packets of the
        # streams that it knew at the start (av 18.1).
        return
