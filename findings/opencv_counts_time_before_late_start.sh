#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93 (its FFmpeg reader), PyAV 18.1.0 to write the files, CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: CAP_PROP_FRAME_COUNT is about the number of frames, and half of it is the middle of the video.
# Seen: for Matroska and WebM whose clock begins at 30 s, as a recorder's segments do, it counts from time 0: 800 for 50
# frames. Times of frames count from the first one, so a seek to the middle finds nothing, and the position
# then reads 50. MP4 and MPEG-TS with the same clock count 50.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    av==18.1.0 opencv-python-headless==5.0.0.93
cd "$folder"
venv/bin/python - <<'PYTHON'
from fractions import Fraction

import av
import cv2


def write(path: str, codec: str) -> None:
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.gop_size, stream.codec_context.max_b_frames = 10, 0
        for number in range(50):
            image = av.VideoFrame(64, 64, "gray")
            image.planes[0].update(bytes([5 * number]) * 64 * 64)
            image.pts, image.time_base = 750 + number, Fraction(1, 25)
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))


for suffix, codec, expected in (
    ("mp4", "libx264", (50, True)),
    ("ts", "libx264", (50, True)),
    ("mkv", "libx264", (800, False)),
    ("webm", "libvpx", (800, False)),
):
    write(f"late.{suffix}", codec)
    video = cv2.VideoCapture(f"late.{suffix}")
    read = 0
    while video.read()[0]:
        read += 1
    count = video.get(cv2.CAP_PROP_FRAME_COUNT)
    video = cv2.VideoCapture(f"late.{suffix}")
    video.set(cv2.CAP_PROP_POS_FRAMES, count // 2)
    at, (found, _) = video.get(cv2.CAP_PROP_POS_FRAMES), video.read()
    print(f"{suffix}: {read} frames, count {count:.0f}; a seek to the middle leads to {at:.0f}, picture: {found}")
    assert read == 50 and (count, found) == expected, "changed"
PYTHON
