"""What the service is told by its environment."""

from pathlib import Path

import pytest

from api.settings import settings_from_environment as settings_of_the_api
from ingest.settings import (
    SettingError,
    batch_delay,
    data_folder,
    media_folder,
    retention,
    settings_from_environment,
    source_networks,
)


def test_the_media_lie_in_the_data_folder_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_MEDIA", raising=False)
    monkeypatch.setenv("MIEN_DATA", "/kept")
    assert media_folder(data_folder()) == Path("/kept/media")
    monkeypatch.setenv("MIEN_MEDIA", "/films")
    assert settings_from_environment().media == settings_of_the_api("127.0.0.1").media == Path("/films")


@pytest.mark.parametrize(
    ("told", "seconds"), [("2", 7200), ("0.5", 1800), ("90m", 5400), ("36h", 129600), (" 7d ", 604800)]
)
def test_how_long_timelines_are_kept(monkeypatch: pytest.MonkeyPatch, told: str, seconds: float) -> None:
    monkeypatch.setenv("MIEN_RETENTION", told)
    assert retention() == seconds


def test_timelines_are_kept_for_a_day_where_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_RETENTION", raising=False)
    assert retention() == 24 * 3600


@pytest.mark.parametrize("told", ["", "0", "0h", "-1", "soon", "24 hours", "1e9999", "inf"])
def test_what_is_no_time_is_refused(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("MIEN_RETENTION", told)
    with pytest.raises(SettingError, match="MIEN_RETENTION: expected hours, or such as 90m, 24h or 7d, act"):
        retention()


def test_how_long_a_camera_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_OPEN_TIMEOUT", " 2.5 ")
    monkeypatch.delenv("MIEN_READ_TIMEOUT", raising=False)
    settings = settings_from_environment()
    assert (settings.open_timeout, settings.read_timeout) == (2.5, 5.0)


@pytest.mark.parametrize("told", ["abc", "", "inf", "nan", "-1", "0", "1e9", "601"])
@pytest.mark.parametrize("name", ["MIEN_OPEN_TIMEOUT", "MIEN_READ_TIMEOUT"])
def test_what_is_no_number_of_seconds_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv(name, told)
    with pytest.raises(SettingError, match=f"^{name}: expected 0.1 to 600 seconds, actual '{told}'$"):
        settings_from_environment()


def test_how_long_a_face_waits_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_BATCH_DELAY", raising=False)
    assert batch_delay() is None
    for told, seconds in (("0", 0.0), ("10", 0.01), (" 2.5 ", 0.0025), ("1000", 1.0)):
        monkeypatch.setenv("MIEN_BATCH_DELAY", told)
        assert batch_delay() == seconds
    for told in ("-1", "1001", "10ms", "nan"):
        monkeypatch.setenv("MIEN_BATCH_DELAY", told)
        with pytest.raises(SettingError, match=f"MIEN_BATCH_DELAY: expected 0 to 1000 ms, actual '{told}'"):
            batch_delay()


def test_who_sits_at_the_machine_may_use_its_webcams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "10.0.0.0/8")
    assert source_networks("open").webcams
    assert not source_networks("required").webcams
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "10.0.0.0/8,webcam")
    assert source_networks("required").webcams
    monkeypatch.delenv("MIEN_SOURCE_NETWORKS")
    assert source_networks("open").webcams
    assert not source_networks("required").webcams
