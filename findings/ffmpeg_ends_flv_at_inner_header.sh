#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# Guess: of two FLV files joined by `cat`, FFmpeg reads both parts or raises an error at the second header. FLV is a
# chain of tags without an index, as live as MPEG-TS.
# Seen: it reads the first part and reports the end of the file: no error, no packet marked as corrupt, and the declared
# duration is that of the first part, so nothing tells that half of the file is unread. MPEG-TS, Matroska and AVI
# are read to their end; in AVI even the times go on.
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


for suffix, codec, packets, last in (
    ("flv", "libx264", 50, 1.96),
    ("ts", "libx264", 100, 1.96),
    ("mkv", "libx264", 100, 1.96),
    ("avi", "mpeg4", 100, 3.96),
):
    write(f"one.{suffix}", codec)
    Path(f"two.{suffix}").write_bytes(Path(f"one.{suffix}").read_bytes() * 2)
    with av.open(f"two.{suffix}") as container:
        read = [packet for packet in container.demux(video=0) if packet.size]
    time = round(float(read[-1].pts * read[-1].time_base), 2)
    print(f"{suffix}: {len(read)} of 100 packets, corrupt {sum(p.is_corrupt for p in read)}, the last at {time} s")
    assert (len(read), time) == (packets, last), "changed"
PYTHON
