"""Authorization where tokens are required: refusals, scopes, tickets and removed tokens."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect as open_websocket

from api.app import public_paths
from ingest.bus.connection import connect
from ingest.bus.keys import TOKENS, ticket_key
from tests.api.access.clients import (
    add_token,
    bearer,
    first_message_type,
    http_client,
    receive_until_closed,
    refused_websocket,
    serving_with_tokens,
)
from tests.api.serving import Api, configure, refusing_writes, serving
from tests.waiting import until

RATE = {"default": 10.0, "min": 0.001, "max": 60.0}
CAMERA = {"name": "Door", "url": "rtsp://viewer:planted@camera.example/1", "purpose": "safety"}


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    with serving_with_tokens(redis_url, tmp_path) as api:
        yield api


@pytest.fixture
def viewer(api: Api) -> str:
    return add_token(api.redis_url, "wall", "view")


@pytest.fixture
def operator(api: Api) -> str:
    return add_token(api.redis_url, "front-desk", "operate")


def operations(api: Api) -> list[tuple[str, str]]:
    """Every method and path that the service describes."""
    with http_client(api, add_token(api.redis_url, "reader", "view")) as http:
        paths = http.get("/v1/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def test_every_route_refuses_requests_without_a_token(api: Api) -> None:
    with http_client(api) as http:
        described = operations(api)
        assert len(described) > 10
        for method, path in described:
            answer = http.request(method, path.replace("{id}", "lobby").replace("{source}", "lobby"))
            assert answer.status_code == (200 if path == "/healthz" else 401), (method, path)


def test_viewers_can_change_nothing(api: Api, viewer: str) -> None:
    with http_client(api, viewer) as http:
        for method, path in operations(api):
            answer = http.request(method, path.replace("{id}", "nowhere").replace("{source}", "nowhere"))
            changes = method != "GET" and path != "/v1/tickets"
            assert (answer.status_code == 403) == (changes or path == "/v1/audit"), (method, path)


def test_the_page_and_its_files_are_open(api: Api) -> None:
    assert {"/", "/healthz", "/live/main.js", "/style.css"} <= public_paths()
    with http_client(api) as http:
        for path in sorted(public_paths()):
            assert http.get(path).status_code == 200, path
            assert http.post(path).status_code == 401, path
        for path in ("/nothing", "/%2e%2e/app.py", "/x/%2e%2e/healthz", "/metrics", "/readyz"):
            assert http.get(path).status_code == 401, path


@pytest.mark.parametrize(
    ("headers", "query", "why"),
    [
        ({}, "", "no token given: send the header Authorization: Bearer"),
        ({"Authorization": "Bearer"}, "", "no token given: send the header Authorization: Bearer"),
        ({"Authorization": "Basic eDp5"}, "", "no token given: send the header Authorization: Bearer"),
        (bearer("mien_planted"), "", "unknown or removed token"),
        ({}, "?ticket=planted", "the ticket is expired, used, or for another path"),
    ],
)
def test_a_refusal_names_what_to_send(api: Api, headers: dict[str, str], query: str, why: str) -> None:
    answer = httpx.get(f"{api.http}/v1/sources{query}", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith(why)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "planted" not in answer.text


def test_operators_may_change(api: Api, operator: str) -> None:
    with http_client(api, operator) as http:
        assert http.delete("/v1/sources/lobby").status_code == 204
        assert http.get("/v1/session").json() == {
            "name": "front-desk",
            "scope": "operate",
            "tokens": "required",
            "rate": RATE,
        }


def test_a_removed_token_is_refused(api: Api, viewer: str) -> None:
    with http_client(api, viewer) as http, connect(api.redis_url) as client:
        assert http.get("/v1/sources").status_code == 200
        client.hdel(TOKENS, "wall")
        until(lambda: http.get("/v1/sources").status_code == 401, 5, "the token is refused")


def test_invalid_stored_tokens_are_ignored(api: Api, operator: str) -> None:
    with http_client(api, operator) as http, connect(api.redis_url) as client:
        client.hset(TOKENS, mapping={"a": "{}", "b": '{"scope": "all", "digest": "", "created_at": 0}'})
        assert http.get("/v1/sources").status_code == 200
    assert httpx.get(f"{api.http}/v1/sources", headers={"Authorization": "Bearer"}).status_code == 401


def test_redis_stores_no_token_and_no_ticket(api: Api, operator: str) -> None:
    with http_client(api, operator) as http, connect(api.redis_url, retries=1) as client:
        ticket = http.post("/v1/tickets", json={"path": "/v1/sources/lobby/live"}).json()["ticket"]
        stored = b"".join(client.execute_command("DUMP", key) + key for key in client.scan_iter())
    assert ticket_key("").encode() in stored
    assert ticket.encode() not in stored
    assert operator.encode() not in stored


def test_a_refused_websocket_receives_the_reason(api: Api) -> None:
    assert refused_websocket(f"{api.ws}/v1/sources/lobby/live") == ("unauthorized", 4401)
    assert refused_websocket(f"{api.ws}/v1/sources/lobby/frames?ticket=x") == ("unauthorized", 4401)


def test_a_websocket_ticket_works_once_for_its_path(api: Api, viewer: str) -> None:
    with http_client(api, viewer) as http:

        def ticket(path: str) -> str:
            return f"ticket={http.post('/v1/tickets', json={'path': path}).json()['ticket']}"

        live = f"{api.ws}/v1/sources/lobby/live"
        query = ticket("/v1/sources/lobby/live")
        assert first_message_type(f"{live}?from=-1s&{query}") in ("state", "heartbeat")
        assert refused_websocket(f"{live}?{query}") == ("unauthorized", 4401)
        assert refused_websocket(f"{live}?{ticket('/v1/sources/yard/live')}") == ("unauthorized", 4401)
        assert first_message_type(live, bearer(viewer)) in ("state", "heartbeat")


def test_a_ticket_stays_valid_while_redis_refuses_writes(api: Api, viewer: str) -> None:
    """It opens one websocket only, so Redis must write that it was used."""
    path = "/v1/sources/lobby/live"
    with http_client(api, viewer) as http:
        ticket = http.post("/v1/tickets", json={"path": path}).json()["ticket"]
    with refusing_writes(api.redis_url):
        assert refused_websocket(f"{api.ws}{path}?ticket={ticket}") == ("unavailable", 1013)
    assert first_message_type(f"{api.ws}{path}?ticket={ticket}") in ("state", "heartbeat")


def test_a_ticket_reads_its_path_repeatedly_but_changes_nothing(api: Api, operator: str) -> None:
    with http_client(api, operator) as http:
        answer = http.post("/v1/tickets", json={"path": "/v1/sources/lobby"})
        assert answer.status_code == 201
        query = {"ticket": answer.json()["ticket"]}
    for _ in range(2):
        assert httpx.get(f"{api.http}/v1/sources/lobby", params=query).status_code == 200
    assert httpx.get(f"{api.http}/v1/sources", params=query).status_code == 401
    assert httpx.delete(f"{api.http}/v1/sources/lobby", params=query).status_code == 401


def test_tickets_end_with_their_token(api: Api, viewer: str) -> None:
    with http_client(api, viewer) as http, connect(api.redis_url) as client:
        query = {"ticket": http.post("/v1/tickets", json={"path": "/v1/sources"}).json()["ticket"]}
        client.hdel(TOKENS, "wall")
        url = f"{api.http}/v1/sources"
        until(lambda: httpx.get(url, params=query).status_code == 401, 5, "the ticket is refused")


@pytest.mark.parametrize("path", ["/", "https://evil.example/v1/", "/v1/sources?x", "/v1/" + "x" * 600])
def test_tickets_are_for_paths_of_the_service(api: Api, viewer: str, path: str) -> None:
    with http_client(api, viewer) as http:
        answer = http.post("/v1/tickets", json={"path": path})
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == ["path"]


def test_removing_a_token_closes_the_websockets_that_it_opened(redis_url: str, tmp_path: Path) -> None:
    configure(redis_url)
    viewer = add_token(redis_url, "wall", "view")
    with (
        serving(redis_url, tmp_path, tokens="required", token_check_interval=0.5) as api,
        open_websocket(f"{api.ws}/v1/sources/lobby/live", additional_headers=bearer(viewer)) as client,
        connect(redis_url) as redis,
    ):
        redis.hdel(TOKENS, "wall")
        assert '"code":"unauthorized"' in receive_until_closed(client)[-1]
        assert client.close_code == 4401


def test_every_caller_is_local_where_tokens_are_not_required(redis_url: str, tmp_path: Path) -> None:
    with serving(redis_url, tmp_path) as api:
        session = httpx.get(f"{api.http}/v1/session", headers=bearer("mien_whatever")).json()
        assert session == {"name": "local", "scope": "operate", "tokens": "open", "rate": RATE}


def test_without_redis_requests_are_refused_as_unavailable(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/none.sock"
    with serving(nowhere, tmp_path, tokens="required") as api:
        assert httpx.get(f"{api.http}/healthz").status_code == 200
        answer = httpx.get(f"{api.http}/v1/sources", headers=bearer("mien_x"), timeout=20)
        assert answer.status_code == 503
