"""Judges what the clients of a run have received, and what the service used. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.acceptance.check import Row
from tests.soak.log import Position, SourceLog

ROUNDING = 2e-6  # seconds, of two rounded times
MIB = 1 << 20
HOUR = 3600.0  # seconds
MAX_SLOPE = 1.0  # MB an hour
MAX_LOG = 1_000_000  # bytes
WARM_UP = 600.0  # seconds of a run in which no memory counts
MIN_AGE = 120.0  # seconds after its start, from which the memory of a process counts
MIN_SPAN = 60.0  # seconds of samples of a process, below which it shows no slope

Logs = Mapping[str, SourceLog]  # by source


@dataclass(frozen=True, slots=True)
class MemorySample:
    """The memory of one process at one moment."""

    part: str
    pid: int
    at: float  # seconds since the run began
    age: float  # seconds since the process was first seen
    memory: int  # bytes of resident set


def twice(log: SourceLog) -> int:
    """Count readings that came more than once."""
    seen = Counter((each.connection, each.frame, each.track) for each in log.readings)
    return sum(count - 1 for count in seen.values()) + log.disordered


def uncounted(log: SourceLog) -> int:
    """Count frames that were neither read nor counted as lost: the numbers of each connection begin at 0."""
    last: dict[int, int] = defaultdict(lambda: -1)
    for each in log.readings:
        last[each.connection] = max(last[each.connection], each.frame)
    counted = sum(segment.frames for segment in log.segments)
    return max(0, sum(last.values()) + len(last) - counted)


def surplus(log: SourceLog) -> int:
    """Count frames of the coverage that no connection has had; frames without a face have no reading."""
    last: dict[int, int] = defaultdict(lambda: -1)
    for each in log.readings:
        last[each.connection] = max(last[each.connection], each.frame)
    unread = sum(segment.frames for segment in log.segments if segment.kind == "no_face")
    counted = sum(segment.frames for segment in log.segments)
    return max(0, counted - unread - sum(last.values()) - len(last))


def holes(log: SourceLog) -> int:
    """Count the places where the coverage has a gap or an overlap."""
    return sum(abs(second.started - first.ended) > ROUNDING for first, second in pairwise(log.segments))


def dropped(log: SourceLog) -> int:
    return sum(segment.frames for segment in log.segments if segment.kind == "dropped")


def received(log: SourceLog) -> set[Position]:
    return {each.cursor for each in log.readings} | {each.cursor for each in log.segments}


def differences(clients: Sequence[Logs]) -> int:
    """Count messages that one client received and another one did not."""
    first, *others = clients
    return sum(len(received(first[source]) ^ received(other[source])) for other in others for source in first)


def judge_clients(clients: Sequence[Logs], counters: Mapping[str, int]) -> Iterator[Row]:
    """Judge what the websocket clients received. `counters`: dropped frames of each source, of /metrics."""
    logs = [log for client in clients for log in client.values()]
    main = clients[0]
    readings = sum(len(log.readings) for log in main.values())
    yield _zero(f"readings that came twice, of {readings:,}", sum(map(twice, logs)))
    yield _zero("frames missing and not counted", sum(map(uncounted, main.values())))
    yield _zero("frames counted that there were not", sum(map(surplus, main.values())))
    yield _zero("gaps and overlaps of the coverage", sum(map(holes, main.values())))
    yield _zero("messages that only one client received", differences(clients))
    lost = {source: dropped(log) for source, log in main.items()}
    wrong = {source for source in lost if lost[source] != counters.get(source)}
    yield _zero(f"sources whose counter of dropped frames is wrong ({sum(lost.values())})", len(wrong))
    codes = sum((log.errors for log in logs), Counter[str]())
    others = {code: count for code, count in codes.items() if code not in ("missed", "unavailable")}
    yield _zero("errors on websockets besides `missed` and `unavailable`", sum(others.values()))


def judge_use(samples: Sequence[MemorySample], log_size: int) -> Iterator[Row]:
    """Judge the slope of each part's memory, and the size of the log in bytes."""
    for part in sorted({sample.part for sample in samples}):
        slope = growth([sample for sample in samples if sample.part == part])
        figure = "no process ran long enough" if slope is None else f"{slope:+.2f} MB/h"
        yield Row(
            f"memory of {part}",
            figure,
            f"<= {MAX_SLOPE:g} MB/h",
            None if slope is None else slope <= MAX_SLOPE,
        )
    yield Row("log", f"{log_size / 1000:.0f} kB", f"<= {MAX_LOG / 1000:.0f} kB", log_size <= MAX_LOG)


def growth(samples: Sequence[MemorySample]) -> float | None:
    """Return the common slope (MB an hour) within the processes of one part, by least squares.

    Each process has a level of its own, and its first minutes, in which it fills its caches, do not count.
    Return None where no process ran long enough.
    """
    covariance = variance = 0.0
    for pid in {sample.pid for sample in samples}:
        own = [each for each in samples if each.pid == pid and each.age >= MIN_AGE and each.at >= WARM_UP]
        if not own or own[-1].at - own[0].at < MIN_SPAN:
            continue
        time, memory = (
            sum(values) / len(own) for values in zip(*((s.at, s.memory) for s in own), strict=True)
        )
        covariance += sum((sample.at - time) * (sample.memory - memory) for sample in own)
        variance += sum((sample.at - time) ** 2 for sample in own)
    return covariance / variance * HOUR / MIB if variance else None


def _zero(name: str, count: int) -> Row:
    return Row(name, str(count), "0", count == 0)
