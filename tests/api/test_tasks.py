"""Tasks beside the requests: none dies unheard."""

import asyncio

import pytest

from api.tasks import start, stop


def test_a_task_that_dies_is_told_in_the_log_and_one_that_is_stopped_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def die() -> None:
        raise ValueError("a fault")

    async def run() -> None:
        stopped = start(asyncio.sleep(60), "the other's work")
        await asyncio.wait({start(die(), "one's work")})
        await stop(stopped)

    asyncio.run(run())
    assert "one's work ended by a fault of ours" in caplog.text
    assert "ValueError: a fault" in caplog.text
    assert "the other's work" not in caplog.text
