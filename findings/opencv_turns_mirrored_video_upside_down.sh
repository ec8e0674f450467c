#!/usr/bin/env bash
# opencv-python-headless 5.0.0.93 (its FFmpeg reader), PyAV 18.1.0 to write the files, CPython 3.11, Linux x86_64.
#
# Guess: VideoCapture turns a video as its display matrix says (CAP_PROP_ORIENTATION_AUTO is on from the start), and
# leaves out mirroring, which front cameras write.
# Seen: it reduces each matrix to an angle. Left and right exchanged becomes a turn by 180 degrees, so that the picture
# is upside down; top and bottom exchanged becomes no turn at all. Chromium 156 shows all of these as meant. PyAV's
# `frame.rotation` has OpenCV's angles; the side data DISPLAYMATRIX of the frame has the whole matrix.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    av==18.1.0 numpy==2.4.6 opencv-python-headless==5.0.0.93
cd "$folder"
venv/bin/python - <<'PYTHON'
import av
import cv2
import numpy as np

ONE, W = 1 << 16, 1 << 30
pixels = np.zeros((96, 128, 3), np.uint8)  # red, green above blue, white
pixels[:48, :64, 0] = pixels[:48, 64:, 1] = pixels[48:, :64, 2] = 255
pixels[48:, 64:] = 255


def corners(image: np.ndarray) -> str:  # of blue, green, red
    height, width, _ = image.shape
    names = {(0, 0, 1): "R", (0, 1, 0): "G", (1, 0, 0): "B", (1, 1, 1): "W"}
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return "".join(names[tuple(int(value > 128) for value in image[place])] for place in places)


for name, (a, b, c, d), right, seen, angle in (
    ("upright", (1, 0, 0, 1), "RGBW", "RGBW", 0),
    ("a quarter turn", (0, 1, -1, 0), "BRWG", "BRWG", -90),
    ("mirrored", (-1, 0, 0, 1), "GRWB", "WBGR", -180),
    ("flipped", (1, 0, 0, -1), "BWRG", "RGBW", 0),
    ("transposed", (0, 1, 1, 0), "RBGW", "BRWG", -90),
):
    with av.open("video.mp4", "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.set_display_matrix([a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, W])
        output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    _, image = cv2.VideoCapture("video.mp4").read()
    with av.open("video.mp4") as container:
        rotation = next(container.decode(video=0)).rotation
    print(f"{name}: meant is {right}, OpenCV gives {corners(image)}; PyAV's rotation is {rotation}")
    assert (corners(image), rotation) == (seen, angle), "changed"
PYTHON
