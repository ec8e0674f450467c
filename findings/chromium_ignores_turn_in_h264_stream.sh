#!/usr/bin/env bash
# Debian's chromium 156 and ffmpeg 5.1, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8), opencv-python-headless 5.0.0.93,
# CPython 3.11, Linux x86_64.
#
# Guess: a message "display orientation" in H.264 (SEI, ITU-T H.264, annex D) turns the picture in Chromium as in
# FFmpeg, since Chromium has FFmpeg's decoder, and follows the display matrix of MP4.
# Seen: Chromium and OpenCV show it as it is stored. FFmpeg 8 gives the turn with the decoded frame.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version} ' chromium ffmpeg) == 156.*\ 7:5.1.* ]] ||
    { echo "needs Debian's chromium 156 and ffmpeg 5.1" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    av==18.1.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 playwright==1.65.2
cd "$folder"
ffmpeg -v error -f lavfi -i color=size=128x96:rate=25:duration=1 -c:v libx264 stored.mp4
ffmpeg -v error -i stored.mp4 -c copy -metadata:s:v rotate=90 container.mp4
ffmpeg -v error -i stored.mp4 -c copy -bsf:v h264_metadata=display_orientation=insert:rotate=90 message.mp4
venv/bin/python - <<'PYTHON'
from base64 import b64encode
from pathlib import Path

import av
import cv2
from playwright.sync_api import sync_playwright

SIZE = """async (data) => {
    const video = document.createElement("video");
    video.src = `data:video/mp4;base64,${data}`;
    await new Promise((done) => video.addEventListener("loadeddata", done));
    return [video.videoWidth, video.videoHeight];
}"""

with sync_playwright() as playwright, playwright.chromium.launch(executable_path="/usr/bin/chromium") as browser:
    for path, turned in (("container.mp4", True), ("message.mp4", False)):
        shown = browser.new_page().evaluate(SIZE, b64encode(Path(path).read_bytes()).decode())
        height, width, _ = cv2.VideoCapture(path).read()[1].shape
        with av.open(path) as container:
            rotation = next(container.decode(video=0)).rotation
        print(f"{path}: Chromium {shown}, OpenCV {[width, height]}, rotation of PyAV's frame {rotation}")
        size = [96, 128] if turned else [128, 96]
        assert shown == size and [width, height] == size and abs(rotation) == 90, "changed"
PYTHON
