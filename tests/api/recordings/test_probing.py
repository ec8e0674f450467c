"""Who looks at a file is told nothing of the service, and few do so at once."""

import asyncio
import sys
from pathlib import Path

import pytest

from api.recordings.probing import AT_ONCE, RefusedError, probe
from api.settings import RecordingLimits
from tests.clips import even, make_clip

# Stands for the probing process: notes what it is told, and how many of it there are.
LOOKING = """#!/bin/sh
folder=$(dirname "$4")
env > "$folder/environment"
mkdir "$folder/looking.$$"
ls -d "$folder"/looking.* | wc -l >> "$folder/counts"
sleep 0.1
rmdir "$folder/looking.$$"
echo '{"reason": "looked at"}'
"""


@pytest.fixture
def looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text(LOOKING)
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


async def look(path: Path) -> None:
    with pytest.raises(RefusedError, match="looked at"):
        await probe(path, RecordingLimits())


def test_it_is_told_nothing_of_the_service(
    tmp_path: Path, looking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REDIS_URL", "MIEN_TOKEN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted")
    asyncio.run(look(tmp_path / "clip.mp4"))
    told = (tmp_path / "environment").read_text()
    assert "PATH=" in told
    assert "planted" not in told


def test_few_files_are_looked_at_at_once(tmp_path: Path, looking: None) -> None:
    async def look_at_many() -> None:
        await asyncio.gather(*(look(tmp_path / f"{number}.mp4") for number in range(3 * AT_ONCE)))

    asyncio.run(look_at_many())
    counts = [int(line) for line in (tmp_path / "counts").read_text().split()]
    assert (len(counts), max(counts)) == (3 * AT_ONCE, AT_ONCE)


def test_a_name_in_any_language_is_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LANG", raising=False)
    clip = make_clip(tmp_path / "Café.mp4", even(5))
    assert asyncio.run(probe(clip, RecordingLimits())).width == 320
