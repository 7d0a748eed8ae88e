"""Gateway keys, in a real browser: shown once, limited, revoked."""

import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.integration

KEY = re.compile(r"ok-[A-Za-z0-9_-]{16}-[A-Za-z0-9_-]{43}")


def status_with(visit, key):
    request = urllib.request.Request(
        f"{visit.base_url}/api/v1/models?byok=true", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_key_is_shown_once_works_and_is_revoked(visit, person):
    page = visit.arrive(person, "/gateway-keys")
    expect(page.get_by_text("No gateway key yet")).to_be_visible()
    visit.button("Create a key").first.click()
    visit.dialog.get_by_label("Name").fill("CI runner")
    visit.button("Create the key", visit.dialog).click()
    region = visit.dialog.get_by_role("region", name="Gateway key CI runner")
    expect(region).to_contain_text(KEY)
    key = region.inner_text().strip()
    visit.dialog.get_by_role("button", name="Copy").first.click()
    expect(visit.dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert status_with(visit, key) == 200
    visit.button("Done", visit.dialog).click()
    expect(page.locator(".row")).to_contain_text("CI runner")
    assert key not in page.content()
    assert key not in page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")

    visit.button("Revoke CI runner").click()
    visit.button("Revoke the key", visit.dialog).click()
    expect(page.get_by_text("No gateway key yet")).to_be_visible()
    assert status_with(visit, key) == 401


def test_limits_are_set_and_taken_away(visit, person):
    person.ok("POST", "/api/user/gateway-keys", {"name": "Bot"})
    page = visit.arrive(person, "/gateway-keys")
    expect(page.locator(".row")).to_contain_text("no limits")
    visit.button("Change the limits of Bot").click()
    visit.dialog.get_by_label("Requests a day").fill("500")
    visit.dialog.get_by_label("US dollars a day").fill("2.50")
    visit.dialog.get_by_label("Origins of web pages").fill("https://app.example.com")
    visit.button("Save", visit.dialog).click()
    expect(page.locator(".row")).to_contain_text("500 requests a day · $2.50 a day · only on pages of https://app")
    visit.button("Change the limits of Bot").click()
    for label in ("Requests a day", "US dollars a day", "Origins of web pages"):
        visit.dialog.get_by_label(label).fill("")
    visit.button("Save", visit.dialog).click()
    expect(page.locator(".row")).to_contain_text("no limits")


def test_a_limit_that_makes_no_sense_is_told_at_its_field(visit, person):
    visit.expect_refusal(422)
    person.ok("POST", "/api/user/gateway-keys", {"name": "Bot"})
    visit.arrive(person, "/gateway-keys")
    visit.button("Change the limits of Bot").click()
    visit.dialog.get_by_label("US dollars a day").fill("-1")
    visit.button("Save", visit.dialog).click()
    expect(visit.dialog.get_by_label("US dollars a day")).to_be_focused()
    expect(visit.dialog.locator(".field-error", has_text="usd_per_day")).to_be_visible()
