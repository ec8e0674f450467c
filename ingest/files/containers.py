"""Which formats are opened: those that hold video, and no list that sends the decoder to other addresses.

FFmpeg's own names. Left out are its lists (concat, sdp, and of files hls) and what it reads from devices.
"""

# A camera's recorder exports dhav, and some their bare streams.
FILES = (
    *(
        "mov",
        "matroska",
        "avi",
        "mpegts",
        "mpeg",
        "flv",
        "ogg",
        "asf",
        "mxf",
        "gxf",
        "nut",
        "dv",
        "wtv",
        "rm",
    ),
    *("ivf", "obu", "gif", "apng", "yuv4mpegpipe", "dhav", "nsv", "swf"),
    *("mpegvideo", "m4v", "h263", "h264", "hevc", "vvc", "vc1", "av1", "mjpeg"),
)

# A playlist's addresses go through the gateway, as its own does; it may bring sound and text apart.
STREAMS = (
    *FILES,
    *("mpjpeg", "image2pipe", "jpeg_pipe"),
    *("hls", "aac", "ac3", "eac3", "mp3", "webvtt"),
)


def only(formats: tuple[str, ...]) -> dict[str, str]:
    """The option with which FFmpeg opens no others, nor within them."""
    return {"format_whitelist": ",".join(formats)}
