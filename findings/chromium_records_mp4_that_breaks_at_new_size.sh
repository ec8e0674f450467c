#!/usr/bin/env bash
# Debian's chromium 156, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: MediaRecorder with "video/mp4;codecs=avc1" goes on when the picture grows, as a shared window does, and what it
# wrote can be played: with the new size, or scaled to the old one.
# Seen: the file has the parameters of the first size alone. Chromium's own player stops at the change with
# PIPELINE_ERROR_DECODE. FFmpeg decodes the rest with the first parameters: as many pictures as were recorded, of the
# old size and of any content, without an error. With "avc3", which has parameters in the stream, both show everything.
set -euo pipefail
[[ $(dpkg-query -W -f '${Version}' chromium) == 156.* ]] || { echo "needs Debian's chromium 156" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 playwright==1.65.2
"$folder/venv/bin/python" - <<'PYTHON'
import io
from base64 import b64decode

import av
from playwright.sync_api import sync_playwright

RECORD = """async (type) => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    [canvas.width, canvas.height] = [160, 120];
    const wait = (time) => new Promise((done) => setTimeout(done, time));
    const timer = setInterval(() => {
        context.fillRect(0, 0, canvas.width, canvas.height);
    }, 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: type });
    const stopped = new Promise((done) => { recorder.ondataavailable = (event) => done(event.data); });
    recorder.start();
    await wait(1500);
    [canvas.width, canvas.height] = [320, 240];
    await wait(1500);
    recorder.stop();
    clearInterval(timer);
    const file = await stopped, video = document.createElement("video"), reader = new FileReader();
    video.src = URL.createObjectURL(file);
    await new Promise((done) => { video.onloadeddata = done; });
    video.currentTime = 2.5;
    await new Promise((done) => { video.onseeked = video.onerror = done; });
    await wait(500);
    await new Promise((done) => { reader.onload = done; reader.readAsDataURL(file); });
    return [reader.result, video.error ? video.error.message : `width ${video.videoWidth}`];
}"""

with sync_playwright() as playwright, playwright.chromium.launch(executable_path="/usr/bin/chromium") as browser:
    for codec, last, in_chromium in (("avc3", 320, "width 320"), ("avc1", 160, "PIPELINE_ERROR")):
        data, player = browser.new_page().evaluate(RECORD, f"video/mp4;codecs={codec}")
        with av.open(io.BytesIO(b64decode(data.split(",")[1]))) as container:
            widths = [frame.width for frame in container.decode(video=0)]
        print(f"{codec}: FFmpeg has {len(widths)} frames, widths {sorted(set(widths))}; player: {player[:60]}")
        assert len(widths) > 50 and (widths[0], widths[-1]) == (160, last), "changed"
        assert in_chromium in player, "changed"
PYTHON
