"""Usage, in a real browser: what was asked a moment ago, as figures, a chart, tables and a file."""

import csv
import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.support.provider_keys import USUAL_KEYS
from tests.support.upstream import answer, chat_completion, usage

pytestmark = pytest.mark.integration

MODELS = ("openai/gpt-4.1-mini", "openai/gpt-4.1")


def chat(stack, key, model, **headers):
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello"}]}).encode()
    request = urllib.request.Request(
        f"{stack.base_url}/api/v1/chat/completions",
        data=body,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json", "x-use-byok": "true", **headers},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.status == 200


@pytest.fixture
def key(person, upstream):
    """Return a gateway key of somebody with an OpenAI key."""
    said = chat_completion("Hello", usage=usage(1000, 500))
    upstream.on("openai", lambda exchange: answer(said if "chat" in exchange.path else {"object": "list", "data": []}))
    person.ok("POST", "/api/user/provider-keys", {"provider": "openai", "key": USUAL_KEYS["openai"]})
    return person.ok("POST", "/api/user/gateway-keys", {"name": "Notebook"})["key"]


def counted(person, path, requests):
    totals = person.ok("GET", path)["totals"]
    return (totals[0] if isinstance(totals, list) and totals else totals or {"requests": 0})["requests"] == requests


def test_without_requests_the_page_says_what_to_do(visit, person):
    page = visit.arrive(person, "/usage")
    expect(page.get_by_text("Nothing was used")).to_be_visible()
    expect(page.get_by_role("link", name="Try a model")).to_be_visible()


def test_what_was_used_is_shown_and_broken_down(visit, person, stack, key):
    for model in (*MODELS, MODELS[0]):
        chat(stack, key, model)
    visit.until(lambda: counted(person, "/api/v1/usage", 3))
    page = visit.arrive(person, "/usage")
    tiles = page.locator(".tiles")
    expect(tiles).to_contain_text("4,500")
    expect(page.get_by_role("img", name=re.compile(r"Spend by day: \$0\.\d+ in 30 days"))).to_be_visible()
    table = page.get_by_role("table", name="Share of spend")
    expect(table.get_by_role("row")).to_have_count(1 + len(MODELS))
    page.get_by_role("radio", name="Tokens").check(force=True)
    expect(page.get_by_role("img", name=re.compile("Tokens by day: 4,500"))).to_be_visible()
    page.get_by_role("radio", name="Gateway key").check(force=True)
    expect(page.get_by_role("table", name="Share of tokens")).to_contain_text("Notebook")
    page.get_by_text("As a table").click()
    expect(page.get_by_role("table", name="By day").get_by_role("row")).to_have_count(2)
    assert visit.accessibility_problems() == []


def test_the_figures_can_be_had_as_a_file(visit, person, stack, key, tmp_path):
    chat(stack, key, MODELS[0])
    visit.until(lambda: counted(person, "/api/v1/usage", 1))
    page = visit.arrive(person, "/usage")
    expect(page.locator(".chart")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    download.value.save_as(tmp_path / "usage.csv")
    rows = list(csv.DictReader((tmp_path / "usage.csv").read_text().splitlines()))
    assert [row["model"] for row in rows] == [MODELS[0]]


def test_a_teams_usage_is_shown_by_member(visit, person, stack, key):
    team = person.ok("POST", "/api/teams", {"name": "Engineering"})["team"]["uuid"]
    person.ok("PATCH", f"/api/teams/{team}/members/self", {"name": "Ada"})
    chat(stack, key, MODELS[0], **{"x-team-id": team})
    visit.until(lambda: counted(person, f"/api/teams/{team}/usage", 1))
    page = visit.arrive(person, f"/team/{team}")
    page.get_by_role("navigation", name=re.compile("Parts of")).get_by_role("link", name="Usage").click()
    expect(page.get_by_label("Whose usage")).to_have_value(team)
    page.get_by_role("radio", name="Member").check(force=True)
    expect(page.get_by_role("table", name="Share of spend")).to_contain_text("Ada")
    page.get_by_label("Whose usage").select_option("")
    expect(page.locator(".tiles")).to_contain_text(
        re.compile("Balance\u2212\\$0\\.\\d+")
    )  # nobody credited what they owe
