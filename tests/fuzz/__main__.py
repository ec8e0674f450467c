"""Reads mutated clips of eight containers with `mien run`, and checks what it promises (`make fuzz`).

Each seed mutates one clip by bits, cuts, zeros and swaps. The exit code is 0, 2 or 3, with one line of error
where it is not 0; there is no traceback; the coverage adds up; no reading comes twice; 60 s are enough. A
ninth of the clips is read twice, with the same results.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.api.verbs.portrait_clips import scene
from tests.clips import even
from tests.films import make_film
from tests.fuzz.calling import call
from tests.fuzz.mutation import mutated
from tests.fuzz.verdict import CODES, Outcome, misses

CONTAINERS = ("mp4", "frag.mp4", "mov", "mkv", "webm", "avi", "flv", "ts")
LENGTH = 1.5  # seconds
RATE = 25
TWICE = 9  # of so many seeds one is read twice: the results must be the same


@dataclass(frozen=True, slots=True)
class Call:
    """One call of `mien run` with a mutated clip, and the promises that it broke."""

    container: str
    seed: int
    mutations: tuple[str, ...]
    outcome: Outcome
    misses: list[str]

    def __str__(self) -> str:
        mutations = ", ".join(self.mutations)
        return f"seed {self.seed} ({self.container}: {mutations}): {'; '.join(self.misses)}"


@dataclass(slots=True)
class Row:
    """The calls of one container."""

    container: str
    codes: Counter[int | None] = field(default_factory=Counter)
    longest: float = 0.0  # seconds
    memory: int = 0  # bytes, the peak
    missed: list[dict[str, object]] = field(default_factory=list)

    def add(self, call: Call) -> None:
        self.codes[call.outcome.code] += 1
        self.longest = max(self.longest, call.outcome.seconds)
        self.memory = max(self.memory, call.outcome.memory)
        if call.misses:
            last = call.outcome.errors.strip().rpartition("\n")[2]
            names = {"seed": call.seed, "mutations": call.mutations}
            self.missed.append({**names, "misses": call.misses, "last line": last})

    def to_json(self) -> dict[str, object]:
        codes = {str(code): number for code, number in self.codes.items()}
        return {
            "container": self.container,
            "calls": self.codes.total(),
            "codes": codes,
            "longest": round(self.longest, 2),
            "peak memory": self.memory,
            "missed": self.missed,
        }

    def __str__(self) -> str:
        codes = "".join(f"{self.codes[code]:>7}" for code in CODES)
        others = self.codes.total() - sum(self.codes[code] for code in CODES)
        figures = f"{self.longest:>8.1f} s{self.memory / 1e6:>9.0f} MB{len(self.missed):>8}"
        return f"{self.container:<10}{self.codes.total():>7}{codes}{others:>7}{figures}"


HEAD = f"{'container':<10}{'calls':>7}" + "".join(f"{f'exit {code}':>7}" for code in CODES)
HEAD += f"{'other':>7}{'longest':>10}{'memory':>12}{'missed':>8}"


def films(folder: Path) -> dict[str, bytes]:
    """Make a small film with a face and sound for each container."""
    times = even(round(LENGTH * RATE), RATE)
    paths = {container: folder / f"film.{container}" for container in CONTAINERS}
    for path in paths.values():
        make_film(path, times, sound=LENGTH, picture=scene)
    return {container: path.read_bytes() for container, path in paths.items()}


def fuzz(folder: Path, seeds: range, keep: Path | None) -> Iterator[Call]:
    """Yield the call of each seed; copy the clips whose promises were broken to `keep`."""
    originals = films(folder)
    for seed in seeds:
        container = CONTAINERS[seed % len(CONTAINERS)]
        data, mutations = mutated(originals[container], seed)
        clip = folder / f"{seed}.{container.rpartition('.')[2]}"
        clip.write_bytes(data)
        outcome = called(clip)
        found = misses(outcome, called(clip) if seed % TWICE == 0 else None)
        if keep is not None and found:
            shutil.copy(clip, keep)
        clip.unlink()
        yield Call(container, seed, mutations, outcome, found)


def called(clip: Path) -> Outcome:
    """Read the clip; delete the results."""
    out = clip.with_name("out")
    outcome = call(clip, out)
    shutil.rmtree(out, ignore_errors=True)
    return outcome


def main() -> int:
    """Print a row for each container; return 1 if a promise was broken."""
    given = command_line().parse_args()
    rows = {container: Row(container) for container in CONTAINERS}
    seeds = range(given.first, given.first + given.seeds)
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mien-fuzz-") as folder:
        for each in fuzz(Path(folder), seeds, given.keep):
            rows[each.container].add(each)
            if each.misses:
                print(each, flush=True)
    print(HEAD, *rows.values(), sep="\n")
    if given.json is not None:
        given.json.write_text(json.dumps([row.to_json() for row in rows.values()], indent=2) + "\n")
    return 1 if any(row.missed for row in rows.values()) else 0


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    add = parser.add_argument
    add("--seeds", type=int, default=1000, metavar="N", help="number of seeds (%(default)s)")
    add("--from", dest="first", type=int, default=0, metavar="SEED", help="the first seed (%(default)s)")
    add("--json", type=Path, metavar="FILE", help="write the table to this file, with each miss")
    add("--keep", type=Path, metavar="DIR", help="keep the clips whose promises were broken in this folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
