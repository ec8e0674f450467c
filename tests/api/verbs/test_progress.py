"""Progress lines for logs: rare, with the share that is done, the speed and the time left."""

import pytest

from api.verbs.progress import Progress


def test_lines_are_rare(capfd: pytest.CaptureFixture[str]) -> None:
    shown = Progress("clip.mp4", 100.0, "x real time", bar=False)
    for done in range(100):
        shown.advance(float(done))
    shown.close()
    assert capfd.readouterr().err == ""


def test_a_line_has_share_speed_and_time_left(capfd: pytest.CaptureFixture[str]) -> None:
    now = iter([100.0, 110.0, 112.0, 120.0])
    shown = Progress("clip.mp4", 100.0, "x real time", bar=False, clock=lambda: next(now))
    for done in (40.0, 48.0, 80.0):
        shown.advance(done)
    assert capfd.readouterr().err.splitlines() == [
        "clip.mp4: 40%, 4.0x real time, 15 s left",
        "clip.mp4: 80%, 4.0x real time, 5 s left",
    ]


def test_without_a_total_there_is_no_time_left(capfd: pytest.CaptureFixture[str]) -> None:
    now = iter([0.0, 10.0])
    Progress("clip.mp4", 0.0, "x real time", bar=False, clock=lambda: next(now)).advance(20.0)
    assert capfd.readouterr().err == "clip.mp4: 20 done, 2.0x real time\n"
