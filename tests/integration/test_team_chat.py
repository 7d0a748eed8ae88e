"""Team rules and daily limits on chats, in the deployed template with IAM enforced."""

import uuid
from decimal import Decimal
from typing import Any

import openai
import pytest

from ownkey.auth.gateway_keys import mint
from ownkey.domain.dates import iso_utc, utc_now
from ownkey.domain.identity import GatewayKeyLimits
from ownkey.domain.teams import ByokMode, Member, Role, Team, TeamStatus
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.table import Table
from ownkey.storage.team_items import member_item, team_item
from tests.support.upstream import answer, chat_completion

pytestmark = pytest.mark.integration

HELLO = [{"role": "user", "content": "Say hello."}]


class Office:
    """A team with one member who has a gateway key of their own, and the operator's hands to change both."""

    def __init__(self, stack):
        self.stack, self.user_id, self.team_id = stack, str(uuid.uuid4()), str(uuid.uuid4())
        self.accounts = Table(stack.client("dynamodb"), stack.outputs["AccountsTableName"], ())
        self.change()
        self.join()
        for payer in ("olga", self.user_id):
            self.stack.credit(payer)

    def change(self, **team):
        now = iso_utc(utc_now())
        self.accounts.put(
            team_item(Team(team_id=self.team_id, name="Engineering", owner_id="olga", created_at=now, **team))
        )

    def join(self, **member):
        place = Member(
            team_id=self.team_id,
            user_id=self.user_id,
            role=Role.MEMBER,
            email="u@example.com",
            joined_at=iso_utc(utc_now()),
            **member,
        )
        self.accounts.put(member_item(place))

    def leave(self):
        self.accounts.delete({"pk": f"team#{self.team_id}", "sk": f"member#{self.user_id}"})

    def client(self, *, default_team=None, limits=None, **headers):
        self.accounts.put({"pk": f"user#{self.user_id}", "sk": "profile", "default_team_id": default_team})
        key, text = mint(
            user_id=self.user_id,
            name="test",
            now=utc_now(),
            limits=limits or GatewayKeyLimits(),
            default_team_id=default_team,
        )
        AccountRepository(self.stack.client("dynamodb"), self.stack.outputs["AccountsTableName"], ()).add_gateway_key(
            key
        )
        return openai.OpenAI(
            base_url=f"{self.stack.base_url}/api/v1",
            api_key=text.reveal(),
            default_headers=headers,
            max_retries=0,
            timeout=30,
        )


@pytest.fixture
def office(stack, upstream):
    for slug in ("openai", "groq"):
        upstream.on(slug, answer(chat_completion("Hello there.")))
    stack.store_provider_key("openai", "sk-platform-0123456789abcdef", owner="platform")
    return Office(stack)


def ask(client, **fields) -> tuple[str, Any]:
    raw = client.chat.completions.with_raw_response.create(model="gpt-4.1", messages=HELLO, **fields)
    completion: Any = raw.parse()
    return raw.headers["x-ownkey-credential"], completion


def refusal(client, **fields):
    with pytest.raises(openai.APIStatusError) as raised:
        ask(client, **fields)
    body: Any = raised.value.body
    return raised.value.status_code, body["code"]


def test_a_mode_a_key_and_a_membership_count_from_the_next_request(office):
    client = office.client(**{"x-team-id": office.team_id})
    assert ask(client)[0] == "platform"
    office.change(byok_mode=ByokMode.REQUIRE_TEAM)
    assert refusal(client) == (403, "team_key_required")
    office.stack.store_provider_key("openai", "sk-team-0123456789abcdef", owner=f"team#{office.team_id}")
    credential, completion = ask(client)
    assert credential == "team"
    receipt = completion.x_ownkey_pricing
    assert (receipt["billedToTeam"], receipt["billedTeamId"]) == (True, office.team_id)
    assert Decimal(receipt["amount"]) == Decimal(receipt["listPrice"]) * Decimal("0.05")
    office.change(byok_mode=ByokMode.REQUIRE_TEAM, allowed_models={"openai/gpt-5": True})
    assert refusal(client) == (403, "model_not_allowed")
    office.change(status=TeamStatus.PAUSED)
    assert refusal(client) == (403, "team_paused")
    office.change()
    office.leave()
    assert refusal(client) == (403, "team_forbidden")


def test_the_default_team_pays_where_its_member_says_so(office):
    office.change(byok_mode=ByokMode.PREFER_TEAM)
    office.stack.store_provider_key("openai", "sk-team-0123456789abcdef", owner=f"team#{office.team_id}")
    client = office.client(default_team=office.team_id)
    assert ask(client)[0] == "platform"
    office.join(bill_to_team=True)
    assert ask(client)[0] == "team"
    office.leave()
    assert ask(client)[0] == "platform"


def test_what_the_team_spends_is_counted_and_limited(office):
    client = office.client(**{"x-team-id": office.team_id})
    _, completion = ask(client)
    spent = Decimal(completion.x_ownkey_pricing["amount"])
    office.change(usage_limit_usd=spent, usage_limit_enforced=True)
    assert refusal(client) == (402, "usage_limit_exceeded")
    office.change(usage_limit_usd=spent * 2, usage_limit_enforced=True)
    assert ask(client)[0] == "platform"
    assert refusal(client) == (402, "usage_limit_exceeded")
    office.change(default_member_usage_limit_usd=spent * 3, usage_limit_enforced=True)
    assert ask(client)[0] == "platform"
    assert refusal(client) == (402, "usage_limit_exceeded")


def test_a_gateway_keys_daily_limits_hold(office):
    client = office.client(limits=GatewayKeyLimits(requests_per_day=1))
    ask(client)
    with pytest.raises(openai.RateLimitError) as raised:
        ask(client)
    assert raised.value.code == "daily_rpd_limit_exceeded"
    assert 0 < int(raised.value.response.headers["retry-after"]) <= 86_400
    client = office.client(limits=GatewayKeyLimits(usd_per_day=Decimal("0.000000001")))
    ask(client)
    assert refusal(client) == (429, "daily_usd_limit_exceeded")
