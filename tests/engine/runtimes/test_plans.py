"""The cache returns a plan only whole and for the same key."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.runtimes.tensorrt.plans import CROPS, FORMAT, FRAMES, NoPlanError, PlanKey, read_plan, write_plan

KEY = PlanKey(
    network="emotion",
    weights="ab" * 32,
    recipe=1,
    tensorrt="10.16.1",
    gpu="NVIDIA H100 80GB HBM3",
    capability="9.0",
    precision="fp16",
    profile=CROPS,
)
PLAN = bytes(range(256)) * 40


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = write_plan(tmp_path / "plans", KEY, PLAN)
    assert read_plan(tmp_path / "plans", KEY) == PLAN
    assert [path] == list((tmp_path / "plans").iterdir())
    assert (tmp_path / "plans").stat().st_mode & 0o077 == 0


def test_an_empty_folder_has_no_plan(tmp_path: Path) -> None:
    with pytest.raises(NoPlanError, match="none yet"):
        read_plan(tmp_path, KEY)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, weights="cd" * 32),
        replace(KEY, recipe=2),
        replace(KEY, tensorrt="11.1.0"),
        replace(KEY, gpu="NVIDIA L4"),
        replace(KEY, capability="8.9"),
        replace(KEY, precision="fp32"),
        replace(KEY, profile=FRAMES),
    ],
)
def test_a_foreign_plan_is_not_read(tmp_path: Path, other: PlanKey) -> None:
    written = write_plan(tmp_path, other, PLAN)
    assert written != KEY.path(tmp_path)
    written.rename(KEY.path(tmp_path))  # somebody copied it over
    with pytest.raises(NoPlanError, match="a plan of another key"):
        read_plan(tmp_path, KEY)


@pytest.mark.parametrize("place", [0, len(FORMAT) + 3, -1])
def test_a_damaged_plan_is_not_read(tmp_path: Path, place: int) -> None:
    path = write_plan(tmp_path, KEY, PLAN)
    spoiled = bytearray(path.read_bytes())
    spoiled[place] ^= 0xFF
    path.write_bytes(spoiled)
    with pytest.raises(NoPlanError):
        read_plan(tmp_path, KEY)


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_plan_that_is_cut_off_is_not_read(tmp_path: Path, length: int) -> None:
    path = write_plan(tmp_path, KEY, PLAN)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(NoPlanError):
        read_plan(tmp_path, KEY)


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_plan(tmp_path, KEY, PLAN)
    assert not list(tmp_path.iterdir())
