"""Probes a file in a process of its own: `python -m ingest.files.probe FILE PIXELS [TURN ASPECT]`.

An uploaded file is opened for the first time here. A file that crashes or takes over the decoder gets limited
memory and time, writes to no file and gains no rights; it can still read what its user may read. Prints one
JSON object: the properties of the video or picture, or the `reason` why the file is neither. A picture of
more than PIXELS is not decoded.
"""

import ctypes
import json
import sys
from pathlib import Path
from resource import RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_FSIZE, setrlimit
from typing import Any

from ingest.child_process import LIBC
from ingest.files.layout.mp4_clock import late_start
from ingest.files.opening import UnreadableError
from ingest.files.pictures import is_still, read_header
from ingest.files.player_turn import player_turn
from ingest.files.recording import open_recording
from ingest.files.stills import read_image
from ingest.picture.options import DisplayOptions, checked_turn

MEMORY = 4 * 1024**3  # bytes of address space; each of the decoder's threads holds some 4K frames of 12 MB
CPU_TIME = 20  # seconds

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
    """Limit this process and its children: no writes to files, little memory and time. Raise OSError."""
    if LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_NO_NEW_PRIVS) failed")
    limits = {RLIMIT_AS: MEMORY, RLIMIT_CPU: CPU_TIME, RLIMIT_FSIZE: 0, RLIMIT_CORE: 0}
    for kind, most in limits.items():
        setrlimit(kind, (most, most))


def probe(path: Path, options: DisplayOptions) -> dict[str, Any]:
    """Decode the first picture; return the properties of the file. Raise UnreadableError."""
    header = read_header(path)
    media_type = header.media_type if header else OTHER_TYPE
    if is_still(path):
        height, width, _ = read_image(path, options).colour.shape
        return _properties(width, height, media_type)
    with open_recording(path, path.name, None, options=options) as recording:
        shift = late_start(path)
        first = next(recording.decoded_frames())
        return {
            "start": recording.start / 1e9 - shift,
            "shift": shift,
            "duration": recording.declared / 1e9 if recording.declared else None,
            "measured": recording.is_measured,
            "width": recording.width,
            "height": recording.height,
            "player_turn": player_turn(path, first.picture.shape.orientation, options),
            "media_type": media_type if header else TYPES.get(recording.format, OTHER_TYPE),
        }


def _properties(width: int, height: int, media_type: str) -> dict[str, Any]:
    size = {"width": width, "height": height}
    times = {"start": 0.0, "shift": 0.0, "duration": 0.0, "measured": True}
    return {**times, **size, "player_turn": "0", "media_type": media_type}


def arguments() -> tuple[Path, DisplayOptions]:
    """Return the file and the options of the command line."""
    turn, aspect, *_ = *sys.argv[3:], "0", ""
    options = DisplayOptions(checked_turn(turn), aspect or None, max_pixels=int(sys.argv[2]))
    return Path(sys.argv[1]), options


def main() -> int:
    limit()
    try:
        answer = probe(*arguments())
    except UnreadableError as error:
        answer = {"reason": error.reason}
    except MemoryError:
        answer = {"reason": "needs too much memory"}
    print(json.dumps(answer))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
