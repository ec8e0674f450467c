#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: two MXF files joined by `cat` are read up to the end of the first, or as one whose clock starts again.
# Seen: FFmpeg reads the packets of both parts, and gives each one of the second part the last PTS of the first. The
# clock neither starts again nor goes on, it stands still; pictures and their content are whole.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0
cd "$folder"
venv/bin/python - <<'PYTHON'
from pathlib import Path

import av


def write(path: str, codec: str) -> None:
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.gop_size, stream.codec_context.max_b_frames = 10, 0
        for number in range(50):
            image = av.VideoFrame(64, 64, "gray")
            image.planes[0].update(bytes([5 * number]) * 64 * 64)
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))


write("one.mxf", "mpeg2video")
Path("two.mxf").write_bytes(Path("one.mxf").read_bytes() * 2)
with av.open("two.mxf") as container:
    frames = [(frame.pts, bytes(frame.planes[0])[0]) for frame in container.decode(video=0)]
times = [pts for pts, _ in frames]
print("PTS", times)
print("brightness", [level for _, level in frames])
assert len(frames) == 100, "changed: the second part is not read"
assert times == [*range(50), *[49] * 50], "changed: the times"
PYTHON
