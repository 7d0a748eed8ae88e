"""Pictures of the console for the README (`make screenshots`), of a real stack with made-up people and figures."""

import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "layers" / "gateway")]

from ownkey.adapters.registry import REGISTRY  # noqa: E402
from ownkey.domain.chat import Usage  # noqa: E402
from ownkey.domain.prices import Charge  # noqa: E402
from ownkey.storage.spending import SpendingRepository  # noqa: E402
from ownkey.storage.usage import UsageRepository  # noqa: E402
from tests.support.browsing import CHROMIUM_FLAGS, Visit, find_chromium  # noqa: E402
from tests.support.people import Person  # noqa: E402
from tests.support.provider_keys import USUAL_KEYS  # noqa: E402
from tests.support.stack import LocalStack, eventually  # noqa: E402
from tests.support.upstream import (  # noqa: E402
    Exchange,
    FakeUpstream,
    Reply,
    answer,
    chat_chunks,
    openai_error,
    stream,
    usage,
)
from tests.support.usage_records import usage_record  # noqa: E402

IMAGES = REPOSITORY / "docs" / "images"
PORT = 8787
"""As in the README."""
ANSWER = (
    "Sunlight is scattered by the molecules of the air, and short waves far more than long ones. So blue light reaches "
    "your eyes from every part of the sky, while the rest comes straight from the sun."
)
PRICES = {
    ("openai", "openai/gpt-4.1-mini"): "0.0021",
    ("anthropic", "anthropic/claude-sonnet-4.5"): "0.0240",
    ("google", "google/gemini-2.5-flash"): "0.0034",
    ("groq", "openai/gpt-oss-120b"): "0.0008",
}
"""Provider and model -> what a request costs there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    place: str
    theme: str = "light"
    width: int = 1280
    height: int = 800
    signed_in: bool = True
    act: Callable[[Page], None] = lambda _: None
    """What is done on the page before."""


def ask(page: Page) -> None:
    """Ask, and wait for the receipt."""
    page.get_by_role("textbox", name="Message").fill("Why is the sky blue? Two sentences.")
    page.keyboard.press("Enter")
    page.locator(".receipt").wait_for()


def shots(team: str) -> tuple[Shot, ...]:
    """Return what is in the README."""
    return (
        Shot(name="door", place="", signed_in=False),
        Shot(name="provider-keys", place="/provider-keys"),
        Shot(name="provider-key", place="/provider-keys/groq", theme="dark"),
        Shot(name="gateway-keys", place="/gateway-keys", theme="dark"),
        Shot(name="try", place="/try", act=ask),
        Shot(name="usage", place=f"/usage?team={team}", theme="dark"),
        Shot(name="team", place=f"/team/{team}/members"),
        Shot(name="rules", place=f"/team/{team}/rules", theme="dark"),
        Shot(name="phone-provider-keys", place="/provider-keys", width=390, height=800),
        Shot(name="phone-try", place="/try", theme="dark", width=390, height=800, act=ask),
    )


def reply(exchange: Exchange) -> Reply:
    """Answer as any provider would that takes the key, and as one that does not."""
    if exchange.slug == "zai":
        return openai_error("token expired or incorrect", 401, code="invalid_api_key")
    if "chat/completions" in exchange.path:
        return stream(chat_chunks(*(f"{word} " for word in ANSWER.split()), usage=usage(24, 61)), delay_seconds=0.01)
    return answer({"object": "list", "data": [], "results": []})


def furnish(stack: LocalStack) -> tuple[Person, str]:
    """Make people, keys, a team and a month of requests; return who looks at them, and the team."""
    person = Person(stack, "ada@example.com")
    for slug in ("openai", "anthropic", "groq", "zai", "tavily"):
        person.ok("POST", "/api/user/provider-keys", {"provider": slug, "key": USUAL_KEYS[slug]})
    person.ok("POST", "/api/user/provider-keys/validate", {"provider": "zai"})
    limits = {"requests_per_day": 5000, "usd_per_day": "25", "allowed_origins": ["https://help.example.com"]}
    for body in ({"name": "Notebook"}, {"name": "CI", "requests_per_day": 2000}, {"name": "Help desk", **limits}):
        person.ok("POST", "/api/user/gateway-keys", body)
    team: str = person.ok("POST", "/api/teams", {"name": "Engineering"})["team"]["uuid"]
    route = f"/api/teams/{team}"
    person.ok("PATCH", f"{route}/members/self", {"name": "Ada", "bill_to_team": True})
    person.ok("PATCH", "/api/user/default-team", {"team_uuid": team})
    person.ok("PATCH", f"{route}/byok-settings", {"byok_mode": "prefer_team"})
    settings = {"team_usage_limit_usd": 60, "default_member_usage_limit_usd": 12, "usage_limit_enforced": True}
    person.ok("PATCH", f"{route}/settings", settings)
    members = [person]
    for name in ("Grace", "Edsger", "Barbara"):
        member = Person(stack, f"{name.lower()}@example.com")
        sent = person.ok("POST", f"{route}/invitations", {"email": member.email})
        member.ok("POST", "/api/teams/invitations/accept", {"token": sent["invitation"]["token"]})
        member.ok("PATCH", f"{route}/members/self", {"name": name})
        members.append(member)
    spend(stack, members, team)
    return person, team


def spend(stack: LocalStack, members: list[Person], team: str) -> None:
    """Store the records of a month's requests, and wait until they are settled."""
    dice = random.Random(7)  # noqa: S311 - figures for a picture
    now, owner = datetime.now(UTC), members[0].user_id
    table = UsageRepository(stack.client("dynamodb"), stack.outputs["UsageTableName"], ())
    spending = SpendingRepository(stack.client("dynamodb"), stack.outputs["UsageTableName"], ())
    requests = 0
    for days in range(30):
        day = now - timedelta(days=days)
        for _ in range(dice.randrange(3, 9) if day.weekday() > 4 else dice.randrange(14, 34)):
            (provider, model), price = dice.choice(list(PRICES.items()))
            worth = Decimal(price) * dice.randrange(20, 400)
            fee, who = worth / 20, dice.choice(members).user_id
            spending.add(fee, now=day, gateway_key_id=None, member=(team, who))
            table.put(
                usage_record(
                    requests,
                    dice,
                    request_id=f"req_{requests:06}",
                    user_id=who,
                    payer_id=owner,
                    team_id=team,
                    owner=f"team#{team}",
                    provider=provider,
                    model=model,
                    credential="team",
                    byok=True,
                    usage=Usage(input_tokens=dice.randrange(9000), output_tokens=dice.randrange(3000)),
                    charge=Charge(list_price=worth, platform_fee=fee, amount=fee),
                    estimated=False,
                    started_at=day,
                )
            )
            requests += 1
    first = (now - timedelta(days=29)).date().isoformat()
    path = f"/api/teams/{team}/usage?from={first}&to={now.date().isoformat()}"
    eventually(lambda: members[0].ok("GET", path)["totals"][0]["requests"], requests)


