"""Provider keys, in a real browser: each provider's form, what is shown of a key, and what is never."""

import json
import re

import pytest
from playwright.sync_api import expect

from ownkey.adapters.registry import REGISTRY
from ownkey.services.provider_keys import WRITES_PER_MINUTE
from tests.support.provider_keys import AWS_KEY, AZURE_KEY, USUAL_KEYS, secrets_of
from tests.support.upstream import answer, openai_error

pytestmark = pytest.mark.integration

SECRET = "sk-proj-" + "Zq7" * 16


def batched(slugs, size):
    every = list(slugs)
    return [every[start : start + size] for start in range(0, len(every), size)]


@pytest.fixture
def accepting(upstream):
    """Let every provider take every key."""
    for slug in REGISTRY:
        upstream.on(slug, answer({"object": "list", "data": [], "results": []}))


def row(page, slug):
    return page.locator(f"[data-slug='{slug}']")


def open_sheet(page, slug):
    row(page, slug).locator(".main-action").click()
    return page.get_by_role("dialog")


def store(page, slug, key):
    sheet = open_sheet(page, slug)
    sheet.get_by_label("Key", exact=True).fill(key)
    sheet.get_by_role("button", name=re.compile("Store the key|Replace the key")).click()
    return sheet


def test_every_provider_has_a_row(visit, person):
    page = visit.arrive(person)

    expect(page.locator(".row")).to_have_count(len(REGISTRY))
    for spec in REGISTRY.values():
        expect(row(page, spec.slug)).to_contain_text(spec.name)
        expect(row(page, spec.slug)).to_contain_text("Not configured")


@pytest.mark.usefixtures("accepting")
@pytest.mark.parametrize("slugs", batched(REGISTRY, WRITES_PER_MINUTE), ids=lambda slugs: slugs[0])
def test_every_form_stores_its_key(visit, person, slugs):
    page = visit.arrive(person)
    for slug in slugs:
        sheet, key = open_sheet(page, slug), USUAL_KEYS[slug]
        for name, value in key.items() if isinstance(key, dict) else [("key", key)]:
            sheet.locator(f"[name='{name}']").fill(value)
        visit.button("Store the key", sheet).click()

        expect(sheet.get_by_text(re.compile("stored")).first).to_be_visible()
        expect(sheet.get_by_role("tab", name="curl")).to_be_visible()
        assert slug in sheet.locator(".code code").first.inner_text()
        assert "the-model" not in sheet.locator(".code code").first.inner_text()
        said = visit.everything_said()
        assert [secret for secret in secrets_of(key) if secret in said] == []
        visit.button("Close", sheet).click()
    assert {key["provider"] for key in visit.call("/api/user/provider-keys")["keys"]} == set(slugs)


@pytest.mark.usefixtures("accepting")
def test_a_pasted_json_credential_fills_the_fields_and_is_forgotten(visit, person):
    page = visit.arrive(person, "/provider-keys/aws")
    sheet = page.get_by_role("dialog")
    sheet.get_by_text("Paste JSON instead").click()
    sheet.get_by_role("textbox", name="The credential as JSON").fill(json.dumps(AWS_KEY))

    expect(sheet.locator("[name='json']")).to_have_value("")
    expect(sheet.get_by_label("Region")).to_have_value(AWS_KEY["region"])
    expect(sheet.get_by_label("Secret access key", exact=True)).to_have_attribute("type", "password")
    visit.button("Store the key", sheet).click()
    expect(row(page, "aws")).to_contain_text(AWS_KEY["secretAccessKey"][-4:])


def test_what_is_wrong_is_said_at_its_field(visit, person):
    visit.expect_refusal(422)
    page = visit.arrive(person, "/provider-keys/azure")
    sheet = page.get_by_role("dialog")
    for name, value in {**AZURE_KEY, "endpoint": "https://evil.example.com"}.items():
        sheet.locator(f"[name='{name}']").fill(value)
    visit.button("Store the key", sheet).click()

    expect(sheet.get_by_label("Endpoint")).to_be_focused()
    expect(sheet.locator(".field-error", has_text="endpoint must be")).to_be_visible()


