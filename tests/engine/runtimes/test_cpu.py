"""8-bit networks run where the CPU has dot products of bytes, with nearly the same results as float32."""

from pathlib import Path

import numpy as np
import pytest

from engine.card import read_card
from engine.labels import KEYPOINTS, LABELS
from engine.loading import Networks, load_networks
from engine.pipeline import Pipeline
from engine.records import Reading
from engine.runtimes.cpu import has_byte_dot_products, select_weights
from engine.settings import EngineSettings
from ingest.environment import SettingError
from tests.engine.portrait import portrait_frame


def cpuinfo(folder: Path, text: str) -> Path:
    """Return a file in the kernel's format."""
    file = folder / "cpuinfo"
    file.write_text(text)
    return file


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
def test_8_bits_run_where_the_cpu_has_byte_dot_products(tmp_path: Path, text: str, bits: int) -> None:
    card = select_weights(read_card("emotion", LABELS), cpuinfo=cpuinfo(tmp_path, text))
    assert card.bits == bits


def test_float32_runs_where_the_kernel_reports_nothing(tmp_path: Path) -> None:
    assert select_weights(read_card("keypoints", KEYPOINTS), cpuinfo=tmp_path / "none").bits == 32


def test_float32_can_be_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card = read_card("emotion", LABELS)
    assert select_weights(card, "fp32", cpuinfo(tmp_path, "flags : avx_vnni")).bits == 32
    assert EngineSettings.read("precision").precision == "auto"
    monkeypatch.setenv("MIEN_PRECISION", "fp32")
    assert EngineSettings.read("precision").precision == "fp32"
    monkeypatch.setenv("MIEN_PRECISION", "int4")
    with pytest.raises(SettingError, match=r"^MIEN_PRECISION must be auto or fp32, got 'int4'$"):
        EngineSettings.read("precision")


def test_both_precisions_read_a_face_alike_and_name_their_weights() -> None:
    if not has_byte_dot_products():
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
