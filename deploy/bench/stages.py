"""Processor time of each stage with one thread, on real frames and a real Redis."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from deploy.bench.sample import BATCH, Sample, detect, landmarks_of, sample_reading
from deploy.bench.timing import median_time
from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.loading import Networks
from engine.runtimes.cpu import select_weights
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import align, crop_face, crop_transform
from engine.stages.quality import assess
from engine.stages.timeline import RawReading, TrackTimeline
from engine.stages.track import Tracker
from engine.wire import encode_event
from ingest.bus.client import Redis
from ingest.bus.frame_stream import FrameStream
from ingest.bus.source_config import DEFAULT_RATE
from ingest.bus.timeline import Commit, Timeline
from ingest.bus.wire import decode_frame, encode_frame
from ingest.files.recording import open_recording

Unit = Literal["frame", "face", "message"]

SHARD = 0
BATCHES = (1, 8, 64)  # faces in a batch of a ResNet
TYPICAL_BATCH = 8  # the one that counts in the shares
DECODED = 32  # frames decoded in one call


@dataclass(frozen=True, slots=True)
class Stage:
    """Processor time of a stage for a frame, for a face, or for a message to one client."""

    name: str
    ms: float
    unit: Unit
    counts: bool = True  # in the shares

    def ms_per_frame(self, faces: float) -> float:
        """Return the milliseconds for a frame with so many faces, which one client watches."""
        return self.ms * (1.0 if self.unit == "frame" else faces)


def shares(stages: list[Stage], faces: float) -> dict[str, float]:
    """Return each stage's share of the time of a frame; the shares of the stages that count add up to 1."""
    total = sum(stage.ms_per_frame(faces) for stage in stages if stage.counts)
    return {stage.name: stage.ms_per_frame(faces) / total for stage in stages}


class StageBenchmark:
    """Measures all stages but the websocket, which needs an API."""

    def __init__(self, path: Path, sample: Sample, networks: Networks, seconds: float) -> None:
        """`seconds`: of the measurement of each stage."""
        self._path = path
        self._sample = sample
        self._networks = networks
        self._seconds = seconds

    def measure(self, client: Redis) -> Iterator[Stage]:
        """Yield the stages; `client` is connected to a temporary Redis."""
        frames = self._sample.frames[:BATCH]
        count = min(DECODED, len(self._sample.frames))
        yield Stage("decode", self._ms(lambda: self._decode(count)) / count, "frame")
        yield Stage("transfer", self._transfer(client) / len(frames), "frame")
        detecting = self._ms(lambda: detect(self._networks.detector, frames))
        yield Stage("detect", detecting / len(frames), "frame")
        yield Stage("crop", self._crop(), "face")
        yield from self._network("keypoints", KEYPOINTS)
        yield from self._network("emotion", LABELS)
        yield Stage("timeline", self._timeline(), "face")

    def _ms(self, call: Callable[[], object]) -> float:
        return 1000 * median_time(call, self._seconds)

    def _decode(self, count: int) -> None:
        """Decode frames, and the skipped ones between them."""
        with open_recording(self._path, "bench", DEFAULT_RATE) as recording:
            for _ in islice(recording, count):
                pass

    def _transfer(self, client: Redis) -> float:
        """Push, take and acknowledge frames; the processor time of Redis counts too."""
        stream, timeline, frames = FrameStream(client, SHARD), Timeline(client), self._sample.frames[:BATCH]
        stream.join()
        redis = _RedisTime(client)

        def transfer() -> None:
            for frame in frames:
                stream.push(encode_frame(frame))
            taken = stream.take(len(frames), 1.0)
            for _, fields in taken:
                decode_frame(fields)
            timeline.commit(Commit(SHARD, [id for id, _ in taken]))
            redis.count()

        return self._ms(transfer) + redis.ms_per_call()

    def _crop(self) -> float:
        """Crop a face and assess its quality; in a clip without faces, one at the centre."""
        first = self._sample.frames[0]
        faces = [
            (frame.grey, landmarks_of(frame, face))
            for frame, detected in zip(self._sample.frames, self._sample.faces, strict=True)
            for face in detected
        ] or [(first.grey, self._sample.centred_landmarks())]

        def crop_all() -> None:
            for grey, landmarks in faces:
                alignment = align(landmarks)
                assess(crop_face(grey, crop_transform(alignment)), landmarks, alignment)

        return self._ms(crop_all) / len(faces)

    def _network(self, name: str, outputs: tuple[str, ...]) -> Iterator[Stage]:
        runtime = OnnxRuntime(select_weights(read_card(name, outputs)).file)
        for batch in BATCHES:
            classify = partial(runtime.run, {"crops": self._sample.crops(batch)})
            yield Stage(f"{name}_{batch}", self._ms(classify) / batch, "face", counts=batch == TYPICAL_BATCH)

    def _timeline(self) -> float:
        """Track and smooth a face, and encode its readings."""
        reading = sample_reading("bench", 0, DEFAULT_RATE)

        def track() -> None:
            tracker, line = Tracker("bench", self._networks.new_track_score), TrackTimeline("bench", 1, 0)
            for frame, faces in zip(self._sample.frames, self._sample.faces, strict=True):
                tracker.update(faces, frame.media_time)
                for _ in faces or (None,):
                    line.add(RawReading(frame.media_time, None, reading.raw, None))
                    encode_event(reading)

        faces = sum(len(each) or 1 for each in self._sample.faces)
        return self._ms(track) / faces


class _RedisTime:
    """Average processor time of Redis between two calls of `count`."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._began = self._ms()
        self._calls = 0

    def count(self) -> None:
        self._calls += 1

    def ms_per_call(self) -> float:
        return (self._ms() - self._began) / self._calls

    def _ms(self) -> float:
        info = self._client.info("cpu")
        return 1000 * float(info["used_cpu_user"] + info["used_cpu_sys"])