def take(browser: Browser, stack: LocalStack, person: Person, shot: Shot) -> None:
    """Take one picture."""
    with Visit(browser, stack.base_url) as visit:
        visit.page.set_viewport_size({"width": shot.width, "height": shot.height})
        visit.page.emulate_media(color_scheme="dark" if shot.theme == "dark" else "light", reduced_motion="reduce")
        page = visit.arrive(person, shot.place) if shot.signed_in else visit.open(shot.place)
        page.wait_for_load_state("networkidle")
        shot.act(page)
        page.evaluate("document.fonts.ready")
        path = IMAGES / f"{shot.name}.png"
        # The usual ways of hiding the caret and ending animations would break the page's own rules.
        page.screenshot(path=path, caret="initial")
        print(f"{path.relative_to(REPOSITORY)}  {path.stat().st_size // 1024} KB")
        visit.check()


def main() -> None:
    """Take all pictures."""
    executable = find_chromium()
    if executable is None:
        sys.exit("screenshots: there is no Chromium; install it, or name it in OWNKEY_CHROMIUM")
    folder = Path(tempfile.mkdtemp())
    with FakeUpstream() as upstream, sync_playwright() as playwright:
        for slug in REGISTRY:
            upstream.on(slug, reply)
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        with LocalStack(folder / "state", upstream.base_urls(*REGISTRY), port=PORT) as stack:
            person, team = furnish(stack)
            for shot in shots(team):
                take(browser, stack, person, shot)
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
