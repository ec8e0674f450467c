#!/usr/bin/env bash
# Debian's chromium 156, ffmpeg 5.1 and mkvtoolnix 74, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8),
# opencv-python-headless 5.0.0.93, CPython 3.11, Linux x86_64.
#
# Guess: PixelCropLeft and its like of Matroska (RFC 9559) are applied by FFmpeg 8, which has side data
# for the cropping of containers, and so by OpenCV; Chromium leaves it out.
# Seen: all three give the whole coded picture, and PyAV's frame has no side data about it.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version} ' chromium ffmpeg mkvtoolnix) == 156.*\ 7:5.1.*\ 74.* ]] ||
    { echo "needs Debian's chromium 156, ffmpeg 5.1 and mkvtoolnix 74" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    av==18.1.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 playwright==1.65.2
cd "$folder"
ffmpeg -v error -f lavfi -i color=size=160x120:rate=25:duration=1 -c:v libvpx video.webm
mkvpropedit --quiet video.webm --edit track:v1 --set pixel-crop-left=80 --set pixel-crop-top=60
mkvinfo --all video.webm | grep -i crop
venv/bin/python - <<'PYTHON'
from base64 import b64encode
from pathlib import Path

import av
import cv2
from playwright.sync_api import sync_playwright

SIZE = """async (data) => {
    const video = document.createElement("video");
    video.src = `data:video/webm;base64,${data}`;
    await new Promise((done) => video.addEventListener("loadeddata", done));
    return [video.videoWidth, video.videoHeight];
}"""

with sync_playwright() as playwright, playwright.chromium.launch(executable_path="/usr/bin/chromium") as browser:
    in_chromium = browser.new_page().evaluate(SIZE, b64encode(Path("video.webm").read_bytes()).decode())
height, width, _ = cv2.VideoCapture("video.webm").read()[1].shape
with av.open("video.webm") as container:
    frame = next(container.decode(video=0))
sizes = {"Chromium": in_chromium, "OpenCV": [width, height], "PyAV": [frame.width, frame.height]}
print(sizes, "side data:", list(frame.side_data.keys()))
assert all(size == [160, 120] for size in sizes.values()) and not list(frame.side_data.keys()), "changed"
PYTHON
