"""Websockets that are refused or closed: the error message, and the close code."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.following import following, receive, refused
from tests.api.serving import Api, configure, reading, refusing_writes, serving, write


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as served:
        yield served


@pytest.mark.parametrize(
    "query", ["after=x-1", "after=5", "after=99999999999999-0", "from=today", "from=12:00"]
)
def test_an_invalid_cursor_is_refused(api: Api, query: str) -> None:
    async def run() -> tuple[str, int]:
        async with following(api, query) as client:
            return await refused(client)

    assert asyncio.run(run()) == ("bad_cursor", 4400)


def test_a_cursor_older_than_the_retention_is_reported(api: Api) -> None:
    async def run() -> None:
        async with following(api, "after=1000-0") as client:
            assert (await receive(client, "error"))["code"] == "expired"
            write(api.redis_url, [reading(1)])
            assert (await receive(client))["frame"] == 1

    asyncio.run(run())


def test_a_client_must_retry_while_redis_is_away(tmp_path: Path) -> None:
    async def run(api: Api) -> tuple[str, int]:
        async with following(api) as client:
            return await refused(client)

    with serving("redis://127.0.0.1:1/0", tmp_path) as api:
        assert asyncio.run(run(api)) == ("unavailable", 1013)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_a_client_must_retry_while_redis_refuses_writes(api: Api, socket_name: str) -> None:
    """A source is not shown if the audit log cannot record it."""

    async def run() -> tuple[str, int]:
        async with connect(f"{api.ws}/v1/sources/lobby/{socket_name}") as client:
            return await refused(client)

    with refusing_writes(api.redis_url):
        assert asyncio.run(run()) == ("unavailable", 1013)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_an_unknown_source_is_refused(api: Api, socket_name: str) -> None:
    async def run() -> tuple[str, int]:
        async with connect(f"{api.ws}/v1/sources/nobody/{socket_name}") as client:
            return await refused(client)

    assert asyncio.run(run()) == ("unknown_source", 4404)


@pytest.mark.parametrize("socket_name", ["live", "frames"])
def test_clients_are_disconnected_when_their_source_is_removed(api: Api, socket_name: str) -> None:
    async def run() -> tuple[str, int]:
        async with (
            httpx.AsyncClient(base_url=api.http) as http,
            connect(f"{api.ws}/v1/sources/lobby/{socket_name}") as client,
        ):
            await asyncio.sleep(0)
            assert (await http.delete("/v1/sources/lobby")).status_code == 204
            return await refused(client)

    assert asyncio.run(run()) == ("removed", 4410)


def test_a_message_from_the_client_is_refused(api: Api) -> None:
    async def run() -> tuple[str, int]:
        async with following(api) as client:
            await client.send("hello")
            return await refused(client)

    assert asyncio.run(run()) == ("unexpected_message", 4400)


def test_websockets_from_other_sites_are_refused(api: Api) -> None:
    async def run(origin: str) -> None:
        async with connect(f"{api.ws}/v1/sources/lobby/live", origin=origin):  # type: ignore[arg-type]
            pass

    asyncio.run(run(api.http))
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(run("https://evil.example"))
    assert refused.value.response.status_code == 403
