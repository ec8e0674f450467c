"""Limits the memory of a process that decodes pictures, by the largest picture that it may decode."""

from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap
from resource import RLIM_INFINITY, RLIMIT_DATA, getrlimit, setrlimit

# Bytes for each pixel of that picture: some 20 pictures of 1.5 to 3 bytes a pixel, which threads work on,
# and to which others refer. The largest pictures have few of them (ITU-T H.264, A.3.1).
BYTES_PER_PIXEL = 40

SPARE = 1 << 28  # bytes; more than any one picture

TOO_MUCH = "needs more memory than MIEN_PIXELS_LIMIT gives: raise it, or make the pictures smaller"


def limit_memory(base: int, max_pixels: int) -> None:
    """Limit this process to `base` bytes besides its pictures, unless it has a lower limit already."""
    most = base + BYTES_PER_PIXEL * max_pixels
    _, hard = getrlimit(RLIMIT_DATA)
    most = most if hard == RLIM_INFINITY else min(most, hard)
    setrlimit(RLIMIT_DATA, (most, most))


def is_exhausted() -> bool:
    """Return whether this process can have no more memory.

    If it can, an error of too little memory came from a damaged file, in which a wrong size demands too much.
    """
    try:
        mmap(-1, SPARE, flags=MAP_PRIVATE | MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return True
    return False
