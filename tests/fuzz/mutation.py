"""Mutations of a file's bytes, each chosen by a seed: bits, cuts, zeros and swapped blocks. Pure."""

import random
from collections.abc import Callable

MAX_MUTATIONS = 3  # of one file
MAX_BITS = 64
MAX_BLOCK = 4096  # bytes of a block that is zeroed or swapped

Mutation = Callable[[random.Random, bytearray], None]


def bits(rng: random.Random, data: bytearray) -> None:
    """Flip up to 64 bits, half of the time all of them in the head, where the index and the sizes are."""
    end = min(len(data), 1024) if rng.random() < 0.5 else len(data)
    for _ in range(rng.randint(1, MAX_BITS)):
        data[rng.randrange(end)] ^= 1 << rng.randrange(8)


def cut(rng: random.Random, data: bytearray) -> None:
    """Drop the end of the file, or a piece from its middle."""
    start = rng.randrange(len(data))
    end = len(data) if rng.random() < 0.5 else start + rng.randint(1, MAX_BLOCK)
    del data[start:end]


def zeros(rng: random.Random, data: bytearray) -> None:
    """Overwrite a block with zeros, up to a third of the file."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randint(1, max(1, len(data) // 3)))
    data[start:end] = bytes(end - start)


def swap(rng: random.Random, data: bytearray) -> None:
    """Exchange two blocks of one size, which may overlap."""
    size = rng.randint(1, min(MAX_BLOCK, len(data)))
    first, second = (rng.randrange(len(data) - size + 1) for _ in range(2))
    data[first : first + size], data[second : second + size] = (
        data[second : second + size],
        data[first : first + size],
    )


MUTATIONS: tuple[Mutation, ...] = (bits, cut, zeros, swap)


def mutated(data: bytes, seed: int) -> tuple[bytes, tuple[str, ...]]:
    """Return the file changed by one to three mutations, and their names in order."""
    rng, changed, names = random.Random(seed), bytearray(data), []
    for mutation in rng.choices(MUTATIONS, k=rng.randint(1, MAX_MUTATIONS)):
        if changed:
            mutation(rng, changed)
            names.append(mutation.__name__)
    return bytes(changed), tuple(names)
