"""The sub-path of a reverse proxy: its redirect to the slash, and sub-paths that cannot work."""

import asyncio
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.app_settings import AppSettings
from api.http.root_path import without_root
from api.settings import ApiSettings
from ingest.environment import SettingError


@pytest.mark.parametrize(
    ("path", "seen"), [("/mien/v1/x", "/v1/x"), ("/v1/x", "/v1/x"), ("/mienv1", "/mienv1"), ("/mien/", "/")]
)
def test_the_routes_see_the_path_without_the_sub_path(path: str, seen: str) -> None:
    assert without_root(path, "/mien") == seen


def test_the_sub_path_itself_redirects_to_its_slash(tmp_path: Path) -> None:
    app = create_app(AppSettings("unix:///nowhere", tmp_path, root_path="/mien"))

    async def request() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1"
        ) as client:
            return await client.get("/mien")

    assert asyncio.run(request()).headers["location"] == "/mien/"


@pytest.mark.parametrize("root", ["/v1", "/live/mien", "/healthz"])
def test_a_sub_path_that_begins_like_the_services_own_paths_is_refused(root: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=f"MIEN_ROOT_PATH must not begin .* got '{root}'"):
        create_app(AppSettings("unix:///nowhere", tmp_path, root_path=root))


@pytest.mark.parametrize(("given", "read"), [("mien", "/mien"), ("/a/b.c/", "/a/b.c"), ("/", ""), ("", "")])
def test_slashes_around_the_setting_do_not_matter(
    given: str, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIEN_ROOT_PATH", given)
    assert ApiSettings.read("root_path").root_path == read


@pytest.mark.parametrize("given", ["https://host/mien", "/a//b", "/../a", "/a?b", "/a b"])
def test_what_is_no_path_is_refused(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_ROOT_PATH", given)
    with pytest.raises(SettingError, match="MIEN_ROOT_PATH must be a path such as /mien"):
        ApiSettings.read("root_path")
