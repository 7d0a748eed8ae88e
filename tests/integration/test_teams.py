"""Two people and an outsider, in three browsers' worth of cookies, against the deployed template with IAM enforced."""

from typing import Any

import openai
import pytest

from ownkey.services.teams.access import ROUTES, Access
from tests.support.people import Person
from tests.support.stack import eventually
from tests.support.upstream import answer, chat_completion

pytestmark = pytest.mark.integration

TEAM_KEY = "sk-team-0123456789abcdefghijklmnop"


@pytest.fixture(scope="module")
def people(stack):
    return tuple(Person(stack, f"{name}@example.com") for name in ("olga", "mia", "sam"))


def test_a_teams_life(stack, people, upstream):
    olga, mia, sam = people
    team = "/api/teams/" + olga.ok("POST", "/api/teams", {"name": "Engineering"})["team"]["uuid"]

    # Mia is invited, joins, and may see but not change.
    made = olga.ok("POST", f"{team}/invitations", {"email": mia.email})["invitation"]
    assert sam.ok("GET", "/api/teams/invitations/lookup", token=made["token"])["teamName"] == "Engineering"
    mia.ok("POST", "/api/teams/invitations/accept", {"token": made["token"]})
    assert sam.refused("POST", "/api/teams/invitations/accept", {"token": made["token"]}) == (409, "CONFLICT")
    members = mia.ok("GET", f"{team}/members")["members"]
    assert [(each["email"], each["role"]) for each in members] == [(olga.email, "owner"), (mia.email, "member")]
    assert mia.refused("PATCH", f"{team}/byok-settings", {"byok_mode": "require_team"}) == (403, "FORBIDDEN")
    assert mia.refused("PATCH", f"{team}/members", {"sessionId": mia.user_id, "role": "admin"}) == (403, "FORBIDDEN")

    # The team has a key of its own, which the provider confirms and nobody sees again.
    upstream.on("openai", answer({"object": "list", "data": []}))
    assert mia.refused("POST", f"{team}/provider-keys", {"provider": "openai", "key": TEAM_KEY}) == (403, "FORBIDDEN")
    stored = olga.ok("POST", f"{team}/provider-keys", {"provider": "openai", "key": TEAM_KEY})
    assert (stored["status"], stored["key_suffix"]) == ("active", "mnop")
    [shown] = mia.ok("GET", f"{team}/provider-keys")["keys"]
    assert shown["added_by"] == shown["added_by_session_id"] == olga.user_id
    assert TEAM_KEY not in str(shown)
    assert olga.ok("POST", f"{team}/provider-keys/validate", {"provider": "openai"})["valid"] is True
    assert mia.ok("GET", "/api/user/provider-keys")["keys"] == []

    # Mia's program runs on it, by the team's rules, from one request to the next.
    key = mia.ok("POST", "/api/user/gateway-keys", {"name": "laptop"})["key"]
    upstream.on("openai", answer(chat_completion("Hello there.")))
    client = openai.OpenAI(
        base_url=f"{stack.base_url}/api/v1",
        api_key=key,
        default_headers={"x-team-id": team.rpartition("/")[2]},
        max_retries=0,
    )

    def credential():
        raw = client.chat.completions.with_raw_response.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "hi"}]
        )
        return raw.headers["x-ownkey-credential"]

    def code():
        with pytest.raises(openai.APIStatusError) as raised:
            credential()
        return raised.value.code

    olga.ok("PATCH", f"{team}/byok-settings", {"byok_mode": "require_team"})
    assert credential() == "team"
    olga.ok("PATCH", f"{team}/allowed-models", {"allowed_models": {"openai/gpt-5": True}})
    assert code() == "model_not_allowed"
    olga.ok("PATCH", f"{team}/allowed-models", {"allowed_models": {"openai/gpt-4.1": True}})
    assert credential() == "team"
    olga.ok("PATCH", team, {"status": "paused"})
    assert code() == "team_paused"
    olga.ok("PATCH", team, {"status": "active"})
    eventually(lambda: [each["actorSessionId"] for each in mia.ok("GET", f"{team}/usage")["byActor"]], [mia.user_id])
    olga.ok("PATCH", f"{team}/settings", {"team_usage_limit_usd": 0, "usage_limit_enforced": True})
    assert code() == "usage_limit_exceeded"
    olga.ok("PATCH", f"{team}/settings", {"team_usage_limit_usd": None})
    olga.ok("DELETE", f"{team}/provider-keys", provider="openai")
    assert code() == "team_key_required"

    # An outsider asks to join by link, and is let in.
    link = olga.ok("POST", f"{team}/invite-link", {})["token"]
    sam.ok("POST", "/api/teams/join", {"token": link})
    olga.ok("PATCH", f"{team}/join-requests", {"id": sam.user_id})
    assert sam.ok("GET", "/api/teams")["teams"][0]["role"] == "member"
    olga.ok("POST", f"{team}/owner", {"sessionId": mia.user_id})
    assert olga.refused("DELETE", team, {"name": "Engineering"}) == (403, "FORBIDDEN")
    mia.ok("DELETE", f"{team}/members", {"sessionId": sam.user_id})
    assert sam.refused("GET", team) == (404, "NOT_FOUND")

    # All of it is on record, without a secret.
    records = olga.ok("GET", f"{team}/audit", limit="100")["records"]
    actions = [record["action"] for record in reversed(records)]
    assert actions[:4] == ["team.created", "invitation.created", "invitation.accepted", "provider_key.stored"]
    assert "provider_key.deleted" in actions
    assert actions[-2:] == ["team.owner_changed", "member.removed"]
    assert {record["source_ip"] for record in records} == {"127.0.0.1"}
    assert TEAM_KEY not in str(records)
    assert link not in str(records)
    mia.ok("DELETE", team, {"name": "Engineering"})
    assert mia.refused("GET", team) == (404, "NOT_FOUND")
    assert code() == "team_forbidden"


