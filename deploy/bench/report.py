"""`mien bench`: all measurements, as a table with a line that names the bottleneck, or as JSON."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from deploy.bench import websocket
from deploy.bench.bottleneck import bottleneck
from deploy.bench.cameras import LoadPlan, Step, running
from deploy.bench.clip import Clip, choose_clip
from deploy.bench.gpu import GpuFigures, measure_gpu
from deploy.bench.recording import RecordingBenchmark, RecordingSpeed
from deploy.bench.sample import Sample, take_sample
from deploy.bench.service import temporary_redis
from deploy.bench.stages import Stage, StageBenchmark, shares
from engine.loading import load_networks
from ingest.bus.connection import connect


@dataclass(frozen=True, slots=True)
class Effort:
    """Durations of the measurements."""

    clip: float  # seconds of a rendered clip
    stage: float  # seconds for each stage
    recording: float  # seconds of the clip that are read in a turn
    cameras: LoadPlan
    clients: websocket.Load


def full(shards: int) -> Effort:
    """Return durations of less than two minutes in all."""
    load = websocket.Load(clients=50, stuck=0, seconds=3.0, rate=20.0)
    return Effort(8.0, 0.5, 20.0, LoadPlan(64, shards, warm_up=2.0, seconds=4.0), load)


def quick(shards: int) -> Effort:
    """Return durations of less than 20 seconds in all, on an idle machine."""
    load = websocket.Load(clients=10, stuck=0, seconds=0.5, rate=20.0)
    return Effort(3.0, 0.05, 5.0, LoadPlan(2, shards, warm_up=0.5, seconds=1.0), load)


@dataclass(frozen=True, slots=True)
class Report:
    """All measurements of a run."""

    machine: str
    cores: int
    clip: Clip
    sample: Sample
    stages: list[Stage]
    steps: list[Step]
    recorded: RecordingSpeed
    gpu: GpuFigures | None  # None without a GPU

    @property
    def faces(self) -> float:
        """Faces in a frame; one if the clip has none, so that the stages that read faces count."""
        return self.sample.faces_per_frame or 1.0

    @property
    def bottleneck(self) -> str:
        return bottleneck(self.stages, self.faces, self.steps, self.cores)

    @property
    def kept_up(self) -> int:
        """Largest number of cameras that this machine keeps up with."""
        return max((step.cameras for step in self.steps if step.keeps_up), default=0)

    def to_json(self) -> dict[str, Any]:
        share = shares(self.stages, self.faces)
        return {
            "stages": {
                each.name: {"ms": round(each.ms, 4), "share": round(share[each.name], 4)}
                for each in self.stages
            },
            "end_to_end": {
                "machine": {"processor": self.machine, "cores": self.cores, "threads_a_network": 1},
                "clip": self._clip_json(),
                "cameras": [asdict(step) | {"keeps_up": step.keeps_up} for step in self.steps],
                "cameras_kept_up": self.kept_up,
                "recording": asdict(self.recorded) | {"gain": round(self.recorded.gain, 2)},
                "gpu": self.gpu and self.gpu.to_json(self.faces),
            },
            "bottleneck": self.bottleneck,
        }

    def _clip_json(self) -> dict[str, Any]:
        return {
            "about": self.clip.about,
            "width": self.sample.width,
            "height": self.sample.height,
            "pictures_a_second": round(self.sample.frame_rate, 2),
            "read_a_second": round(self.sample.read_rate, 2),
            "faces_a_picture": round(self.sample.faces_per_frame, 2),
        }


def measure(given: Path | None, effort: Effort) -> Report:
    """Run all measurements, on the given video or a rendered one.

    Raises BenchError, CardMismatchError, GpuError, OSError, ServerError and UnreadableError.
    """
    with temporary_redis() as (redis, folder), tqdm(total=18, file=sys.stderr, disable=None) as bar:
        bar.set_description("rendering" if given is None else "decoding")
        clip = choose_clip(given, folder, effort.clip)
        networks = load_networks()
        sample = take_sample(clip.path, networks)
        with connect(redis.url) as client:
            bench = StageBenchmark(clip.path, sample, networks, effort.stage)
            stages = list(_with_progress(bar, "stages", bench.measure(client)))
        bar.set_description("websocket")
        stages.append(_websocket(effort.clients))
        bar.update()
        steps = list(_with_progress(bar, "cameras", _steps(clip.path, sample, effort.cameras)))
        bar.set_description("recording")
        recorded = RecordingBenchmark(clip.path, effort.recording).measure()
        bar.set_description("GPU")
        gpu = measure_gpu()
    cores = len(os.sched_getaffinity(0))
    return Report(processor(), cores, clip, sample, stages, steps, recorded, gpu)


def _with_progress(bar: "tqdm[None]", name: str, found: Iterator[Any]) -> Iterator[Any]:
    bar.set_description(name)
    for each in found:
        bar.update()
        yield each


def _websocket(load: websocket.Load) -> Stage:
    """Return the processor time of the API for a message to one of many clients."""
    figures = websocket.measure(load)
    busy = figures.api_cpu_percent / 100 * load.seconds
    return Stage("websocket", 1000 * busy / max(1, figures.delivered), "message")


def _steps(clip: Path, sample: Sample, plan: LoadPlan) -> Iterator[Step]:
    """Double the number of cameras; end with the first step that does not keep up."""
    with running(clip, plan.shards) as cameras:
        number = 1
        while number <= plan.max_cameras:
            step = cameras.step(number, sample.read_rate, plan)
            yield step
            if not step.keeps_up:
                return
            number *= 2


def processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def to_text(report: Report) -> str:
    """Return the report as a table."""
    lines = [
        f"{report.machine}, {report.cores} cores; ONNX Runtime on the CPU, one thread a network",
        *_clip(report.clip, report.sample),
        f"{'stage':<16}{'processor time':>18}{'share':>10}",
        *_stages(report.stages, report.faces),
        f"\n{'cameras':<16}{'due':>8}{'came':>8}{'lost a second':>16}{'latency':>10}   share of CPU time",
        *map(_step, report.steps),
        f"\n{_recording(report.recorded)}",
        report.gpu.to_line(report.faces) if report.gpu else "GPU: none that can be used; see mien doctor",
        f"keeps up with {report.kept_up} cameras",
        f"bottleneck: {report.bottleneck}",
    ]
    return "\n".join(lines)


def _clip(clip: Clip, sample: Sample) -> list[str]:
    return [
        f"{clip.about}: {sample.width}x{sample.height}, {sample.frame_rate:.4g} frames a second, "
        f"{sample.read_rate:.3g} of them read, {sample.faces_per_frame:.2g} faces in each",
        "" if sample.faces_per_frame else "(the shares are for one face in each)",
    ]


def _stages(stages: list[Stage], faces: float) -> list[str]:
    found = shares(stages, faces)
    return [f"{each.name:<16}{each.ms:>10.3f} ms a {each.unit:<8}{_share(each, found)}" for each in stages]


def _share(stage: Stage, found: dict[str, float]) -> str:
    return f"{found[stage.name]:>8.1%}" if stage.counts else f"({found[stage.name]:.1%})".rjust(9)


def _step(step: Step) -> str:
    latency = "-" if step.latency_ms is None else f"{step.latency_ms:.0f} ms"
    parts = ", ".join(f"{name} {share:.0%}" for name, share in step.shares.items())
    behind = "" if step.keeps_up else "; does not keep up"
    figures = f"{step.cameras:<16}{step.due:>8.1f}{step.came:>8.1f}{step.lost:>16.1f}{latency:>10}"
    return f"{figures}   {parts}{behind}"


def _recording(recorded: RecordingSpeed) -> str:
    parts = ", ".join(f"{name} {share:.0%}" for name, share in recorded.shares.items())
    return (
        f"a recording: {recorded.overlapped:.1f}x real time with {recorded.threads} threads, "
        f"{recorded.one_after_the_other:.1f}x one stage after the other ({parts}): {recorded.gain:.2f} times"
    )
