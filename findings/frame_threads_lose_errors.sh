#!/bin/sh
# av 18.1.0 with its FFmpeg (libavcodec 62), CPython 3.11, Linux x86_64.
#
# Guess: `AVFrame.decode_error_flags` of a damaged H.264 picture do not depend on the decoder's threads.
# Seen: with one thread the picture is flagged each time. With a thread for each frame a picture that is
# reordered may be output, by the thread of a later packet, before its own thread has concealed the errors and
# flagged it: then it looks whole, at random. With threads for slices H.264 conceals and flags nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/film.ts" <<'PYTHON'
import sys
from pathlib import Path

import av
import numpy as np

path = Path(sys.argv[1])
with av.open(str(path), "w") as output:
    stream = output.add_stream("libx264", rate=25, options={"preset": "veryfast", "g": "12"})
    stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
    for number in range(25):
        noise = np.random.default_rng(number).integers(0, 256, (120, 160), dtype=np.uint8)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(noise, "gray").reformat(format="yuv420p")))
    output.mux(stream.encode(None))
path.write_bytes(path.read_bytes()[:-2000])  # within the last picture


def flagged(threads: str) -> int:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = threads
        return sum(frame.is_corrupt for frame in container.decode(stream))


seen = {threads: {flagged(threads) for _ in range(300)} for threads in ("NONE", "FRAME", "SLICE")}
print("flagged pictures, by the threads:", seen)
assert seen == {"NONE": {1}, "FRAME": {0, 1}, "SLICE": {0}}, "changed"
PYTHON
