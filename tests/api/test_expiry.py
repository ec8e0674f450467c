"""Messages that expire while they are read, and responses whose token is removed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.access.tickets import TicketQuota, TooManyTicketsError
from api.stream.history import ExpiredError, History
from ingest.bus.connection import connect, connect_async
from ingest.bus.keys import TOKENS, timeline_key
from tests.api.access.clients import add_token, bearer
from tests.api.following import wide
from tests.api.problem_details import problem
from tests.api.serving import Api, configure, reading, serving, write
from tests.waiting import until

MANY = 3000  # messages of 10 KB: more than the buffers between server and client hold


def trim(redis_url: str, left: int) -> None:
    with connect(redis_url) as client:
        client.xtrim(timeline_key("lobby"), maxlen=left, approximate=False)


def test_a_hole_behind_the_last_page_is_an_error(redis_url: str) -> None:
    write(redis_url, [reading(number) for number in range(10)])

    async def read(left: int) -> int:
        count = 0
        async with connect_async(redis_url) as client:
            async for page in History(client).pages("lobby", "0-0", size=4):
                count += len(page)
                trim(redis_url, left)
        return count

    assert asyncio.run(read(10)) == 10
    with pytest.raises(ExpiredError, match="were deleted while they were being read"):
        asyncio.run(read(3))


def download(api: Api, during: Callable[[], object], headers: dict[str, str] | None = None) -> None:
    """Read an export; call `during` after its first piece. Raises httpx.TransportError if it breaks off."""
    address = f"{api.http}/v1/timelines/lobby?format=jsonl"
    with httpx.stream("GET", address, headers=headers) as export:
        pieces = export.iter_raw()
        next(pieces)
        during()
        for _ in pieces:
            pass


def test_an_export_under_which_messages_expire_is_broken_off(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    write(redis_url, [wide(number) for number in range(MANY)])
    with serving(redis_url, tmp_path) as api, pytest.raises(httpx.TransportError):
        download(api, lambda: trim(redis_url, 10))


def test_an_export_ends_when_its_token_is_removed(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    write(redis_url, [wide(number) for number in range(MANY)])
    headers = bearer(add_token(redis_url, "desk", "view"))

    def refused() -> bool:
        return httpx.get(f"{api.http}/v1/session", headers=headers).status_code == 401

    def remove_and_wait() -> None:
        with connect(redis_url) as client:
            client.hdel(TOKENS, "desk")
        until(refused, 5, "the token is refused")

    served = serving(redis_url, tmp_path, tokens="required", token_check_interval=0.0)
    with served as api, pytest.raises(httpx.TransportError):
        download(api, remove_and_wait, headers)


def test_the_audit_log_has_nothing_before_its_first_cursor(redis_url: str, tmp_path: Path) -> None:
    with serving(redis_url, tmp_path) as api:
        assert httpx.get(f"{api.http}/v1/audit?before=0-0").json() == {"notes": [], "next": None}
        problem(httpx.get(f"{api.http}/v1/audit?before=x"), 422)


def test_tickets_are_limited_for_each_token_and_in_all() -> None:
    quota = TicketQuota(each=2, everyone=3)
    for token in ("a", "a", "b"):
        quota.take(token, now=0.0, lifetime=60)
    for token in ("a", "b"):
        with pytest.raises(TooManyTicketsError, match="wait until some expire"):
            quota.take(token, now=59.0, lifetime=60)
    quota.take("a", now=60.0, lifetime=60)
