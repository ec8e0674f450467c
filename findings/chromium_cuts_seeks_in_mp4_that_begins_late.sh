#!/usr/bin/env bash
# Debian's chromium 156, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# Guess: a video whose first picture is at 30 s and whose last one ends at 32 s has a duration of 32 s in Chromium, and
# a seek to 31 s shows the picture of that time, whatever the container.
# Seen: so it is in WebM. MP4 declares the same with an edit list, and its `duration` is 2 s: `currentTime` is 2 before
# anything was played, and a seek to 31 s is cut to 2 s, then leads to 30 s and shows the first picture. Only then does
# the duration grow with what is loaded.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version}' chromium) == 156.* ]] || { echo "needs Debian's chromium 156" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 playwright==1.65.2
cd "$folder"
venv/bin/python - <<'PYTHON'
from base64 import b64encode
from fractions import Fraction
from pathlib import Path

import av
from playwright.sync_api import sync_playwright

SEEK = """async ([data, type]) => {
    const video = document.createElement("video"), canvas = document.createElement("canvas").getContext("2d");
    const next = (name) => new Promise((done) => video.addEventListener(name, done, { once: true }));
    const answer = await fetch(`data:${type};base64,${data}`);
    video.src = URL.createObjectURL(await answer.blob());
    await next("canplaythrough");
    const seen = [video.duration, video.currentTime];
    video.currentTime = 31;
    seen.push(video.currentTime);
    await next("seeked");
    await new Promise((done) => setTimeout(done, 500)); // until the picture is there
    canvas.drawImage(video, 0, 0);
    const picture = Math.round(canvas.getImageData(9, 9, 1, 1).data[0] / 5);
    return [...seen, video.currentTime, picture];
}"""


def write(path: str, codec: str) -> None:
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for number in range(50):
            image = av.VideoFrame(64, 64, "gray")
            image.planes[0].update(bytes([5 * number]) * 64 * 64)
            image.pts, image.time_base = 750 + number, Fraction(1, 25)
            output.mux(stream.encode(image))
        output.mux(stream.encode(None))


with sync_playwright() as playwright, playwright.chromium.launch(executable_path="/usr/bin/chromium") as browser:
    for path, codec, expected in (("a.webm", "libvpx", [32, 30, 31, 31, 25]), ("a.mp4", "libx264", [2, 2, 2, 30, 0])):
        write(path, codec)
        seen = browser.new_page().evaluate(SEEK, [b64encode(Path(path).read_bytes()).decode(), f"video/{path[2:]}"])
        print(f"{path}: duration, time, time sought, time found, picture: {seen}")
        assert seen == expected, "changed"
PYTHON
