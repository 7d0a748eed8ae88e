"""Every page as axe sees it: empty and full, light and dark, wide and narrow."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.integration

PLACES = {
    "/provider-keys": "Provider keys",
    "/gateway-keys": "Gateway keys",
    "/try": "Try it",
    "/team": "Teams",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_door_is_accessible(visit, theme):
    visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page = visit.open()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert visit.accessibility_problems() == []


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 390)])
def test_every_page_is_accessible(visit, person, theme, width):
    visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    visit.page.set_viewport_size({"width": width, "height": 900})
    problems = {}
    page = visit.arrive(person)
    for place, heading in PLACES.items():
        page.evaluate("place => { location.hash = place }", place)
        expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        problems[place] = visit.accessibility_problems()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{place} is wider than the screen"
    assert problems == {place: [] for place in PLACES}
