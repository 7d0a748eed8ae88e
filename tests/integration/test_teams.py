"""Two people and an outsider, in three browsers' worth of cookies, against the deployed template with IAM enforced."""

import openai
import pytest

from ownkey.services.teams.access import ROUTES, Access
from tests.support.people import Person
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
    spent = mia.ok("GET", f"{team}/usage")
    assert [each["actorSessionId"] for each in spent["byActor"]] == [mia.user_id]
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
