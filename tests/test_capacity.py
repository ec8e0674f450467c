"""Arithmetic of docs/capacity.md, with the figures on the page."""

import math
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "capacity.md").read_text()

HOUR = 3600.0  # seconds


def tables() -> list[list[list[str]]]:
    """Return the rows of each table, without their heads."""
    found = re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE)
    return [[_cells(row) for row in table.splitlines()[2:]] for table in found]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


STAGES, CAMERA, NEEDED = tables()
STAGE = {name: float(ms) for name, ms, _ in STAGES}
OF = {name: float(figure) for name, figure, _ in CAMERA}


def needed(cameras: int) -> list[float]:
    """Compute the cells of a row, not rounded."""
    shards = math.ceil(cameras / OF["cameras an engine"])
    readings = OF["frames read"] * OF["faces"] * OF["reading"]  # bytes a second and camera
    frames = 2 * OF["frames read"] * OF["frame"]
    return [
        cameras * OF["ingest"],
        cameras * OF["engine"],
        cameras * OF["Redis"],
        shards,
        math.ceil(cameras * OF["Redis"]),
        cameras * (frames + readings) / 1e6,
        (shards * OF["waiting frames"] * OF["frame"] + cameras * readings * HOUR) / 1e9,
        (cameras * OF["memory of ingest"] + shards * OF["memory of an engine"]) / 1e3,
    ]


@pytest.mark.parametrize("row", NEEDED, ids=lambda row: f"{row[0]} cameras")
def test_the_needs_of_cameras_are_multiples_of_one(row: list[str]) -> None:
    cameras, *cells = row
    computed = [
        f"{value:.{len(cell.partition('.')[2])}f}"
        for value, cell in zip(needed(int(cameras)), cells, strict=True)
    ]
    assert cells == computed


def test_the_table_has_four_numbers_of_cameras() -> None:
    assert [int(row[0]) for row in NEEDED] == [10, 100, 1000, 10000]


def test_the_figures_in_the_text_are_computed() -> None:
    text = " ".join(PAGE.split())
    client = OF["frames read"] * OF["faces"] * STAGE["websocket"] / 1000
    assert f"{client:.4f} cores" in text
    face = STAGE["crop"] + STAGE["keypoints"] + STAGE["emotion"] + STAGE["timeline"]
    assert f"each {face:.2f} ms of a core" in text
    networks = STAGE["detect"] + OF["faces"] * (STAGE["keypoints"] + STAGE["emotion"])
    left = OF["engine"] - OF["frames read"] * networks / 1000
    assert f"= {left:.3f} cores a camera" in text
    assert f"1 / {left:.3f} = {1 / round(left, 3):.0f} cameras" in text


def test_the_stages_take_less_than_the_service() -> None:
    """The stages are a part of the work of the service."""
    face = STAGE["crop"] + STAGE["keypoints"] + STAGE["emotion"] + STAGE["timeline"]
    stages = OF["frames read"] * (STAGE["detect"] + OF["faces"] * face) / 1000
    assert 0.5 * OF["engine"] < stages < OF["engine"]
