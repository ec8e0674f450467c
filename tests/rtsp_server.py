"""Serves video files over RTSP, each in real time and shared by all clients; run by the system's python3.

    /usr/bin/python3 tests/rtsp_server.py PORT [KIND:]MOUNT=FILE...

KIND is h265, jpeg, or of H.264 udp (over UDP only) or locked (after Digest authentication). PORT 0 means a
free one. Prints the port when it is ready. Ends with its parent.
"""

import ctypes
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

H264 = "h264parse config-interval=1 ! rtph264pay name=pay0 pt=96"
PAYLOADERS = {
    "h265": "h265parse config-interval=1 ! rtph265pay name=pay0 pt=96",
    "jpeg": "jpegparse ! rtpjpegpay name=pay0 pt=26",
}

LOGIN = ("viewer", "p@s:s/#%")
ROLE = "viewer"

PR_SET_PDEATHSIG = 1  # prctl(2)


def mount(server: "GstRtspServer.RTSPServer", name: str, file: str) -> None:
    """Pass video in MP4 on unchanged, so that the client decodes the frames of the file."""
    kind, _, name = name.rpartition(":")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f'( filesrc location="{file}" ! qtdemux ! {PAYLOADERS.get(kind, H264)} )')
    if kind == "udp":
        factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
    permissions = GstRtspServer.RTSPPermissions()
    for right in "access", "construct":
        permissions.add_permission_for_role(ROLE, f"media.factory.{right}", True)
    factory.set_permissions(permissions)
    factory.set_shared(True)
    factory.set_latency(0)
    server.get_mount_points().add_factory(f"/{name}", factory)


def digest() -> "GstRtspServer.RTSPAuth":
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest(*LOGIN, token)
    return auth


def main() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    for argument in sys.argv[2:]:
        mount(server, *argument.split("=", 1))
    if any(argument.startswith("locked:") for argument in sys.argv[2:]):
        server.set_auth(digest())
    if server.attach(None) == 0:
        raise SystemExit(f"port {sys.argv[1]} cannot be listened on")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
