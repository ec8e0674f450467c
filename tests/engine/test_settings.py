"""Settings of the engine."""

import pytest

from engine.settings import EngineSettings
from ingest.environment import SettingError


def test_a_batch_delay_is_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIEN_BATCH_DELAY", raising=False)
    assert EngineSettings.read().batch_delay is None
    for text, delay in (("", None), ("0", 0.0), ("10", 10.0), (" 2.5 ", 2.5), ("1000", 1000.0)):
        monkeypatch.setenv("MIEN_BATCH_DELAY", text)
        assert EngineSettings.read().batch_delay == delay
    for text in ("-1", "1001", "10ms", "nan"):
        monkeypatch.setenv("MIEN_BATCH_DELAY", text)
        sentence = f"^MIEN_BATCH_DELAY must be between 0 and 1000 milliseconds, got '{text}'$"
        with pytest.raises(SettingError, match=sentence):
            EngineSettings.read()
