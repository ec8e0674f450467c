"""The service at a sub-path of a reverse proxy, over HTTP, by websocket and from the command."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect as open_websocket

from tests.api.access.clients import add_token, bearer, serving_with_tokens
from tests.api.dashboard.sources import readings_of
from tests.api.http.reverse_proxy import ROOT, Proxy, proxying
from tests.api.serving import write
from tests.api.verbs.commanding import call


@pytest.fixture(params=[True, False], ids=["removed", "passed on"])
def proxy(request: pytest.FixtureRequest, redis_url: str, tmp_path: Path) -> Iterator[Proxy]:
    """A proxy that removes the sub-path or passes it on."""
    with (
        serving_with_tokens(redis_url, tmp_path, root_path=ROOT) as api,
        proxying(api.port, strip=request.param) as proxy,
    ):
        write(redis_url, readings_of("happy", 3, 0.3))
        yield proxy
    assert proxy.outside == []


@pytest.fixture
def token(redis_url: str) -> str:
    return add_token(redis_url, "desk", "operate")


def test_the_addresses_that_the_service_names_lead_to_it(proxy: Proxy, token: str) -> None:
    new = {"name": "Attic", "url": "rtsp://192.0.2.7/1", "purpose": "personal"}
    with httpx.Client(base_url=proxy.url.removesuffix(ROOT), headers=bearer(token)) as http:
        assert http.get(f"{ROOT}/v1/openapi.json").json()["servers"] == [{"url": ROOT}]
        page = http.get(f"{ROOT}/v1/timelines/lobby", params={"limit": 1, "format": "csv"})
        assert http.get(page.links["next"]["url"]).status_code == 200
        added = http.post(f"{ROOT}/v1/sources", json=new).headers["location"]
        assert http.get(added).json()["id"] == "attic"


def test_a_ticket_opens_a_path_with_and_without_the_sub_path(proxy: Proxy, token: str) -> None:
    path = "/v1/sources/lobby/live"
    for named in path, f"{ROOT}{path}":
        issued = httpx.post(f"{proxy.url}/v1/tickets", json={"path": named}, headers=bearer(token)).json()
        address = f"{proxy.url}{path}?ticket={issued['ticket']}&from=-10m".replace("http", "ws", 1)
        with open_websocket(address) as client:
            assert json.loads(client.recv(10))["source"] == "lobby"


def test_commands_reach_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, proxy: Proxy, token: str
) -> None:
    monkeypatch.setenv("MIEN_URL", f"{proxy.url}/")
    monkeypatch.setenv("MIEN_TOKEN", token)
    assert [each["id"] for each in call(capfd, "sources", "list", "--json").json] == ["lobby"]
