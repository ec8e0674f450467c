"""Input of the stage benchmarks: frames of the clip, the faces in them, and a typical reading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.labels import LABELS
from engine.loading import Networks
from engine.records import Box, Face, Floats, Reading
from engine.stages.crop import align, crop_face, crop_transform
from engine.stages.detect import Detector
from engine.tensors import CROP_SIDE
from ingest.bus.source_config import DEFAULT_RATE
from ingest.files.opening import UnreadableError
from ingest.files.recording import open_recording
from ingest.frame import Frame
from ingest.pace import SECOND

BATCH = 8  # frames in a batch of the detector
# Offsets of eyes, nose and mouth corners from the centre of a face, in its width.
FRONTAL = ((-0.2, -0.15), (0.2, -0.15), (0.0, 0.05), (-0.15, 0.25), (0.15, 0.25))
MAX_FRAMES = 8 * BATCH


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Evenly spaced frames of a clip, with their faces."""

    frames: list[Frame]
    faces: list[list[Face]]  # of each frame
    width: int  # pixels of the clip
    height: int
    frame_rate: float  # frames a second of the clip
    read_rate: float  # frames a second that are read

    @property
    def faces_per_frame(self) -> float:
        return sum(map(len, self.faces)) / len(self.faces)

    def centred_landmarks(self) -> Floats:
        """Return the landmarks of a face in the middle of the frame, (5, 2) in pixels."""
        height, width = self.frames[0].grey.shape
        centre = (width / 2, height / 2)
        return np.asarray(np.array(FRONTAL) * height / 4 + centre, dtype=np.float32)

    def crops(self, count: int) -> NDArray[np.float32]:
        """Return (count, 1, 96, 96) values 0..255: faces of the clip, repeated; noise where it has none."""
        found = [
            crop_face(frame.grey, crop_transform(align(landmarks_of(frame, face))))
            for frame, faces in zip(self.frames, self.faces, strict=True)
            for face in faces
        ]
        if not found:
            shape = (count, CROP_SIDE, CROP_SIDE)
            found = list(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
        return np.stack([found[number % len(found)] for number in range(count)])[:, None].astype(np.float32)


def take_sample(path: Path, networks: Networks) -> Sample:
    """Decode frames and detect their faces. Raises UnreadableError for a file without a frame."""
    with open_recording(path, "bench", DEFAULT_RATE) as recording:
        frames = list(islice(recording, MAX_FRAMES))
        if not frames:
            raise UnreadableError(path, "no frame of it can be decoded")
        duration = (frames[-1].media_time - frames[0].media_time) / SECOND
        return Sample(
            frames=frames,
            faces=[found for batch in in_batches(frames) for found in confident_faces(networks, batch)],
            width=recording.width,
            height=recording.height,
            frame_rate=recording.frame_rate or DEFAULT_RATE,
            read_rate=(len(frames) - 1) / duration if duration else DEFAULT_RATE,
        )


def in_batches(frames: Sequence[Frame]) -> list[Sequence[Frame]]:
    return [frames[start : start + BATCH] for start in range(0, len(frames), BATCH)]


def detect(detector: Detector, frames: Sequence[Frame]) -> list[list[Face]]:
    return detector.detect([frame.grey for frame in frames])


def confident_faces(networks: Networks, frames: Sequence[Frame]) -> list[list[Face]]:
    """Return the faces that start a track; less certain ones only continue one."""
    found = detect(networks.detector, frames)
    return [[face for face in faces if face.score >= networks.new_track_score] for faces in found]


def landmarks_of(frame: Frame, face: Face) -> Floats:
    """Return the landmarks of a face, (5, 2) in pixels of the frame."""
    height, width = frame.grey.shape
    return np.asarray(face.landmarks * (width, height) - 0.5, dtype=np.float32)


def sample_reading(source: str, number: int, rate: float) -> Reading:
    """Return a reading of a face in the middle of the frame, with as many digits as a real one."""
    captured = datetime.now(UTC)
    values = np.random.default_rng(number).dirichlet(np.ones(len(LABELS))).astype(np.float32)
    points = np.random.default_rng(number).uniform(0.4, 0.6, (15, 2)).astype(np.float32)
    return Reading(
        source=source,
        track=1,
        connection=1,
        frame=number,
        media_time=int(number / rate * 1e9),
        captured_at=captured,
        clock="arrival",
        result_at=captured,
        box=Box(0.3517, 0.2483, 0.6512, 0.7519),
        keypoints=points,
        raw=values,
        smoothed=values,
        label=LABELS[int(values.argmax())],
        abstained=None,
        quality=0.9134,
        model="emotion-00000000",
    )
