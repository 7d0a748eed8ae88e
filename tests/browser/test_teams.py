"""A team and two people, each in a browser of their own."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.people import Person
from tests.support.provider_keys import USUAL_KEYS
from tests.support.upstream import answer

pytestmark = pytest.mark.integration


def team_of(person, name="Engineering"):
    return person.ok("POST", "/api/teams", {"name": name})["team"]["uuid"]


def join(owner, member, team, role="member"):
    sent = owner.ok("POST", f"/api/teams/{team}/invitations", {"email": member.email, "role": role})
    member.ok("POST", "/api/teams/invitations/accept", {"token": sent["invitation"]["token"]})


def tab(page, name):
    page.get_by_role("navigation", name=re.compile("Parts of")).get_by_role("link", name=name).click()


@pytest.fixture
def colleague(stack, person):
    return Person(stack, f"colleague-{person.email}")


def test_a_team_is_made_and_somebody_comes_in_by_a_link(visit, another_visit, person, colleague):
    page = visit.arrive(person, "/team")
    expect(page.get_by_text("You are in no team yet")).to_be_visible()
    visit.button("Create a team").first.click()
    visit.dialog.get_by_label("Name").fill("Engineering")
    visit.button("Create the team", visit.dialog).click()
    expect(page.get_by_role("heading", name="Engineering", level=1)).to_be_visible()

    tab(page, "Invitations")
    page.get_by_label("E-mail").fill(colleague.email)
    visit.button("Invite").click()
    link = page.get_by_role("region", name="Invitation link").inner_text()
    assert link.startswith(f"{visit.base_url}/#/invitation?token=")

    other = another_visit.page
    other.goto(link)
    expect(other.get_by_role("heading", name="Engineering", level=1)).to_be_visible()
    expect(other.get_by_label("E-mail")).to_have_value(colleague.email)
    other.get_by_label("Password", exact=True).fill(colleague.password)
    another_visit.button("Sign in").click()
    another_visit.button("Join the team").click()
    expect(other.get_by_text("You are a member")).to_be_visible()
    expect(other.get_by_role("list", name="Members").get_by_role("listitem")).to_have_count(2)
    expect(other.get_by_role("link", name="Audit")).to_have_count(0)

    tab(page, "Members")
    expect(page.get_by_role("list", name="Members")).to_contain_text(colleague.email)


def test_a_newcomer_signs_up_with_an_invitation(visit, person):
    team = team_of(person)
    sent = person.ok("POST", f"/api/teams/{team}/invitations", {"email": "invited@example.com"})
    page = visit.open(f"/invitation?token={sent['invitation']['token']}")
    visit.button("Make an account").click()
    expect(page.get_by_label("E-mail")).to_have_value("invited@example.com")
    page.get_by_label("New password", exact=True).fill("Correct-horse-44")
    visit.button("Make an account").click()
    page.get_by_label("Code").fill("123456")
    visit.button("Confirm").click()
    visit.button("Join the team").click()
    expect(page.get_by_text("You are a member")).to_be_visible()
    assert sent["invitation"]["token"] not in "".join(
        response.url for response in visit.responses if "lookup" not in response.url
    )


@pytest.mark.parametrize("token", ["nobody-knows-this-token", ""])
def test_an_unknown_invitation_says_so(visit, token):
    visit.expect_refusal(404, 422)
    page = visit.open(f"/invitation?token={token}")
    expect(page.get_by_role("heading", name="No such invitation")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()


def test_an_invitation_that_was_revoked_lets_nobody_in(visit, person, another_visit):
    team = team_of(person)
    token = person.ok("POST", f"/api/teams/{team}/invitations", {"email": "x@example.com"})["invitation"]["token"]
    page = visit.arrive(person, f"/team/{team}/invitations")
    visit.button("Revoke the invitation of x@example.com").click()
    expect(page.get_by_text("Revoked", exact=True)).to_be_visible()
    other = another_visit.open(f"/invitation?token={token}")
    expect(other.get_by_text("The invitation is revoked.")).to_be_visible()


def test_the_open_link_asks_and_an_admin_lets_in(visit, another_visit, person, colleague):
    team = team_of(person)
    page = visit.arrive(person, f"/team/{team}/invitations")
    visit.button("Open a link").click()
    link = page.get_by_role("region", name="Invite link").inner_text()
    another_visit.arrive(colleague)
    other = another_visit.page
    other.goto(link)
    another_visit.button("Ask to join").click()
    expect(other.get_by_text("You have asked to join.")).to_be_visible()

    page.reload()
    visit.button(f"Let {colleague.email} in").click()
    expect(page.get_by_role("button", name=f"Let {colleague.email} in")).to_have_count(0)
    assert len(person.ok("GET", f"/api/teams/{team}/members")["members"]) == 2


def test_roles_limits_and_the_end_of_a_membership(visit, person, colleague):
    team = team_of(person)
    join(person, colleague, team)
    page = visit.arrive(person, f"/team/{team}")
    members = page.get_by_role("list", name="Members")
    manage = page.get_by_role("button", name=re.compile("Manage colleague"))
    manage.click()
    visit.dialog.get_by_label("Role").select_option("admin")
    visit.button("Change the role", visit.dialog).click()
    expect(members).to_contain_text("Admin")
    manage.click()
    visit.dialog.get_by_label("US dollars a month").fill("12.50")
    visit.button("Save the limit", visit.dialog).click()
    expect(members).to_contain_text("$0 of $12.50 this month")
    manage.click()
    visit.button("Remove from the team", visit.dialog).click()
    visit.button("Remove", visit.dialog).click()
    expect(members.get_by_role("listitem")).to_have_count(1)


def test_a_limit_that_is_no_number_is_told_at_its_field(visit, person):
    visit.expect_refusal(422)
    team = team_of(person)
    page = visit.arrive(person, f"/team/{team}/rules")
    page.get_by_label("The team, US dollars a month").fill("a lot")
    visit.button("Save the limits").click()
    expect(page.get_by_label("The team, US dollars a month")).to_be_focused()
    expect(page.locator(".field-error", has_text=re.compile("team_usage_limit_usd"))).to_be_visible()


def test_rules_are_changed_and_members_only_read_them(visit, another_visit, person, colleague):
    team = team_of(person)
    join(person, colleague, team)
    page = visit.arrive(person, f"/team/{team}/rules")
    page.get_by_label("Always").check()
    visit.button("Save the mode").click()
    expect(page.get_by_role("status").get_by_text("The mode is saved.")).to_be_attached()
    page.get_by_label("All models").uncheck()
    page.get_by_role("combobox", name="Add a model").fill("openai/gpt-4.1-mini")
    visit.button("Add").click()
    visit.button("Save the models").click()
    expect(page.get_by_role("status").get_by_text("The models are saved.")).to_be_attached()
    assert person.ok("GET", f"/api/teams/{team}/byok-settings")["byok_mode"] == "require_team"
    assert person.ok("GET", f"/api/teams/{team}/allowed-models")["allowed_models"] == {"openai/gpt-4.1-mini": True}

    other = another_visit.arrive(colleague, f"/team/{team}/rules")
    expect(other.get_by_label("Always")).to_be_checked()
    expect(other.get_by_label("Always")).to_be_disabled()
    expect(other.get_by_role("button", name="Save the mode")).to_have_count(0)


def test_a_teams_keys_are_its_admins_and_its_members_see_them(visit, another_visit, person, colleague, upstream):
    upstream.on("groq", answer({"object": "list", "data": []}))
    team = team_of(person)
    join(person, colleague, team)
    page = visit.arrive(person, f"/team/{team}/keys")
    expect(page.get_by_text("keys are not used: its rules")).to_be_visible()
    page.get_by_role("button", name="Add key: Groq").click()
    visit.dialog.get_by_label("Key", exact=True).fill(USUAL_KEYS["groq"])
    visit.button("Store the key", visit.dialog).click()
    expect(visit.dialog.get_by_text("Groq takes the key")).to_be_visible()
    assert team in visit.dialog.locator(".code code").first.inner_text()
    assert USUAL_KEYS["groq"] not in visit.everything_said()

    other = another_visit.arrive(colleague, f"/team/{team}/keys")
    expect(other.locator("[data-slug='groq']")).to_contain_text("Active")
    expect(other.get_by_role("button", name="Add key: OpenAI", exact=True)).to_have_count(0)
    other.get_by_role("button", name="Manage: Groq").click()
    expect(another_visit.dialog.get_by_role("button", name="Delete")).to_have_count(0)


def test_billing_to_the_team_is_one_tick(visit, person):
    team = team_of(person)
    page = visit.arrive(person, f"/team/{team}")
    page.get_by_label("This team pays for my requests").check()
    page.get_by_label("Name within the team").fill("Ada")
    visit.button("Save").click()
    expect(page.get_by_text("Your default")).to_be_visible()
    expect(page.get_by_role("list", name="Members")).to_contain_text("Ada")
    assert visit.call("/api/session")["default_team_uuid"] == team
    assert person.ok("GET", f"/api/teams/{team}/members/self")["bill_to_team"] is True


def test_a_team_is_renamed_paused_and_deleted_by_its_name(visit, person):
    visit.expect_refusal(422)
    team = team_of(person)
    page = visit.arrive(person, f"/team/{team}/settings")
    page.get_by_role("textbox", name="Name").fill("Research")
    visit.button("Rename").click()
    expect(page.get_by_role("heading", name="Research", level=1)).to_be_visible()
    visit.button("Pause the team").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    visit.button("Delete the team").click()
    visit.dialog.get_by_label("Name of the team").fill("Engineering")
    visit.button("Delete the team", visit.dialog).click()
    expect(visit.dialog.locator(".field-error", has_text="name must be")).to_be_visible()
    visit.dialog.get_by_label("Name of the team").fill("Research")
    visit.button("Delete the team", visit.dialog).click()
    expect(page.get_by_text("You are in no team yet")).to_be_visible()


def test_the_audit_trail_tells_who_did_what(visit, person):
    team = team_of(person)
    person.ok("PATCH", f"/api/teams/{team}", {"status": "paused"})
    page = visit.arrive(person, f"/team/{team}/audit")
    entries = page.get_by_role("listitem")
    expect(entries.filter(has_text="You")).not_to_have_count(0)
    expect(entries.first).to_contain_text("127.0.0.1")


def test_an_account_is_deleted_by_its_address(visit, person):
    page = visit.arrive(person, "/account")
    visit.button("Delete the account").click()
    visit.dialog.get_by_label("Your e-mail address").fill(person.email)
    visit.button("Delete the account", visit.dialog).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert person.refused("GET", "/api/session")[0] == 401
