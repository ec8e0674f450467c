#!/usr/bin/env bash
# Debian's chromium 156 and ffmpeg 5.1, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8), opencv-python-headless 5.0.0.93,
# CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: an MP4 whose H.264 says that pixels are twice as wide as high (VUI, ITU-T H.264, annex E) is shown twice as
# wide in Chromium, whether or not MP4 repeats it in its box `pasp`.
# Seen: without `pasp` Chromium takes the pixels for square. FFmpeg 8 and OpenCV (CAP_PROP_SAR_NUM) follow the codec.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version} ' chromium ffmpeg) == 156.*\ 7:5.1.* ]] ||
    { echo "needs Debian's chromium 156 and ffmpeg 5.1" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    av==18.1.0 numpy==2.4.6 opencv-python-headless==5.0.0.93 playwright==1.65.2
cd "$folder"
ffmpeg -v error -f lavfi -i color=size=128x96:rate=25:duration=1 -vf setsar=0 -c:v libx264 square.mp4
ffmpeg -v error -i square.mp4 -c copy -bsf:v h264_metadata=sample_aspect_ratio=2 codec.mp4
ffmpeg -v error -i codec.mp4 -c copy both.mp4
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
    for path, has_box, expected in (("both.mp4", True, [256, 96]), ("codec.mp4", False, [128, 96])):
        data = Path(path).read_bytes()
        shown = browser.new_page().evaluate(SIZE, b64encode(data).decode())
        with av.open(path) as container:
            ratio = container.streams.video[0].sample_aspect_ratio
        of_opencv = cv2.VideoCapture(path).get(cv2.CAP_PROP_SAR_NUM)
        print(f"{path}: pasp {b'pasp' in data}, Chromium {shown}, pixels in FFmpeg {ratio}:1, in OpenCV {of_opencv}:1")
        assert (b"pasp" in data, shown, ratio, of_opencv) == (has_box, expected, 2, 2), "changed"
PYTHON
