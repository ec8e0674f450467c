"""What a video file is, told by a process of its own: `python -m ingest.files.probe FILE`.

A file from somebody else is opened for the first time here, where a decoder that it breaks or takes over gets
so much memory and time and no more, writes to no file and gains no rights. It can still read what its user
may read. Prints one JSON object: what it found, or the `reason` why the file is no video.
"""

import ctypes
import json
import resource
import sys
from pathlib import Path
from typing import Any

from ingest.child_process import LIBC
from ingest.files.recording import UnreadableError, open_recording

MEMORY = 4 * 1024**3  # bytes of address space; each of the decoder's threads holds some 4K pictures of 12 MB
WORK = 20  # seconds of the processor

PR_SET_NO_NEW_PRIVS = 38  # prctl(2)

TYPES = {
    "mov,mp4,m4a,3gp,3g2,mj2": "video/mp4",
    "matroska,webm": "video/webm",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "ogg": "video/ogg",
}
OTHER_TYPE = "application/octet-stream"


def limit() -> None:
    """From here on no file can be written and little be used up, also by what it may start.

    Raises OSError.
    """
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS) failed")
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, WORK),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def probe(path: Path) -> dict[str, Any]:
    """Decodes the first picture. Raises UnreadableError."""
    with open_recording(path, path.name, None) as recording:
        if recording.frames_decoded == 0:
            raise UnreadableError(path, "no picture in it can be decoded")
        return {
            "start": recording.start / 1e9,
            "duration": recording.declared / 1e9 if recording.declared else None,
            "width": recording.width,
            "height": recording.height,
            "media_type": TYPES.get(recording.format, OTHER_TYPE),
        }


def main() -> int:
    limit()
    try:
        found = probe(Path(sys.argv[1]))
    except UnreadableError as error:
        found = {"reason": error.reason}
    except MemoryError:
        found = {"reason": "needs too much memory"}
    print(json.dumps(found))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
