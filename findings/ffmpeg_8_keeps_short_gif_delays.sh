#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), Debian's ffmpeg 5.1, Pillow 13.0.0 to write the files, CPython 3.11, Linux x86_64.
#
# Guess: FFmpeg takes delays of a GIF below 2/100 s for 1/10 s, as 5.1 does.
# Seen: FFmpeg 8 does so with a delay of 0 only, and 1/100 s stays 1/100 s: the same file lasts a tenth of the time.
# The option `min_delay`, which sets that limit in 5.1, changes nothing.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version}' ffmpeg) == 7:5.1.* ]] || { echo "needs Debian's ffmpeg 5.1" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 pillow==13.0.0
cd "$folder"
venv/bin/python - <<'PYTHON'
from subprocess import check_output

import av
from PIL import Image

PROBE = "ffprobe -v error -show_entries packet=duration_time -of csv=p=0".split()
pictures = [Image.new("RGB", (32, 32), (60 * number, 0, 0)) for number in range(4)]

for delay, expected in ((0, (0.1, 0.1)), (10, (0.1, 0.01)), (20, (0.02, 0.02))):
    pictures[0].save("a.gif", save_all=True, append_images=pictures[1:], duration=delay)
    old = float(check_output([*PROBE, "a.gif"], text=True).split()[1].strip(","))
    with av.open("a.gif", options={"min_delay": "2"}) as container:
        new = [float(packet.duration * packet.time_base) for packet in container.demux(video=0) if packet.size]
    print(f"{delay} ms: FFmpeg 5.1 has {old} s, FFmpeg 8 {new[1]} s")
    assert (old, new[1]) == expected, "changed"
PYTHON
