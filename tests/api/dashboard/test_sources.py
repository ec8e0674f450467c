"""Sources are added, changed and removed on the page, with each error beside its field."""

import pytest
from playwright.sync_api import Page, expect

from ingest.bus.connection import connect
from ingest.bus.source_config import configured_sources
from tests.api.dashboard.sources import answer_once
from tests.api.serving import Api

pytestmark = pytest.mark.browser


def test_a_source_is_added_and_removed_with_errors_beside_their_fields(page: Page, api: Api) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    page.keyboard.type("Lobby")
    page.keyboard.press("Tab")
    page.keyboard.type("ftp://192.0.2.7")
    page.keyboard.press("Enter")
    expect(page.locator("#url-error")).to_contain_text("got ftp")
    expect(page.locator("#url")).to_be_focused()
    page.locator("#url").fill("rtsp://viewer:planted@192.0.2.9/1")
    page.keyboard.press("Enter")
    expect(page.locator("#name-error")).to_contain_text("already")
    page.locator("#name").fill("Back door")
    page.keyboard.press("Enter")
    expect(page.locator("#source-name")).to_have_text("Back door")
    expect(page.locator("#source-name")).to_be_focused()
    assert "planted" not in page.content()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#remove-dialog .danger").click()
    expect(page.locator("#source-list li")).to_have_count(1)
    expect(page.locator("#source-name")).to_have_text("Lobby")


def test_a_source_is_added_once_however_often_it_is_sent(page: Page, api: Api) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Name").fill("Hall")
    page.get_by_label("Address").fill("rtsp://192.0.2.9/1")
    page.locator("#source-save").evaluate("(save) => { save.click(); save.click(); }")
    expect(page.locator("#source-name")).to_have_text("Hall")
    assert sent.count("POST") == 1


def test_a_removal_that_fails_is_shown_where_it_was_asked_for(page: Page) -> None:
    answer_once(page, "**/v1/sources/lobby", 500, '{"detail": "The disk is full."}')
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#remove-dialog .danger").click()
    expect(page.locator("#remove-error")).to_have_text("The disk is full.")
    page.locator("#remove-dialog .danger").click()
    expect(page.locator("#welcome")).to_be_visible()


def test_missing_fields_are_shown_before_anything_is_sent(page: Page) -> None:
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Readings a second").fill("90")
    page.keyboard.press("Enter")
    expect(page.locator("#name-error")).to_have_text("Enter a name.")
    expect(page.locator("#url-error")).to_have_text("Enter an address.")
    expect(page.locator("#rate-error")).to_contain_text("up to 60")
    expect(page.locator("#name")).to_be_focused()


def test_a_source_is_changed_and_keeps_its_password(page: Page, api: Api) -> None:
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#url")).to_have_value("rtsp://viewer:***@192.0.2.7/1")
    page.get_by_label("Name").fill("Main lobby")
    page.get_by_label("Readings a second").fill("5")
    page.get_by_label("Picture", exact=True).select_option("none")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#source-name")).to_have_text("Main lobby")
    expect(page.locator("#source-purpose")).to_have_text("Purpose: personal, picture not shown")
    expect(page.locator("#picture-text")).to_contain_text("not shown")
    with connect(api.redis_url) as client:
        changed = configured_sources(client)["lobby"]
    assert (changed.rate, changed.picture, changed.url) == (5, "none", "rtsp://viewer:planted@192.0.2.7/1")


def test_work_and_education_need_a_ground(page: Page, api: Api) -> None:
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("#ai-act")).to_be_hidden()
    page.get_by_label("Purpose").select_option("workplace")
    expect(page.locator("#ai-act")).to_contain_text("Art. 5(1)(f)")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#ground-error")).to_contain_text("one of these reasons")
    expect(page.locator("#ground")).to_be_focused()
    page.get_by_label("Ground").select_option("safety")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#source-purpose")).to_have_text("Purpose: workplace, safety reasons")
    page.get_by_role("button", name="Notice").click()
    expect(page.locator("#notice-text")).to_contain_text("EMOTION RECOGNITION IN USE")


@pytest.mark.parametrize("allowed", [True, False])
def test_the_notice_can_be_copied(page: Page, api: Api, *, allowed: bool) -> None:
    """To the clipboard where the browser allows it; else it is selected."""
    if allowed:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Notice").click()
    paragraphs = page.locator("#notice-text p")
    expect(paragraphs.first).to_have_text("EMOTION RECOGNITION IN USE")
    texts = paragraphs.all_text_contents()
    assert not [text for text in texts if "\n" in text]
    assert any("infers from their expressions, up to 10 times a second" in text for text in texts)
    page.get_by_role("button", name="Copy").click()
    if allowed:
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == "\n\n".join(texts)
    else:
        expect(page.get_by_role("button", name="Selected")).to_be_visible()
        assert page.evaluate("getSelection().toString()").split() == " ".join(texts).split()
