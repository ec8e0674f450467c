#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg 8), Debian's ffmpeg 5.1 to write Theora, CPython 3.11, Linux x86_64.
#
# Guess: Packet.pos is the byte of the file at which the packet begins, so that bytes between two packets are nobody's.
# Seen: in Ogg it is the byte at which a page begins, the same for all packets of a page. Adding the size does not
# lead to the next packet, so lost bytes cannot be found that way. In AVI the positions are exact.
[[ $(dpkg-query -W -f '${Version}' ffmpeg) == 7:5.1.* ]] || { echo "needs Debian's ffmpeg 5.1" >&2; exit 2; }
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0
cd "$folder"
ffmpeg -v error -f lavfi -i testsrc2=size=320x240:rate=25:duration=2 -c:v libtheora -b:v 200k video.ogv
ffmpeg -v error -i video.ogv -c:v mpeg4 video.avi
venv/bin/python - <<'PYTHON'
from pathlib import Path

import av

for path in ("video.avi", "video.ogv"):
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    data, places = Path(path).read_bytes(), sorted({packet.pos for packet in packets})
    found = sum(data[packet.pos :].startswith(bytes(packet)) for packet in packets)
    pages = sum(data[place:].startswith(b"OggS") for place in places)
    print(f"{path}: {len(packets)} packets, {found} of them at their position; {len(places)} positions, {pages} pages")
    is_ogg = path.endswith(".ogv")
    assert (found == 0) == is_ogg and (len(places) < len(packets) / 2) == is_ogg, "changed"
    assert pages == (len(places) if is_ogg else 0), "changed: the positions"
PYTHON