def test_a_member_of_another_team_gets_nowhere(people):
    olga, _, sam = people
    team = "/api/teams/" + olga.ok("POST", "/api/teams", {"name": "Secret"})["team"]["uuid"]
    sam.ok("POST", "/api/teams", {"name": "Sams"})
    for (method, route), access in ROUTES.items():
        if access in (Access.MEMBERS, Access.ADMINS, Access.OWNER):
            assert sam.refused(method, route.replace("/api/teams/{team}", team), {})[0] == 404, (method, route)
    for method, rest in (("GET", ""), ("POST", ""), ("DELETE", "?provider=openai"), ("POST", "/validate")):
        path = f"{team}/provider-keys{rest}"
        assert sam.refused(method, path, {"provider": "openai", "key": "sk-x"})[0] == 404


def test_a_page_of_another_site_changes_nothing(people):
    olga = people[0]
    status, said = olga.call("POST", "/api/teams", {"name": "Forged"}, csrf=False)
    assert (status, said["code"]) == (403, "FORBIDDEN")


def test_an_account_is_deleted_with_all_that_it_owns(stack, upstream):
    una = Person(stack, "una@example.com")
    key = una.ok("POST", "/api/user/gateway-keys", {"name": "laptop", "requests_per_day": 5})
    una.ok("PATCH", f"/api/user/gateway-keys?id={key['id']}", {"usd_per_day": "1.5", "requests_per_day": None})
    [shown] = una.ok("GET", "/api/user/gateway-keys")["keys"]
    assert (shown["usd_per_day"], shown["requests_per_day"]) == ("1.5", None)
    upstream.on("openai", answer({"object": "list", "data": []}))
    una.ok("POST", "/api/user/provider-keys", {"provider": "openai", "key": TEAM_KEY})
    assert una.refused("DELETE", "/api/user", {"confirm": "somebody@example.com"}) == (422, "INVALID_INPUT")
    trail = [record["action"] for record in una.ok("GET", "/api/user/audit")["records"]]
    assert trail == ["provider_key.stored", "gateway_key.changed", "gateway_key.created"]
    [session] = [cookie for cookie in una._jar if cookie.name == "ownkey_session"]
    una.ok("DELETE", "/api/user", {"confirm": una.email})
    assert list(una._jar) == []
    una._jar.set_cookie(session)  # as somebody would who had copied it
    client = openai.OpenAI(base_url=f"{stack.base_url}/api/v1", api_key=key["key"], max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "hi"}])
    assert una.refused("POST", "/api/user/gateway-keys", {"name": "ghost"}) == (409, "CONFLICT")
    assert una.refused("GET", "/api/session") == (401, "UNAUTHORIZED")
    for table in ("AccountsTableName", "ProviderKeysTableName"):
        items = stack.client("dynamodb").scan(TableName=stack.outputs[table])["Items"]
        mine = [item for item in items if una.user_id in str(item)]
        # The trail stays, and counters of the last minute go by themselves.
        mine = [item for item in mine if not item["pk"]["S"].startswith("audit#") and "expires_at_epoch" not in item]
        assert mine == []


def test_a_default_team_pays_for_programs_that_name_none(stack, people, upstream):
    _, mia, _ = people
    team_id = mia.ok("POST", "/api/teams", {"name": "Payer"})["team"]["uuid"]
    key = mia.ok("POST", "/api/user/gateway-keys", {"name": "server"})["key"]
    mia.ok("PATCH", f"/api/teams/{team_id}/members/self", {"bill_to_team": True})
    chosen = mia.ok("PATCH", "/api/user/default-team", {"team_uuid": team_id})
    assert chosen == {"ok": True, "metadata": {"default_team_uuid": team_id}}
    stack.credit(mia.user_id)
    stack.store_provider_key("openai", "sk-platform-0123456789abcdef", owner="platform")
    upstream.on("openai", answer(chat_completion("Hello there.")))
    client = openai.OpenAI(base_url=f"{stack.base_url}/api/v1", api_key=key, max_retries=0)

    def receipt() -> Any:
        completion: Any = client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "hi"}])
        return completion.x_ownkey_pricing

    assert receipt()["billedTeamName"] == "Payer"
    mia.ok("PATCH", "/api/user/default-team", {"team_uuid": None})
    assert receipt()["billedToTeam"] is False
