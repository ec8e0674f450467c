"""Selects the weights that suit this machine's CPU: 8 bits where it has dot products of bytes."""

from functools import cache
from pathlib import Path

from engine.card import Card
from engine.runtimes.runtime import PrecisionName

CPUINFO = Path("/proc/cpuinfo")
# Dot products of bytes (VNNI). On x86-64 without them ONNX Runtime adds two products in 16 bits, which may
# overflow (its documentation on quantization, "When and why do I need to try U8U8?"). Other CPUs were not
# measured.
DOT_PRODUCTS = frozenset({"avx512_vnni", "avx_vnni"})


def select_weights(card: Card, precision: PrecisionName = "auto", cpuinfo: Path = CPUINFO) -> Card:
    """Return the card of the 8-bit weights where they exist, are allowed by `precision` and suit the CPU."""
    if card.int8 is None or precision == "fp32" or not has_byte_dot_products(cpuinfo):
        return card
    return card.int8


@cache
def has_byte_dot_products(cpuinfo: Path = CPUINFO) -> bool:
    """Return whether the kernel reports dot products of bytes for this CPU."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:  # not Linux
        return False
    flags = next((line for line in lines if line.startswith("flags")), "")
    return not DOT_PRODUCTS.isdisjoint(flags.split())
