"""From a stored key to a streamed answer, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.support.provider_keys import USUAL_KEYS
from tests.support.search_answers import EXA_ANSWER
from tests.support.upstream import answer, chat_chunks, openai_error, stream, usage

pytestmark = pytest.mark.integration

PASSWORD = "Correct-horse-44"
WORDS = ("Blue light ", "is scattered ", "the most.")


def talking(upstream, *words, **how):
    """Let OpenAI list its models, and answer a chat."""
    chat = stream(chat_chunks(*(words or WORDS), usage=usage(9, 20)), **how)
    upstream.on("openai", lambda exchange: chat if "chat" in exchange.path else answer({"object": "list", "data": []}))


def ask(page, text="Why is the sky blue?"):
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")


def gateway_keys(visit):
    return visit.call("/api/user/gateway-keys")["keys"]


@pytest.fixture
def keyed(person, upstream):
    """Return somebody with an OpenAI key."""
    talking(upstream)
    person.ok("POST", "/api/user/provider-keys", {"provider": "openai", "key": USUAL_KEYS["openai"]})
    return person


def test_a_newcomer_gets_from_the_door_to_a_streamed_answer(visit, upstream):
    talking(upstream)
    page = visit.open()
    visit.button("Make an account").click()
    page.get_by_label("E-mail").fill("newcomer@example.com")
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    visit.button("Make an account").click()
    page.get_by_label("Code").fill("123456")
    visit.button("Confirm").click()
    page.get_by_role("button", name="Add key: OpenAI", exact=True).click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Key", exact=True).fill(USUAL_KEYS["openai"])
    visit.button("Store the key", sheet).click()
    sheet.get_by_role("link", name="Try it here, in the browser").click()
    expect(page.get_by_role("combobox", name="Model")).to_have_value("openai/gpt-4.1-mini")
    ask(page)

    expect(page.get_by_role("log")).to_contain_text("Blue light is scattered the most.")
    receipt = page.locator(".receipt")
    expect(receipt).to_contain_text("OpenAI")
    expect(receipt).to_contain_text(f"your key ····{str(USUAL_KEYS['openai'])[-4:]}")
    expect(receipt).to_contain_text("First token")
    expect(receipt).to_contain_text("9 in, 20 out")
    asked = [each for each in upstream.exchanges_of("openai") if "chat" in each.path]
    assert asked[-1].headers["authorization"] == f"Bearer {USUAL_KEYS['openai']}"
    assert asked[-1].json["messages"] == [{"role": "user", "content": "Why is the sky blue?"}]


def test_without_a_key_the_page_says_what_to_do(visit, person):
    page = visit.arrive(person, "/try")
    page.get_by_role("link", name="Add a provider key").click()
    expect(page.get_by_role("heading", name="Provider keys", level=1)).to_be_visible()


def test_the_pages_own_gateway_key_is_limited_and_ends_with_the_visit(visit, keyed):
    page = visit.arrive(keyed, "/try")
    page.get_by_role("combobox", name="Model").wait_for()
    assert gateway_keys(visit) == []
    ask(page)
    expect(page.locator(".receipt")).to_be_visible()

    [key] = gateway_keys(visit)
    assert (key["requests_per_day"], float(key["usd_per_day"])) == (200, 1)
    assert key["allowed_origins"] == [visit.base_url]
    assert key["expires_at"]
    assert f"ok-{key['id']}-" not in page.content()
    assert f"ok-{key['id']}-" not in page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("link", name="Team").click()
    assert gateway_keys(visit) == []


def test_the_pages_own_gateway_key_ends_with_the_page(visit, keyed):
    page = visit.arrive(keyed, "/try")
    ask(page)
    expect(page.locator(".receipt")).to_be_visible()
    assert len(gateway_keys(visit)) == 1
    page.goto("about:blank")
    visit.until(lambda: gateway_keys(visit) == [])


def test_a_key_that_was_revoked_meanwhile_is_made_anew(visit, keyed):
    visit.expect_refusal(401)
    page = visit.arrive(keyed, "/try")
    ask(page)
    expect(page.locator(".receipt")).to_have_count(1)
    [key] = gateway_keys(visit)
    keyed.ok("DELETE", "/api/user/gateway-keys", id=key["id"])
    visit.expect_refusal(404)  # the page revokes it too, and does not mind
    ask(page, "And red?")
    expect(page.locator(".receipt")).to_have_count(2)


def test_what_was_said_before_is_sent_along(visit, keyed, upstream):
    page = visit.arrive(keyed, "/try")
    ask(page)
    expect(page.locator(".receipt")).to_have_count(1)
    ask(page, "And red?")
    expect(page.locator(".receipt")).to_have_count(2)
    said = [(each["role"], each["content"]) for each in upstream.exchanges[-1].json["messages"]]
    assert said == [("user", "Why is the sky blue?"), ("assistant", "".join(WORDS)), ("user", "And red?")]
    visit.button("New conversation").click()
    expect(page.get_by_role("log")).not_to_contain_text("Blue light")


def test_the_web_is_searched_first_where_there_is_a_key_for_it(visit, keyed, upstream):
    upstream.on("exa", answer(EXA_ANSWER))
    keyed.ok("POST", "/api/user/provider-keys", {"provider": "exa", "key": USUAL_KEYS["exa"]})
    talking(upstream, "It is an agent ", "framework [", "1].")
    page = visit.arrive(keyed, "/try")
    page.get_by_label("Search the web first").check()
    ask(page, "What is Pydantic AI?")
    source = page.get_by_role("list", name="Sources").get_by_role("link")
    expect(source).to_have_attribute("href", "https://docs.example/")
    expect(source).to_have_attribute("rel", "noopener noreferrer")
    assert upstream.exchanges_of("exa")[-1].json["query"] == "What is Pydantic AI?"


def test_an_answer_can_be_stopped(visit, keyed, upstream):
    talking(upstream, *["Blue light "] * 500, delay_seconds=0.05)
    page = visit.arrive(keyed, "/try")
    ask(page)
    expect(page.get_by_role("log")).to_contain_text("Blue light")
    visit.button("Stop").click()
    expect(page.get_by_text("Stopped.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    assert upstream.exchanges[-1].hung_up.wait(10)


def test_a_refused_key_is_told_with_the_way_to_it(visit, keyed, upstream):
    visit.expect_refusal(424)
    page = visit.arrive(keyed, "/try")
    page.get_by_role("combobox", name="Model").wait_for()
    upstream.on("openai", openai_error("Incorrect API key provided", 401, code="invalid_api_key"))
    ask(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("OpenAI")
    alert.get_by_role("link", name="See your provider keys").click()
    expect(page.locator("[data-slug='openai']")).to_contain_text("Rejected")


def test_a_model_is_chosen_by_keyboard(visit, keyed):
    page = visit.arrive(keyed, "/try")
    model = page.get_by_role("combobox", name="Model")
    model.fill("gpt-4o-mini")
    expect(page.get_by_role("listbox", name="Model")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(model).to_have_value("openai/gpt-4o-mini")
    expect(page.get_by_role("listbox", name="Model")).to_be_hidden()
