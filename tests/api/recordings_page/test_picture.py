"""A recording that is a photo, in a real browser that does not know its format."""

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.api.recordings_page.service import TIMEOUT, Service, boxed
from tests.api.verbs.portrait_clips import scene
from tests.pictures import write_heic
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(TIMEOUT)]


def test_a_photo_is_shown_upright_with_its_boxes(page: Page, service: Service) -> None:
    upside_down = scene(0, (640, 360))[::-1, ::-1, ::-1]
    photo = write_heic(service.clip.with_name("photo.heic"), np.ascontiguousarray(upside_down))
    id = service.add(photo.name, turn="180")
    service.wait(id)
    page.goto(f"{service.page}#{id}")
    until(lambda: boxed(page), 10, "a box")
    expect(page.locator("#faces-in-view li")).to_have_count(1)
    expect(page.locator("#still")).to_be_visible()
    expect(page.locator(".timelines")).to_be_hidden()
    answer = httpx.get(f"{service.api.http}/v1/recordings/{id}/picture")
    assert answer.headers["content-type"] == "image/jpeg"
    shown = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert np.abs(shown.astype(int) - scene(0, (640, 360))).mean() < 5
    video = httpx.get(f"{service.api.http}/v1/recordings/{service.id}/picture")
    assert video.status_code == 409
