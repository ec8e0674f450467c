"""Probing runs in a sandboxed process, few at a time."""

import asyncio
from pathlib import Path

import pytest

from api.recordings.probing import RefusedError, probe
from api.recordings.sandbox import MAX_PROCESSES
from api.settings import RecordingLimits
from tests.clips import even, make_clip
from tests.films import make_film

# Stands in for Python: records its environment, and the number of probes that run at the same time.
FAKE_PYTHON = """#!/bin/sh
folder=$(dirname "$4")
env > "$folder/environment"
mkdir "$folder/running.$$"
ls -d "$folder"/running.* | wc -l >> "$folder/counts"
sleep 0.1
rmdir "$folder/running.$$"
echo '{"reason": "probed"}'
"""


@pytest.fixture
def fake_python(tmp_path: Path) -> str:
    script = tmp_path / "python"
    script.write_text(FAKE_PYTHON)
    script.chmod(0o755)
    return str(script)


async def fake_probe(path: Path, python: str) -> None:
    with pytest.raises(RefusedError, match="probed"):
        await probe(path, RecordingLimits(), python=python)


def test_the_process_gets_no_secret_of_the_service(
    tmp_path: Path, fake_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REDIS_URL", "MIEN_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted")
    asyncio.run(fake_probe(tmp_path / "clip.mp4", fake_python))
    environment = (tmp_path / "environment").read_text()
    assert "PATH=" in environment
    assert "planted" not in environment


def test_few_files_are_probed_at_a_time(tmp_path: Path, fake_python: str) -> None:
    paths = [tmp_path / f"{number}.mp4" for number in range(3 * MAX_PROCESSES)]

    async def probe_all() -> None:
        await asyncio.gather(*(fake_probe(path, fake_python) for path in paths))

    asyncio.run(probe_all())
    counts = [int(line) for line in (tmp_path / "counts").read_text().split()]
    assert (len(counts), max(counts)) == (3 * MAX_PROCESSES, MAX_PROCESSES)


def test_a_name_with_accents_is_found_without_a_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LANG", raising=False)
    clip = make_clip(tmp_path / "Café.mp4", even(5))
    assert asyncio.run(probe(clip, RecordingLimits())).width == 320


def test_a_jump_of_the_clock_is_not_part_of_the_duration(tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    parts = [make_film(path, [start + time for time in even(10)]).read_bytes() for start in (0, 40_000_000)]
    path.write_bytes(b"".join(parts))
    assert asyncio.run(probe(path, RecordingLimits(duration=3600.0))).media_type == "video/mp2t"
