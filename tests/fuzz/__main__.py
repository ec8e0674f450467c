"""Reads mutated clips of eight containers with `mien run`, and checks what it promises (`make fuzz`).

Each seed mutates one clip by bits, cuts, zeros and swaps. The exit code is 0, 2 or 3, with one line of error
where it is not 0; there is no traceback; the coverage adds up; no reading comes twice; 60 s are enough.
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


@dataclass(slots=True)
class Row:
    """The calls of one container."""

    container: str
    codes: Counter[int | None] = field(default_factory=Counter)
    longest: float = 0.0  # seconds
    memory: int = 0  # bytes, the peak
    missed: list[dict[str, object]] = field(default_factory=list)

    def add(self, seed: int, names: tuple[str, ...], outcome: Outcome) -> None:
        self.codes[outcome.code] += 1
        self.longest = max(self.longest, outcome.seconds)
        self.memory = max(self.memory, outcome.memory)
        if found := misses(outcome):
            last = outcome.errors.strip().rpartition("\n")[2]
            self.missed.append({"seed": seed, "mutations": names, "misses": found, "last line": last})

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
    made = {
        each: make_film(folder / f"film.{each}", times, sound=LENGTH, picture=scene) for each in CONTAINERS
    }
    return {container: path.read_bytes() for container, path in made.items()}


def fuzz(
    folder: Path, seeds: range, keep: Path | None
) -> Iterator[tuple[str, int, tuple[str, ...], Outcome]]:
    """Yield the container, the seed, the names of the mutations and the outcome of each call."""
    originals = films(folder)
    for seed in seeds:
        container = CONTAINERS[seed % len(CONTAINERS)]
        data, names = mutated(originals[container], seed)
        clip, out = folder / f"{seed}.{container.rpartition('.')[2]}", folder / "out"
        clip.write_bytes(data)
        outcome = call(clip, out)
        yield container, seed, names, outcome
        if keep is not None and misses(outcome):
            shutil.copy(clip, keep)
        clip.unlink()
        shutil.rmtree(out, ignore_errors=True)


def main() -> int:
    """Print a row for each container; return 1 if a promise was broken."""
    given = command_line().parse_args()
    rows = {container: Row(container) for container in CONTAINERS}
    seeds = range(given.first, given.first + given.seeds)
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mien-fuzz-") as folder:
        for container, seed, names, outcome in fuzz(Path(folder), seeds, given.keep):
            rows[container].add(seed, names, outcome)
            if found := misses(outcome):
                print(f"seed {seed} ({container}: {', '.join(names)}): {'; '.join(found)}", flush=True)
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
