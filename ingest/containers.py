"""The container formats that may be opened, by FFmpeg's names: values of its option `format_whitelist`.

Left out are lists, which lead the decoder to other addresses (concat, sdp, and for files hls), and devices.
"""

# Some video recorders export dhav or bare streams.
FILES = (
    "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mxf,gxf,nut,dv,wtv,rm,ivf,obu,gif,apng,yuv4mpegpipe,dhav,nsv,"
    "swf,mpegvideo,m4v,h263,h264,hevc,vvc,vc1,av1,mjpeg"
)

# The addresses in a playlist go through the egress proxy. It may list sound and text separately.
STREAMS = FILES + ",mpjpeg,image2pipe,jpeg_pipe,hls,aac,ac3,eac3,mp3,webvtt"
