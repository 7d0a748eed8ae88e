"""What people see when something is wrong that is not theirs."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.integration

UNAVAILABLE = {"code": "UNAVAILABLE", "message": "The store is not reachable. Try again.", "details": {}, "status": 503}


def test_a_page_that_does_not_load_says_why_and_can_be_tried_again(visit, person):
    visit.expect_refusal(503)
    page = visit.arrive(person, "/account")
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()
    page.route("**/api/teams", lambda route: route.fulfill(status=503, json=UNAVAILABLE))
    page.get_by_role("link", name="Team", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The store is not reachable.")
    page.unroute("**/api/teams")
    visit.button("Try again").click()
    expect(page.get_by_role("heading", name="Teams", level=1)).to_be_visible()


def test_a_store_that_is_down_ends_no_session(visit, person):
    visit.expect_refusal(503)
    page = visit.arrive(person, "/account")
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()
    page.route("**/api/session", lambda route: route.fulfill(status=503, json=UNAVAILABLE))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The store is not reachable.")
    page.unroute("**/api/session")
    visit.button("Try again").click()
    expect(page.get_by_role("heading", name="Account", level=1)).to_be_visible()


def test_a_lost_connection_is_told_in_words_and_loses_nothing(visit, person):
    page = visit.arrive(person, "/team")
    visit.button("Create a team").first.click()
    visit.dialog.get_by_label("Name").fill("Engineering")
    page.route("**/api/teams", lambda route: route.abort())
    visit.button("Create the team", visit.dialog).click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(visit.dialog.get_by_label("Name")).to_have_value("Engineering")
    assert [error for error in visit.errors if "net::ERR_FAILED" not in error] == []
    visit.errors.clear()


def test_too_many_calls_say_when_to_go_on(visit, person):
    visit.expect_refusal(429)
    page = visit.arrive(person)
    body = {"code": "RATE_LIMITED", "message": "Too many writes.", "details": {}, "status": 429}
    page.route(
        "**/api/user/provider-keys",
        lambda route: (
            route.fulfill(status=429, json=body, headers={"Retry-After": "42"})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    page.get_by_role("button", name="Add key: Groq").click()
    visit.dialog.get_by_label("Key", exact=True).fill("gsk_" + "x" * 40)
    visit.button("Store the key", visit.dialog).click()
    expect(visit.dialog.get_by_role("alert")).to_contain_text("Try again in 42 seconds.")


def test_an_address_that_names_no_page_leads_to_the_first(visit, person):
    page = visit.arrive(person, "/nowhere")
    expect(page.get_by_role("heading", name="Provider keys", level=1)).to_be_visible()


def test_a_team_that_is_not_ones_own_is_not_there(visit, person):
    visit.expect_refusal(404)
    page = visit.arrive(person, "/team/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_role("alert")).to_be_visible()
