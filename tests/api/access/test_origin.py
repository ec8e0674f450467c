"""Requests from other sites are refused, and every response has the security headers."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as open_websocket

from api.app import DASHBOARD, create_app
from api.app_settings import AppSettings
from tests.api.access.clients import add_token, bearer, serving_with_tokens
from tests.api.serving import Api, configure, serving

EVIL = "https://evil.example"


@pytest.fixture
def api(redis_url: str, tmp_path: Path) -> Iterator[Api]:
    configure(redis_url)
    with serving(redis_url, tmp_path) as api:
        yield api


def has_security_headers(headers: httpx.Headers) -> bool:
    policy = headers["content-security-policy"]
    return (
        "default-src 'self'" in policy
        and "frame-ancestors 'none'" in policy
        and "unsafe" not in policy
        and headers["x-content-type-options"] == "nosniff"
        and headers["x-frame-options"] == "DENY"
        and headers["referrer-policy"] == "no-referrer"
        and "strict-transport-security" not in headers
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/style.css", 200),
        ("GET", "/nothing.js", 404),
        ("GET", "/v1/sources", 200),
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/sources", 405),
        ("POST", "/v1/sources", 422),
        ("GET", "/v1/sources/lobby/live", 404),
    ],
)
def test_every_response_has_the_security_headers(api: Api, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"{api.http}{path}")
    assert answer.status_code == status
    assert has_security_headers(answer.headers)


def test_refusals_have_the_security_headers(api: Api, redis_url: str, tmp_path: Path) -> None:
    assert has_security_headers(httpx.get(f"{api.http}/", headers={"Host": "evil.example"}).headers)
    with serving_with_tokens(redis_url, tmp_path) as other:
        assert has_security_headers(httpx.get(f"{other.http}/v1/sources").headers)


def test_an_internal_error_has_the_security_headers_and_reveals_nothing(tmp_path: Path) -> None:
    app = create_app(AppSettings("unix:///nowhere", tmp_path))

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/v1/sources")  # the app has not started: its state is empty

    answer = asyncio.run(request())
    assert answer.status_code == 500
    assert "state" not in answer.text
    assert has_security_headers(answer.headers)


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [("/v1/sources/lobby/live", EVIL, 403), ("/v1/sources/lobby/live", "null", 403), ("/nothing", None, 404)],
)
def test_refused_websockets_have_the_security_headers(
    api: Api, path: str, origin: str | None, status: int
) -> None:
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(InvalidStatus) as refused:
        open_websocket(f"{api.ws}{path}", additional_headers=headers)
    assert refused.value.response.status_code == status
    assert has_security_headers(httpx.Headers(list(refused.value.response.headers.raw_items())))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browsers_request_from_another_site_is_refused(api: Api, site: str) -> None:
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors"}
    assert httpx.get(f"{api.http}/v1/sources", headers=sent).status_code == 403
    link = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate"}
    assert httpx.get(f"{api.http}/", headers=link).status_code == 200
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
    assert httpx.get(f"{api.http}/v1/sources", headers=own).status_code == 200


def test_with_tokens_any_host_name_is_accepted_but_no_websocket_of_another_site(
    redis_url: str, tmp_path: Path
) -> None:
    with serving_with_tokens(redis_url, tmp_path) as api:
        mine = bearer(add_token(redis_url, "wall", "view"))
        named = {**mine, "Host": "mien.example"}
        assert httpx.get(f"{api.http}/v1/sources", headers=named).status_code == 200
        with pytest.raises(InvalidStatus) as refused:
            open_websocket(f"{api.ws}/v1/sources/lobby/live", additional_headers={**mine, "Origin": EVIL})
        assert refused.value.response.status_code == 403


def test_no_response_sets_a_cookie_or_allows_other_sites_to_read_it(api: Api) -> None:
    for path in ("/", "/v1/sources", "/v1/session"):
        headers = httpx.get(f"{api.http}{path}", headers={"Origin": EVIL}).headers
        assert "set-cookie" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]


def test_no_page_has_an_inline_script(api: Api) -> None:
    pages = sorted(DASHBOARD.rglob("*.html"))
    assert pages
    for page in pages:
        text = page.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text, re.I), (
            page
        )
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), page
