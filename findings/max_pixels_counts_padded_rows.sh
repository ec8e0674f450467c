#!/bin/sh
# PyAV 18.1.0 (av, with libavcodec 62.28.102), CPython 3.11, Linux x86_64.
#
# Guess: a decoder with the option max_pixels decodes pictures of up to that many pixels, as FFmpeg's documentation says:
# "Maximum number of pixels per image".
# Seen: a picture of 250x1000 is refused as "invalid data" with max_pixels=250000. FFmpeg rounds the rows up (to 64
# pixels on a machine with AVX-512, to less on others) before it compares, so the limit must be larger than the picture.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0
"$folder/venv/bin/python" - "$folder/picture.mkv" <<'PYTHON'
import sys

import av

WIDTH, HEIGHT = 250, 1000


def decoded(max_pixels):
    """Return whether the picture can be decoded with a limit."""
    with av.open(sys.argv[1]) as container:
        stream = container.streams.video[0]
        stream.codec_context.options = {"max_pixels": str(max_pixels)}
        try:
            return len(list(container.decode(video=0))) == 1
        except av.FFmpegError as error:
            print(f"max_pixels={max_pixels}: {error.strerror}")
            return False


with av.open(sys.argv[1], "w") as container:
    stream = container.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    container.mux(stream.encode(av.VideoFrame(WIDTH, HEIGHT, "yuv420p")))
    container.mux(stream.encode(None))

exact = decoded(WIDTH * HEIGHT)
padded = decoded((WIDTH + 63) // 64 * 64 * HEIGHT)
print(f"{WIDTH}x{HEIGHT}: decoded with max_pixels of its size: {exact}, of its padded size: {padded}")
sys.exit("changed: the limit counts the picture alone" if exact or not padded else 0)
PYTHON
