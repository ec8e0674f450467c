#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), libx264 of the same wheel, CPython 3.11, Linux x86_64.
#
# Guess: frames come from the decoder in the order in which they are shown, so their PTS grows, in AVI as in Matroska.
# Seen: AVI has no times, and FFmpeg counts the packets of H.264 in the order of decoding. The decoder puts
# the pictures in order and each keeps the number of its packet: the PTS goes back and forth, while the DTS of the
# frames grows evenly. MPEG-4 with B-frames gets the right PTS in AVI, because FFmpeg parses that.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import av
import numpy as np
from av.video.frame import PictureType


def write(path: str, codec: str) -> None:
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.max_b_frames = 2
        for number in range(12):
            pixels = np.zeros((64, 64), np.uint8)
            pixels[:, : 4 * number + 2] = 255  # a bar that grows shows the order of the pictures
            image = av.VideoFrame.from_ndarray(pixels, format="gray")
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))


for path, codec, expected in (
    ("h264.mkv", "libx264", True),
    ("h264.avi", "libx264", False),
    ("mpeg4.avi", "mpeg4", True),
):
    write(path, codec)
    with av.open(path) as container:
        kinds = {PictureType(frame.pict_type) for frame in container.decode(video=0)}
        container.seek(0)
        frames = list(container.decode(video=0))
    bars = [int((frame.to_ndarray(format="gray")[32] > 128).sum()) for frame in frames]
    pts, dts = [frame.pts for frame in frames], [frame.dts for frame in frames if frame.dts is not None]
    print(path, "bars", bars, "pts", pts, "dts", dts)
    assert PictureType.B in kinds and bars == sorted(bars) and dts == sorted(dts), path
    assert (pts == sorted(pts)) == expected, f"changed: the PTS of {path}"
PYTHON
