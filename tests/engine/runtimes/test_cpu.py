"""8-bit networks run where the CPU is made for them, and say about what the others say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.records import Reading
from engine.runtimes import cpu
from engine.runtimes.cpu import multiplies_bytes, suited
from ingest.settings import SettingError, precision_name
from tests.engine.portrait import portrait_frame


@pytest.fixture(autouse=True)
def _looked_at_anew() -> Iterator[None]:
    multiplies_bytes.cache_clear()
    yield
    multiplies_bytes.cache_clear()


def told(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Has the kernel say that of the CPU."""
    file = folder / "cpuinfo"
    file.write_text(text)
    monkeypatch.setattr(cpu, "CPUINFO", file)
    multiplies_bytes.cache_clear()


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx_vnni\n", 8),
        ("flags\t\t: fpu avx512f avx512_vnni amx_int8\n", 8),
        ("model name\t: avx_vnni\nflags\t\t: fpu avx2 avx512f\n", 32),
        ("Features\t: fp asimd asimddp\n", 32),
        ("", 32),
    ],
)
def test_the_cpu_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, bits: int) -> None:
    told(monkeypatch, tmp_path, text)
    assert suited(read_card("emotion", LABELS)).bits == bits


def test_what_the_kernel_does_not_tell_is_not_assumed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cpu, "CPUINFO", tmp_path / "none")
    assert suited(read_card("keypoints", KEYPOINTS)).bits == 32


def test_32_bits_may_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told(monkeypatch, tmp_path, "flags : avx_vnni")
    assert suited(read_card("emotion", LABELS), "fp32").bits == 32
    assert precision_name() == "auto"
    monkeypatch.setenv("MIEN_PRECISION", "fp32")
    assert precision_name() == "fp32"
    monkeypatch.setenv("MIEN_PRECISION", "int4")
    with pytest.raises(SettingError, match=r"^MIEN_PRECISION: expected auto or fp32, actual 'int4'$"):
        precision_name()


def test_both_read_a_face_alike_and_say_which_read_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not multiplies_bytes():
        pytest.skip("this CPU has no dot products of bytes: it may not hold their sums")
    whole, small = load_networks(precision="fp32"), load_networks()
    before, after = reading_of(whole), reading_of(small)
    assert np.abs(after.raw - before.raw).max() < 0.05
    assert np.abs((after.keypoints - before.keypoints) * (640, 360)).max() < 0.5  # pixels
    card = read_card("emotion", LABELS)
    assert card.int8 is not None
    assert (before.model, after.model) == (card.version, card.int8.version)
    assert small.versions["emotion"] == card.int8.version
    assert small.versions["detector"] == whole.versions["detector"]


def reading_of(networks: Networks) -> Reading:
    (events,) = Pipeline(networks).step([portrait_frame(0)])
    return next(event for event in events if isinstance(event, Reading))
