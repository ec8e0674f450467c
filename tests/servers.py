"""A real RTSP server, which can be killed, frozen and restarted."""

import subprocess
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"  # only it sees Debian's GStreamer


class RtspServer:
    """Serves each file under its mount's name; after `kill`, `start` uses the same port again.

    A mount `udp:door` is served over UDP only.
    """

    def __init__(self, mounts: dict[str, Path]) -> None:
        self._mounts = mounts
        self.port = 0
        self.start()

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"

    def start(self) -> None:
        script = str(Path(__file__).with_name("rtsp_server.py"))
        mounts = [f"{name}={file}" for name, file in self._mounts.items()]
        self.process = subprocess.Popen(
            [SYSTEM_PYTHON, script, str(self.port), *mounts], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def has_gstreamer() -> bool:
    """Return whether Debian's GStreamer RTSP server (gir1.2-gst-rtsp-server-1.0) is installed."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        return subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
