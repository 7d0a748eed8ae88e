"""The ways in, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.integration

PASSWORD = "Correct-horse-44"


def test_a_newcomer_signs_up_and_is_in(visit):
    page = visit.open()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    visit.button("Make an account").click()
    page.get_by_label("E-mail").fill("fresh@example.com")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    visit.button("Make an account").click()
    page.get_by_label("Code").fill("123456")
    visit.button("Confirm").click()

    expect(page.get_by_role("heading", name="Provider keys")).to_be_visible()
    expect(page).to_have_url(re.compile("#/provider-keys$"))


def test_a_wrong_password_is_told_in_words(visit, person):
    visit.expect_refusal(401)
    page = visit.open()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill("Wrong-password-1")
    visit.button("Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("password")


def test_an_empty_form_says_what_is_needed_and_goes_there(visit):
    page = visit.open()
    visit.button("Sign in").click()

    expect(page.get_by_label("E-mail")).to_be_focused()
    expect(page.get_by_text("E-mail is needed.")).to_be_visible()


def test_a_session_outlives_a_reload_and_ends_by_signing_out(visit, person):
    page = visit.sign_in(person, "/team")
    expect(page).to_have_url(re.compile("#/team$"))
    page.reload()
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    visit.button("Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visit.call("/api/session")["code"] == "UNAUTHORIZED"


def test_a_forgotten_password_is_replaced(visit, person):
    page = visit.open()
    page.get_by_label("E-mail").fill(person.email)
    visit.button("Forgotten your password?").click()
    visit.button("Send a code").click()
    page.get_by_label("Code").fill("654321")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    visit.button("Set the password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    visit.button("Sign in").click()
    expect(page.get_by_role("heading", name="Provider keys")).to_be_visible()


def test_a_temporary_password_is_changed_at_once(visit, stack):
    email = "temporary@example.com"
    stack.client("cognito-idp").admin_create_user(
        UserPoolId=stack.outputs["UserPoolId"],
        Username=email,
        TemporaryPassword="Temporary-pass-1",
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}],
    )
    page = visit.open()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill("Temporary-pass-1")
    visit.button("Sign in").click()
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    visit.button("Set it and sign in").click()
    expect(page.get_by_role("heading", name="Provider keys")).to_be_visible()


def test_a_session_cookie_that_ran_out_is_renewed_unseen(visit, person):
    visit.expect_refusal(401)
    page = visit.sign_in(person)
    expect(page.locator(".row").first).to_be_visible()
    page.context.clear_cookies(name="ownkey_session")
    page.get_by_role("link", name="Gateway keys").click()
    expect(page.get_by_role("heading", name="Gateway keys", level=1)).to_be_visible()


def test_a_session_that_cannot_be_renewed_leads_back_to_the_door(visit, person):
    visit.expect_refusal(401)
    page = visit.sign_in(person)
    expect(page.locator(".row").first).to_be_visible()
    page.context.clear_cookies()
    page.get_by_role("link", name="Gateway keys").click()
    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password", exact=True).fill(person.password)
    visit.button("Sign in").click()
    expect(page.get_by_role("heading", name="Gateway keys", level=1)).to_be_visible()


def test_the_keyboard_finds_the_content_first(visit, person):
    page = visit.sign_in(person)
    page.reload()
    expect(page.get_by_role("heading", name="Provider keys")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page).to_have_url(re.compile("#/provider-keys$"))


def test_the_theme_can_be_chosen_and_stays(visit):
    page = visit.open()
    visit.button("Use the dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
