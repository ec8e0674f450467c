"""Limits the memory of a process that decodes pictures, by the largest picture that it may decode."""

from resource import RLIM_INFINITY, RLIMIT_DATA, getrlimit, setrlimit

# Bytes for each pixel of that picture: some 20 pictures of 1.5 to 3 bytes a pixel, which threads work on,
# and to which others refer. The largest pictures have few of them (ITU-T H.264, A.3.1).
BYTES_PER_PIXEL = 40

TOO_MUCH = "needs more memory than MIEN_PIXELS_LIMIT gives: raise it, or make the pictures smaller"


def limit_memory(base: int, max_pixels: int) -> None:
    """Limit this process to `base` bytes besides its pictures, unless it has a lower limit already."""
    most = base + BYTES_PER_PIXEL * max_pixels
    _, hard = getrlimit(RLIMIT_DATA)
    most = most if hard == RLIM_INFINITY else min(most, hard)
    setrlimit(RLIMIT_DATA, (most, most))
