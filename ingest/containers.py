"""The file formats that are read: FFmpeg's container formats, and the suffixes of videos and pictures."""

# Values of FFmpeg's option `format_whitelist`. Left out are lists, which lead the decoder to other addresses
# (concat, sdp, and for files hls), and devices.
# Some video recorders export dhav or bare streams.
FILES = (
    "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mxf,gxf,nut,dv,wtv,rm,ivf,obu,gif,apng,yuv4mpegpipe,dhav,nsv,"
    "swf,mpegvideo,m4v,h263,h264,hevc,vvc,vc1,av1,mjpeg"
)

# The addresses in a playlist go through the egress proxy. It may list sound and text separately.
STREAMS = FILES + ",mpjpeg,image2pipe,jpeg_pipe,hls,aac,ac3,eac3,mp3,webvtt"

# Suffixes of the files of a folder that are read; a file that is named itself is always tried. The content
# decides between a still picture and a video: ingest.files.pictures.
VIDEO_SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3gpp", ".3g2", ".mj2", ".f4v", ".mkv", ".mk3d", ".webm"),
        *(".avi", ".divx", ".flv", ".wmv", ".asf", ".ogv", ".ogm", ".rm", ".rmvb", ".swf"),
        *(".ts", ".m2t", ".m2ts", ".mts", ".mt2s", ".trp", ".tp", ".wtv", ".nut", ".nsv"),
        *(".mpg", ".mpeg", ".mpe", ".mpv", ".m1v", ".m2v", ".m2p", ".vob", ".mod", ".tod", ".evo"),
        *(".mxf", ".gxf", ".dv", ".dif", ".dav", ".y4m", ".ivf", ".obu", ".av1", ".mjpg", ".mjpeg"),
        *(".h263", ".263", ".h264", ".264", ".avc", ".h265", ".265", ".hevc", ".h266", ".266", ".vvc"),
        *(".vc1", ".heics", ".heifs", ".avifs"),
    )
)
PICTURE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif", ".avif"),
    )
)
