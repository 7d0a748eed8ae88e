"""Every page as axe sees it: empty and full, light and dark, wide and narrow."""

import pytest
from playwright.sync_api import expect

from tests.support.provider_keys import USUAL_KEYS
from tests.support.upstream import answer, openai_error

pytestmark = pytest.mark.integration

PLACES = {
    "/provider-keys": "Provider keys",
    "/gateway-keys": "Gateway keys",
    "/try": "Try it",
    "/usage": "Usage",
    "/team": "Teams",
    "/account": "Account",
}
TABS = ("members", "keys", "rules", "invitations", "audit", "settings")
LOOKS = pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])


@pytest.fixture
def looked(visit, theme, width):
    """Look at pages in a theme and a width."""
    visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    visit.page.set_viewport_size({"width": width, "height": 900})
    return visit


def problems_at(visit, places):
    """Return what axe finds at each place, and whether it is wider than the screen."""
    found = {}
    for place, heading in places.items():
        visit.page.evaluate("place => { location.hash = place }", place)
        expect(visit.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        # It names the place where it is: the pages of a team have the same heading.
        expect(visit.page.locator(f"a[href='#{place}'][aria-current=page]")).to_be_visible()
        found[place] = visit.accessibility_problems()
        if not visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[place].append("it is wider than the screen")
    return {place: problems for place, problems in found.items() if problems}


@LOOKS
def test_the_door_is_accessible(looked):
    page = looked.open()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert looked.accessibility_problems() == []
    looked.button("Make an account").click()
    assert looked.accessibility_problems() == []


@LOOKS
def test_every_empty_page_is_accessible(looked, person):
    looked.arrive(person)
    assert problems_at(looked, PLACES) == {}


@LOOKS
def test_every_full_page_is_accessible(looked, person, upstream):
    upstream.on("openai", answer({"object": "list", "data": []}))
    upstream.on("groq", openai_error("Incorrect API key provided", 401, code="invalid_api_key"))
    for slug in ("openai", "groq"):
        person.ok("POST", "/api/user/provider-keys", {"provider": slug, "key": USUAL_KEYS[slug]})
    person.ok("POST", "/api/user/provider-keys/validate", {"provider": "groq"})
    person.ok("POST", "/api/user/gateway-keys", {"name": "Notebook", "requests_per_day": 5})
    team = person.ok("POST", "/api/teams", {"name": "Engineering"})["team"]["uuid"]
    person.ok("POST", f"/api/teams/{team}/invitations", {"email": "ada@example.com"})
    person.ok("POST", f"/api/teams/{team}/invite-link", {"action": "enable"})
    limits = {"team_usage_limit_usd": 5, "default_member_usage_limit_usd": 1}
    person.ok("PATCH", f"/api/teams/{team}/settings", limits)
    person.ok("PATCH", f"/api/teams/{team}/allowed-models", {"allowed_models": {"openai/gpt-4.1": True}})
    looked.arrive(person)
    places = PLACES | {f"/team/{team}/{tab}": "Engineering" for tab in TABS}
    assert problems_at(looked, places) == {}


@LOOKS
def test_dialogs_are_accessible(looked, person):
    page = looked.arrive(person, "/provider-keys/aws")
    expect(looked.dialog).to_be_visible()
    looked.dialog.get_by_text("Name and expiry").click()
    assert looked.accessibility_problems() == []
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '/gateway-keys'")
    looked.button("Create a key").first.click()
    expect(looked.dialog).to_be_visible()
    assert looked.accessibility_problems() == []
