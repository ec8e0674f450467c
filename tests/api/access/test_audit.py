"""The audit log: an action that cannot be recorded is neither performed nor remembered as recorded."""

import asyncio

import pytest

from api.access.audit import Audit
from api.access.caller import LOCAL
from ingest.bus.client import AsyncRedis
from ingest.bus.connection import REDIS_ERRORS, connect_async
from ingest.bus.keys import AUDIT
from tests.api.serving import refusing_writes


def test_an_action_that_could_not_be_recorded_is_recorded_when_it_is_repeated(redis_url: str) -> None:
    async def recorded(client: AsyncRedis) -> int:
        audit = Audit(client)
        with refusing_writes(redis_url):
            for _ in range(2):
                with pytest.raises(REDIS_ERRORS, match="NOREPLICAS"):
                    await audit.record(LOCAL, "timeline.read", "lobby")
        for _ in range(2):
            await audit.record(LOCAL, "timeline.read", "lobby")
        return int(await client.xlen(AUDIT))

    async def run() -> int:
        async with connect_async(redis_url) as client:
            return await recorded(client)

    assert asyncio.run(run()) == 1
