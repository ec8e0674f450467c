"""Which weights of a network suit this machine's CPU: those of 8 bits where it multiplies bytes at once."""

from functools import cache
from pathlib import Path

from engine.card import Card
from ingest.settings import PrecisionName

CPUINFO = Path("/proc/cpuinfo")
# Dot products of bytes (VNNI). On x86-64 without them ONNX Runtime adds two products in 16 bits, which may
# not hold them (its documentation on quantization, "When and why do I need to try U8U8?"). Other CPUs were
# not measured.
DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})


def suited(card: Card, precision: PrecisionName = "auto") -> Card:
    """The network with 8-bit weights where there are such, they may be used and the CPU is made for them."""
    if card.int8 is None or precision == "fp32" or not multiplies_bytes():
        return card
    return card.int8


@cache
def multiplies_bytes() -> bool:
    """Whether this CPU is known to have dot products of bytes."""
    try:
        lines = CPUINFO.read_text().splitlines()
    except OSError:  # not Linux
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not DOT_PRODUCTS.isdisjoint(flags.split())
