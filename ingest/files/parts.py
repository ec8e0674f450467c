"""Videos of one or more parts, which are opened one after the other."""

from os.path import samestat
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from ingest.files.layout.joined import part_starts
from ingest.files.layout.padding import content_end, padded_from
from ingest.files.opening import UnreadableError, check_file, open_video
from ingest.picture.options import NO_CORRECTION, DisplayOptions


class Video:
    """An open container and the stream of it that is read: one part, as over the network."""

    path: Path | None = None  # None if it is not a file
    size = 0  # bytes; 0 if unknown
    start = 0  # bytes; of the part that is open
    next_start: int | None = None  # bytes; of the next part

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.container = container
        self.stream = stream

    def open_part(self, start: int) -> None:
        """Replace the open part by that from a byte. Raise LookupError if there is none."""
        raise LookupError(start)

    def content_end(self, start: int) -> int:
        """Return the byte behind which there is nothing but padding; at least `start`."""
        return start

    def close(self) -> None:
        self.container.close()


class VideoFile(Video):
    """A video file, open at its first part; `open_part` goes on to another one of a joined recording."""

    path: Path

    def __init__(self, path: Path, options: DisplayOptions = NO_CORRECTION) -> None:
        """Raise UnreadableError, as `open_video` does."""
        check_file(path)
        self.path = path
        self._options = options
        self._starts = part_starts(path)
        self._status = path.stat()
        self.size = self._status.st_size
        self._padding = padded_from(path)
        self.next_start = self._start_behind(0)
        super().__init__(*self._open(0))

    def open_part(self, start: int) -> None:
        """Go on to the part from byte `start`. Raise UnreadableError; the old one then stays open."""
        self.start, self.next_start = start, self._start_behind(start)
        opened = self._open(start)
        if not samestat(self.path.stat(), self._status):  # it may be a link out of the media folder
            opened[0].close()
            raise UnreadableError(self.path, "another file has taken its place")
        self.container.close()
        self.container, self.stream = opened

    def content_end(self, start: int) -> int:
        return content_end(self.path, start)

    def _start_behind(self, start: int) -> int | None:
        return next((each for each in self._starts if each > start), None)

    def _open(self, start: int) -> tuple[InputContainer, VideoStream]:
        return open_video(self.path, self._options, start, self.next_start or self._padding)
