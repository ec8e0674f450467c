"""The arithmetic of docs/capacity.md, with the figures that stand in it."""

import math
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[1] / "docs" / "capacity.md").read_text()

HOUR = 3600.0  # seconds


def tables() -> list[list[list[str]]]:
    """Rows of cells, without heads and rules."""
    found = re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE)
    return [[_cells(row) for row in table.splitlines()[2:]] for table in found]


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


STAGES, CAMERA, NEEDED = tables()
STAGE = {name: float(ms) for name, ms, _ in STAGES}
OF = {name: float(figure) for name, figure, _ in CAMERA}


def needed(cameras: int) -> list[float]:
    """The cells of a row, before they are rounded."""
    shards = math.ceil(cameras / OF["cameras an engine"])
    readings = OF["pictures read"] * OF["faces"] * OF["reading"]  # bytes a second and camera
    pictures = 2 * OF["pictures read"] * OF["picture"]
    return [
        cameras * OF["ingest"],
        cameras * OF["engine"],
        cameras * OF["Redis"],
        shards,
        math.ceil(cameras * OF["Redis"]),
        cameras * (pictures + readings) / 1e6,
        (shards * OF["pictures kept"] * OF["picture"] + cameras * readings * HOUR) / 1e9,
        (cameras * OF["memory of ingest"] + shards * OF["memory of an engine"]) / 1e3,
    ]


@pytest.mark.parametrize("row", NEEDED, ids=lambda row: f"{row[0]} cameras")
def test_what_cameras_need_follows_from_what_one_takes(row: list[str]) -> None:
    cameras, *cells = row
    computed = [
        f"{value:.{len(cell.partition('.')[2])}f}"
        for value, cell in zip(needed(int(cameras)), cells, strict=True)
    ]
    assert cells == computed


def test_the_rows_are_those_that_are_asked_for() -> None:
    assert [int(row[0]) for row in NEEDED] == [10, 100, 1000, 10000]


def test_what_is_said_between_the_tables_is_computed_too() -> None:
    text = " ".join(PAGE.split())
    client = OF["pictures read"] * OF["faces"] * STAGE["websocket"] / 1000
    assert f"{client:.4f} cores" in text
    face = STAGE["crop"] + STAGE["keypoints"] + STAGE["emotion"] + STAGE["timeline"]
    assert f"each {face:.2f} ms of a core" in text
    networks = STAGE["detect"] + OF["faces"] * (STAGE["keypoints"] + STAGE["emotion"])
    left = OF["engine"] - OF["pictures read"] * networks / 1000
    assert f"= {left:.3f} cores a camera" in text
    assert f"1 / {left:.3f} = {1 / round(left, 3):.0f} cameras" in text


def test_the_parts_of_a_picture_take_less_than_the_service() -> None:
    """The stages are what the service does, and not more."""
    face = STAGE["crop"] + STAGE["keypoints"] + STAGE["emotion"] + STAGE["timeline"]
    stages = OF["pictures read"] * (STAGE["detect"] + OF["faces"] * face) / 1000
    assert 0.5 * OF["engine"] < stages < OF["engine"]
