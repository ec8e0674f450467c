"""Types of sources, one row each: how they are addressed, reached, opened and paced.

A new type is a row here. One whose addresses have no host is also in FORMS, and ingest.network.address
parses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.containers import STREAMS

# FFmpeg holds no packet back. Not "nobuffer": it drops the packets that FFmpeg probes, and with them the
# first key frame, so that decoding starts with the next one (measured: up to 2 s later).
LOW_DELAY = {"flags": "low_delay"}


@dataclass(frozen=True, slots=True, eq=False)
class SourceType:
    """A row of the table."""

    name: str  # with ports: its URL scheme without TLS
    ports: Mapping[str, int] = field(default_factory=dict)  # default ports by URL scheme; none: no network
    options: Mapping[str, str] = field(default_factory=dict)  # of FFmpeg
    transport_option: str = ""  # FFmpeg's option for tcp or udp
    device: str | None = None  # FFmpeg's input device, of a camera at this machine
    real_time: bool | None = True  # frames arrive as they are captured; None: depends on the container
    http_proxy: bool = False  # FFmpeg reaches it through an HTTP proxy, and otherwise through a relay


RTSP = SourceType(
    "rtsp",
    ports={"rtsp": 554, "rtsps": 322},  # RFC 7826, 19.1
    # RTSP describes the stream before it starts (SDP), so FFmpeg need not probe it.
    options={**LOW_DELAY, "probesize": "32", "analyzeduration": "0"},
    transport_option="rtsp_transport",
)
HTTP = SourceType(
    "http",
    ports={"http": 80, "https": 443},
    options={
        # The stream must be probed; what was probed is decoded, too.
        "probesize": "500000",  # bytes
        "analyzeduration": "500000",  # microseconds
        "format_whitelist": STREAMS,
        # A server's answer must not lead the decoder to files of this machine.
        "protocol_whitelist": "http,https,tcp,tls,crypto,httpproxy",
    },
    real_time=None,
    http_proxy=True,
)
WEBCAM = SourceType("webcam", options=LOW_DELAY, device="v4l2")
FILE = SourceType("file", real_time=False)

SOURCE_TYPES = (RTSP, HTTP, WEBCAM, FILE)
NETWORK_TYPES = {scheme: each for each in SOURCE_TYPES for scheme in each.ports}  # by URL scheme
DEFAULT_PORTS = {scheme: port for each in SOURCE_TYPES for scheme, port in each.ports.items()}
FORMS = f"{'://, '.join(NETWORK_TYPES)}://, webcam:0, or a file in the media folder such as clip.mp4?loop"
SCHEMES = (*NETWORK_TYPES, *(each.name for each in SOURCE_TYPES if not each.ports))
