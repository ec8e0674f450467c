"""A browser, a service with a real worker, and a page at its recordings."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from deploy.redis_server import RedisServer
from ingest.bus.connection import connect
from tests.api.browsing import chromium, page_of
from tests.api.jobs.working import Place, worker
from tests.api.recordings_page.service import Service
from tests.api.serving import serving
from tests.api.verbs.portrait_clips import face_clip
from tests.clips import even


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def service(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    media = tmp_path_factory.mktemp("media")
    clip = face_clip(media / "portrait.webm", even(150), empty=range(50, 100), codec="libvpx")
    data = media / "data"
    with connect(redis_server.url) as client:
        client.execute_command("FLUSHALL")
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(redis_server.url, media) as api,
    ):
        patch.setenv("MIEN_MEDIA", str(media))
        with worker(Place(redis_server.url, data)):
            service = Service(api, data, clip, "")
            service = Service(api, data, clip, service.add(clip.name))
            service.wait(service.id)
            yield service


@pytest.fixture
def page(browser: Browser, service: Service) -> Iterator[Page]:
    with page_of(browser, service.api) as page:
        page.goto(service.page)
        page.locator("#list-view").wait_for()
        yield page