def test_a_key_is_added_tested_replaced_and_deleted(visit, person, upstream):
    upstream.on("openai", answer({"object": "list", "data": []}))
    page = visit.arrive(person)
    sheet = store(page, "openai", SECRET)
    expect(sheet.get_by_text("OpenAI takes the key")).to_be_visible()
    visit.button("Close", sheet).click()
    expect(row(page, "openai")).to_contain_text("Active ····" + SECRET[-4:])
    expect(row(page, "openai").locator(".main-action")).to_be_focused()

    upstream.on("openai", openai_error("Incorrect API key provided", 401, code="invalid_api_key"))
    visit.button("Test the OpenAI key").click()
    expect(row(page, "openai")).to_contain_text("Rejected")

    upstream.on("openai", answer({"object": "list", "data": []}))
    sheet = open_sheet(page, "openai")
    visit.button("Replace", sheet).click()
    sheet.get_by_label("Key", exact=True).fill(SECRET[:-4] + "WXYZ")
    visit.button("Replace the key", sheet).click()
    expect(row(page, "openai")).to_contain_text("Active ····WXYZ")
    page.keyboard.press("Escape")

    sheet = open_sheet(page, "openai")
    visit.button("Delete", sheet).click()
    visit.button("Delete the key", visit.dialog).click()
    expect(row(page, "openai")).to_contain_text("Not configured")
    assert visit.call("/api/user/provider-keys")["keys"] == []


def test_a_key_that_could_not_be_confirmed_is_stored_with_a_warning(visit, person, upstream):
    upstream.on("groq", answer({"error": {"message": "down"}}, 500))
    page = visit.arrive(person)
    sheet = store(page, "groq", USUAL_KEYS["groq"])

    expect(sheet.get_by_text("could not be confirmed")).to_be_visible()
    visit.button("Close", sheet).click()
    expect(row(page, "groq")).to_contain_text("Unverified")


@pytest.mark.usefixtures("accepting")
def test_no_secret_is_left_anywhere_after_saving(visit, person):
    page = visit.arrive(person)
    sheet = open_sheet(page, "openai")
    control = sheet.get_by_label("Key", exact=True)
    expect(control).to_have_attribute("type", "password")
    expect(control).to_have_attribute("autocomplete", "off")
    control.fill(SECRET)
    visit.button("Show Key", sheet).click()
    visit.button("Store the key", sheet).click()
    expect(sheet.get_by_text("OpenAI takes the key")).to_be_visible()

    said = visit.everything_said()
    assert SECRET not in said
    assert SECRET[8:-4] not in said
    assert SECRET[-4:] in said  # the search looks where there is something to be found
    visit.responses.clear()
    page.reload()
    expect(row(page, "openai")).to_contain_text("Active")
    assert SECRET[8:-4] not in visit.everything_said()


def test_the_filter_narrows_the_list_and_says_so(visit, person):
    page = visit.arrive(person)
    page.get_by_label("Filter providers").fill("azure")
    expect(page.locator(".row")).to_have_count(3)
    expect(page.get_by_text("3 shown, 0 of 27 stored")).to_be_visible()
    page.get_by_label("Filter providers").fill("nobody")
    expect(page.get_by_text("No provider is called “nobody”.")).to_be_visible()


def test_the_list_works_by_keyboard_alone(visit, person):
    page = visit.arrive(person)
    page.get_by_label("Filter providers").focus()
    page.keyboard.type("groq")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Add key: Groq")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Add key: Groq")).to_be_focused()


@pytest.mark.usefixtures("accepting")
def test_an_example_can_be_copied_in_each_language(visit, person):
    page = visit.arrive(person)
    sheet = store(page, "groq", USUAL_KEYS["groq"])
    for language, piece in (("curl", "x-byok-provider: groq"), ("Python", "OpenAI("), ("JavaScript", "new OpenAI")):
        sheet.get_by_role("tab", name=language).click()
        sheet.get_by_role("button", name="Copy").click()
        expect(sheet.get_by_role("button", name="Copied")).to_be_visible()
        assert piece in page.evaluate("navigator.clipboard.readText()")
