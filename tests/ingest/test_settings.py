"""Settings of ingest: the forms that they accept and the sentences that refuse the others."""

from pathlib import Path

import pytest

from ingest.environment import SettingError
from ingest.network.allowlist import EVERYWHERE
from ingest.settings import IngestSettings


def test_the_media_folder_is_in_the_data_folder_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_MEDIA", raising=False)
    monkeypatch.setenv("MIEN_DATA", "/service")
    assert IngestSettings.read("data", "media").media == Path("/service/media")
    assert IngestSettings.read("media", data=Path("/other")).media == Path("/other/media")
    monkeypatch.setenv("MIEN_MEDIA", "/films")
    assert IngestSettings.read("media", data=Path("/other")).media == Path("/films")


@pytest.mark.parametrize(
    ("text", "seconds"), [("2", 7200), ("0.5", 1800), ("90m", 5400), ("36h", 129600), (" 7d ", 604800)]
)
def test_a_retention_has_a_unit_or_counts_hours(
    monkeypatch: pytest.MonkeyPatch, text: str, seconds: float
) -> None:
    monkeypatch.setenv("MIEN_RETENTION", text)
    assert IngestSettings.read("retention").retention == seconds


def test_timelines_are_kept_for_a_day_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_RETENTION", raising=False)
    assert IngestSettings.read("retention").retention == 24 * 3600


@pytest.mark.parametrize(
    "text", ["", "0", "0h", "-1", "soon", "24 hours", "1e9999", "inf", "36501d", "999999"]
)
def test_a_wrong_retention_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("MIEN_RETENTION", text)
    sentence = f"^MIEN_RETENTION must be a duration such as 90m, 24h or 7d, at most 36500d, got '{text}'$"
    with pytest.raises(SettingError, match=sentence):
        IngestSettings.read()
    assert IngestSettings.read("open_timeout").open_timeout == 10  # a part that does not need it starts


def test_timeouts_are_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_OPEN_TIMEOUT", " 2.5 ")
    monkeypatch.delenv("MIEN_READ_TIMEOUT", raising=False)
    settings = IngestSettings.read()
    assert (settings.open_timeout, settings.read_timeout) == (2.5, 5.0)


@pytest.mark.parametrize("text", ["abc", "", "inf", "nan", "-1", "0", "1e9", "601"])
@pytest.mark.parametrize("name", ["MIEN_OPEN_TIMEOUT", "MIEN_READ_TIMEOUT"])
def test_a_wrong_timeout_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(SettingError, match=f"^{name} must be between 0.1 and 600 seconds, got '{text}'$"):
        IngestSettings.read()


def test_this_machine_s_webcams_need_no_name_where_no_token_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "10.0.0.0/8")
    assert IngestSettings.read().networks_for("open").webcams
    assert not IngestSettings.read().networks_for("required").webcams
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "10.0.0.0/8,webcam")
    assert IngestSettings.read().networks_for("required").webcams
    monkeypatch.delenv("MIEN_SOURCE_NETWORKS")
    assert IngestSettings.read().networks_for("open") == EVERYWHERE
    assert not IngestSettings.read().networks_for("required").webcams


def test_an_empty_list_of_networks_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "")
    assert not IngestSettings.read().networks_for("open").everywhere
    monkeypatch.setenv("MIEN_SOURCE_NETWORKS", "10.0.0.0/40")
    with pytest.raises(SettingError, match=r"^MIEN_SOURCE_NETWORKS must be networks such as .*, got"):
        IngestSettings.read()


@pytest.mark.parametrize(
    ("text", "host", "mode"),
    [
        ("", "127.0.0.1", "open"),
        ("", "0.0.0.0", "required"),
        ("open", "localhost", "open"),
        ("required", "::1", "required"),
    ],
)
def test_others_need_tokens(monkeypatch: pytest.MonkeyPatch, text: str, host: str, mode: str) -> None:
    monkeypatch.setenv("MIEN_TOKENS", text)
    assert IngestSettings.read("tokens").tokens_for(host) == mode


def test_an_address_that_others_reach_is_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_TOKENS", "open")
    sentence = "^MIEN_TOKENS=open needs a loopback address to listen on, got 0.0.0.0$"
    with pytest.raises(SettingError, match=sentence):
        IngestSettings.read("tokens").tokens_for("0.0.0.0")
