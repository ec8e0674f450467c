"""A decoder process as its supervisor sees it: started, polled, ended."""

import os
import signal
from dataclasses import dataclass
from multiprocessing.context import ForkProcess

from ingest.child_process import LinePipe, ends_with_parent
from ingest.live.process import decode
from ingest.memory import limit_memory
from ingest.network.address import Transport
from ingest.settings import IngestSettings

MEMORY = 1024**3  # bytes besides pictures; 100 MB of them are libraries
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


@dataclass(frozen=True, slots=True)
class StatusLine:
    """A line of a decoder process: `live`, `alive`, `udp`, `ended`, `lost` or `error`, and a reason or ""."""

    status: str
    reason: str


class DecoderProcess(ForkProcess):
    """A running decoder of one source; it ends with the thread that started it.

    A fork has all libraries loaded already: a camera that is back is read within milliseconds, and many
    cameras share the memory. The supervisor has no threads that could hold a lock at that moment.
    """

    def __init__(self, source: str, now: float, transport: Transport = "auto") -> None:
        """`now`: seconds of the supervisor's clock; `transport`: of an RTSP camera."""
        super().__init__(daemon=True)
        self.reported_at = now
        self.live_at: float | None = None
        self._source = source
        self._transport = transport
        self._prepare = ends_with_parent()
        self._pipe = LinePipe()
        self.output = self._pipe.output  # a file descriptor, readable when a line comes
        # The supervisor's signal handlers must not run in the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            self.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
            self._pipe.close_input()

    def run(self) -> None:
        """Decode the source; called by `start` in the new process."""
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        self._prepare()
        os.dup2(self._pipe.input, 1)
        limit_memory(MEMORY, IngestSettings.read("pixels").pixels)
        raise SystemExit(decode(self._source, self._transport))

    def poll(self, now: float) -> list[StatusLine]:
        """Return the lines that have come since the last call, without waiting."""
        lines = [StatusLine(*line.partition(" ")[::2]) for line in self._pipe.read()]
        if lines:
            self.reported_at = now
        if self.live_at is None and any(line.status == "live" for line in lines):
            self.live_at = now
        return lines

    def end(self, timeout: float) -> None:
        """Wait for the end of a terminated process; kill it after `timeout` seconds."""
        self.join(timeout)
        if self.exitcode is None:
            self.kill()
            self.join()
        self._pipe.close()
