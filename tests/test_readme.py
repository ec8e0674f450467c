"""The README has the figures of the cards, and names files and verbs that exist."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.card import MODELS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def metrics(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text())["metrics"]
    return found


def in_8_bits() -> str:
    measured = json.loads((ROOT / "training" / "figures.json").read_text())
    lost, speed = measured["int8"], measured["speed"]
    whole, small = (
        sum(speed[f"{name}{bits}_vs_resnet18"] for name in ("emotion", "keypoints")) for bits in ("", "_int8")
    )
    return (
        f"{share(lost['accuracy_lost'])} of the accuracy lost, {lost['rmse_added']:.3f} px added; "
        f"in {share(small / whole, 2)} of the time"
    )


def share(value: float, digits: int = 3) -> str:
    """A share as the README writes it: .881"""
    return f"{value:.{digits}f}".removeprefix("0")


def figures() -> list[str]:
    emotion, keypoints, detector = (
        metrics("emotion")["test"],
        metrics("keypoints")["test"],
        metrics("detector"),
    )
    seven, five = emotion["seven"], emotion["five"]
    return [
        f"accuracy {share(seven['accuracy'])}, macro F1 {share(seven['macro_f1'])}",
        f"accuracy {share(five['accuracy'])}, macro F1 {share(five['macro_f1'])}",
        f"calibration error {share(emotion['ece'])}",
        f"{keypoints['n']} faces",
        f"{keypoints['rmse']:.2f} px RMSE at 96x96, {100 * keypoints['nme']:.1f} % of the eye distance",
        in_8_bits(),
        f"average precision {share(detector['ap'])} (YuNet: {share(detector['yunet_ap'])})",
        f"in {share(detector['detector_vs_yunet'], 2)} of YuNet's time",
        f"rarely invents a face ({detector['false_positives']} on",
        f"finds only {share(detector['recall'], 2)} of",
    ]


@pytest.mark.parametrize("figure", figures())
def test_the_figures_of_the_networks_are_the_cards(figure: str) -> None:
    assert figure in " ".join(README.split())


def test_the_verbs_that_it_names_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)", README))
    assert {"demo", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


def test_the_files_that_it_links_to_are_there() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", README)
    assert linked
    assert [path for path in linked if not (ROOT / path).is_file()] == []
