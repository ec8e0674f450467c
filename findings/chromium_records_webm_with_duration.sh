#!/usr/bin/env bash
# Debian's chromium 156, playwright 1.65.2, PyAV 18.1.0 (FFmpeg 8), CPython 3.11, Linux x86_64.
#
# The guess was written down after the first run.
# Guess: WebM of MediaRecorder has no duration, as it is written while it is recorded.
# Seen: that holds for `start(500)`, which hands out pieces. After `start()`, which hands out one at the end, the file
# has a duration.
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

RECORD = """async (slices) => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d"), reader = new FileReader();
    const timer = setInterval(() => context.fillRect(0, 0, canvas.width, canvas.height), 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm;codecs=vp8" }), parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.start(...slices);
    await new Promise((done) => setTimeout(done, 2000));
    const stopped = new Promise((done) => { recorder.onstop = done; });
    recorder.stop();
    await stopped;
    clearInterval(timer);
    await new Promise((done) => { reader.onload = done; reader.readAsDataURL(new Blob(parts)); });
    return [parts.length, reader.result];
}"""

with sync_playwright() as playwright, playwright.chromium.launch(executable_path="/usr/bin/chromium") as browser:
    for slices in ([500], []):
        parts, data = browser.new_page().evaluate(RECORD, slices)
        with av.open(io.BytesIO(b64decode(data.split(",")[1]))) as container:
            duration = container.duration
        print(f"start({slices or str()}): {parts} parts, duration {duration} (microseconds)")
        assert (duration is None) == bool(slices) == (parts > 1), "changed"
PYTHON
