"""Background tasks: crashes are logged."""

import asyncio

import pytest

from api.tasks import start, stop


def test_a_crash_is_logged_and_a_stop_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def die() -> None:
        raise ValueError("a fault")

    async def run() -> None:
        stopped = start(asyncio.sleep(60), "the other's work")
        await asyncio.wait({start(die(), "one's work")})
        await stop(stopped)

    asyncio.run(run())
    assert "one's work crashed" in caplog.text
    assert "ValueError: a fault" in caplog.text
    assert "the other's work" not in caplog.text
