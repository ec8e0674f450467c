"""What each stage costs: processor time with one thread, on real pictures and a real Redis."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from deploy.bench.sample import BATCH, RATE, Sample, find, landmarks_of, sample_reading
from deploy.bench.timing import computed_ms
from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.loading import Networks
from engine.runtimes.cpu import select_weights
from engine.runtimes.onnx import OnnxRuntime
from engine.stages.crop import align, cut, transform
from engine.stages.quality import judge
from engine.stages.timeline import Moment, TrackTimeline
from engine.stages.track import Tracker
from engine.wire import encode_event
from ingest.bus.client import Redis
from ingest.bus.frame_stream import FrameStream
from ingest.bus.timeline import Commit, Timeline
from ingest.bus.wire import decode_frame, encode_frame
from ingest.files.recording import open_recording

Unit = Literal["picture", "face", "message"]

SHARD = 0
BATCHES = (1, 8, 64)  # faces that a ResNet gets at once
USUAL = 8  # of which this one counts in what a picture costs
DECODED = 32  # pictures read in one try


@dataclass(frozen=True, slots=True)
class Stage:
    """What it costs, for one picture that is read, one face of it, or one message to one client."""

    name: str
    ms: float
    unit: Unit
    usual: bool = True  # whether it counts in what a picture costs

    def of_picture(self, faces: float) -> float:
        """ms for a picture with so many faces, at which one client looks."""
        return self.ms * (1.0 if self.unit == "picture" else faces)


def shares(stages: list[Stage], faces: float) -> dict[str, float]:
    """Of the time of a picture with so many faces; those of the usual stages add up to 1."""
    whole = sum(stage.of_picture(faces) for stage in stages if stage.usual)
    return {stage.name: stage.of_picture(faces) / whole for stage in stages}


class Bench:
    """Measures the stages but the websocket, which needs an API."""

    def __init__(self, path: Path, sample: Sample, networks: Networks, seconds: float) -> None:
        """Each stage is tried for so many seconds."""
        self._path = path
        self._sample = sample
        self._networks = networks
        self._seconds = seconds

    def measure(self, client: Redis) -> Iterator[Stage]:
        """`client`: of a Redis that is there for this alone."""
        frames, pictures = self._sample.frames[:BATCH], len(self._sample.frames[:BATCH])
        read = min(DECODED, len(self._sample.frames))
        yield Stage("decode", self._ms(lambda: self._decode(read)) / read, "picture")
        yield Stage("transfer", self._transfer(client) / pictures, "picture")
        yield Stage("detect", self._ms(lambda: find(self._networks.detector, frames)) / pictures, "picture")
        yield Stage("crop", self._crop(), "face")
        yield from self._network("keypoints", KEYPOINTS)
        yield from self._network("emotion", LABELS)
        yield Stage("timeline", self._timeline(), "face")

    def _ms(self, call: Callable[[], object]) -> float:
        return computed_ms(call, self._seconds)

    def _decode(self, read: int) -> None:
        """With the pictures between those that are read."""
        with open_recording(self._path, "bench", RATE) as recording:
            for _ in islice(recording, read):
                pass

    def _transfer(self, client: Redis) -> float:
        """From ingest to the engine and acknowledged; what Redis computes is part of it."""
        stream, timeline, frames = FrameStream(client, SHARD), Timeline(client), self._sample.frames[:BATCH]
        stream.join()
        there = _Server(client)

        def carry() -> None:
            for frame in frames:
                stream.push(encode_frame(frame))
            taken = stream.take(len(frames), 1.0)
            for _, fields in taken:
                decode_frame(fields)
            timeline.commit(Commit(SHARD, [id for id, _ in taken]))
            there.count()

        ours = self._ms(carry)
        return ours + there.ms_each()

    def _crop(self) -> float:
        """Cut and judged, for a face; where the clip has none, at a place that is none."""
        picture = self._sample.frames[0]
        places = [
            (frame.grey, landmarks_of(frame, face))
            for frame, faces in zip(self._sample.frames, self._sample.faces, strict=True)
            for face in faces
        ] or [(picture.grey, self._sample.anywhere())]

        def cut_all() -> None:
            for grey, landmarks in places:
                alignment = align(landmarks)
                judge(cut(grey, transform(alignment)), landmarks, alignment)

        return self._ms(cut_all) / len(places)

    def _network(self, name: str, outputs: tuple[str, ...]) -> Iterator[Stage]:
        runtime = OnnxRuntime(select_weights(read_card(name, outputs)).file)
        for batch in BATCHES:
            read = partial(runtime.run, {"crops": self._sample.crops(batch)})
            yield Stage(f"{name}_{batch}", self._ms(read) / batch, "face", usual=batch == USUAL)

    def _timeline(self) -> float:
        """Followed, smoothed and told, for a face."""
        reading = sample_reading("bench", 0, RATE)

        def follow() -> None:
            tracker, line = Tracker("bench", self._networks.new_track_score), TrackTimeline("bench", 1, 0)
            for frame, faces in zip(self._sample.frames, self._sample.faces, strict=True):
                tracker.update(faces, frame.media_time)
                for _ in faces or (None,):
                    line.add(Moment(frame.media_time, None, reading.raw, None))
                    encode_event(reading)

        told = sum(len(faces) or 1 for faces in self._sample.faces)
        return self._ms(follow) / told


class _Server:
    """What Redis computes from one `count` to the next, on average."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._began = self._computed()
        self._counted = 0

    def count(self) -> None:
        self._counted += 1

    def ms_each(self) -> float:
        return (self._computed() - self._began) / self._counted

    def _computed(self) -> float:
        told = self._client.info("cpu")
        return 1000 * float(told["used_cpu_user"] + told["used_cpu_sys"])
