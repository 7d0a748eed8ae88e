"""Provider keys over HTTP, against the deployed template: stored, listed, tried and deleted, with no secret in sight.

All calls are one owner's, who may write five times a minute: four calls count, and the last test uses up the rest.
"""

import json
import urllib.error
import urllib.request

import pytest

from tests.support.provider_keys import FOUNDRY_KEY, UUID_KEY, characters
from tests.support.upstream import answer, echoing_error

pytestmark = pytest.mark.integration

PATH = "/api/user/provider-keys"
ANTHROPIC_KEY = "sk-ant-api03-" + characters(60, seed="integration")


def call(stack, method, path=PATH, body=None, gateway_key=None):
    """Return the status and the parsed body of one call."""
    request = urllib.request.Request(
        stack.base_url + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": f"Bearer {gateway_key or stack.gateway_key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def listed(stack):
    status, body = call(stack, "GET")
    assert status == 200
    return {key["provider"]: key for key in body["keys"]}


def test_a_key_that_the_provider_takes_is_active(stack, upstream):
    upstream.on("anthropic", answer({"data": []}))

    status, added = call(stack, "POST", body={"provider": "anthropic", "key": ANTHROPIC_KEY, "name": "work"})

    assert (status, added["success"], added["status"], added["warnings"]) == (200, True, "active", [])
    assert added["key_suffix"] == ANTHROPIC_KEY[-4:]
    assert upstream.exchanges_of("anthropic")[-1].headers["x-api-key"] == ANTHROPIC_KEY
    key = listed(stack)["anthropic"]
    assert (key["id"], key["name"], key["status"], key["last_error"]) == (added["id"], "work", "active", None)
    assert ANTHROPIC_KEY not in json.dumps([added, key])


def test_the_stored_key_is_tried_and_marked_by_what_the_provider_says(stack, upstream):
    upstream.on("anthropic", echoing_error(401))
    status, refused = call(stack, "POST", f"{PATH}/validate", {"provider": "anthropic"})
    marked = listed(stack)["anthropic"]

    assert (status, refused["valid"], marked["status"]) == (200, False, "invalid")
    assert refused["error"] == marked["last_error"]
    assert ANTHROPIC_KEY[:20] not in json.dumps([refused, marked])

    upstream.on("anthropic", answer({"data": []}))
    assert call(stack, "POST", f"{PATH}/validate", {"provider": "anthropic"}) == (200, {"valid": True})
    assert listed(stack)["anthropic"]["status"] == "active"


def test_json_credentials_are_reduced_checked_and_stored_whatever_the_provider_says(stack, upstream):
    upstream.on("azure-anthropic-foundry", echoing_error(401))
    key = {**FOUNDRY_KEY, "endpoint": FOUNDRY_KEY["endpoint"] + "/anthropic/v1/messages"}

    status, added = call(stack, "POST", body={"provider": "azure-anthropic-foundry", "key": json.dumps(key)})

    assert (status, added["status"], len(added["warnings"])) == (200, "unverified", 1)
    assert FOUNDRY_KEY["apiKey"] not in json.dumps(added)


def test_a_deleted_key_is_gone(stack):
    assert call(stack, "DELETE", f"{PATH}?provider=azure-anthropic-foundry") == (200, {"success": True})
    status, missing = call(stack, "DELETE", f"{PATH}?provider=azure-anthropic-foundry")

    assert (status, missing["code"]) == (404, "NOT_FOUND")
    assert "azure-anthropic-foundry" not in listed(stack)
    assert call(stack, "POST", f"{PATH}/validate", {"provider": "azure-anthropic-foundry"})[0] == 404


def test_a_search_key_is_tried_before_it_is_stored(stack, upstream):
    upstream.on("exa", answer({"results": []}))

    assert call(stack, "POST", f"{PATH}/validate", {"provider": "exa", "key": UUID_KEY}) == (200, {"valid": True})
    assert "exa" not in listed(stack)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"provider": "anthropic", "key": f"{ANTHROPIC_KEY}\n{ANTHROPIC_KEY}"}, "key"),
        ({"provider": "anthropic", "key": ""}, "key"),
        ({"provider": "antropic", "key": ANTHROPIC_KEY}, "provider"),
        (
            {"provider": "azure-anthropic-foundry", "key": {**FOUNDRY_KEY, "endpoint": "https://a.example"}},
            "key.endpoint",
        ),
        ({"provider": "anthropic", "key": ANTHROPIC_KEY, "owner": "platform"}, "owner"),
    ],
)
def test_a_wrong_body_is_refused_by_field_and_unseen(stack, body, field):
    status, refused = call(stack, "POST", body=body)

    assert (status, refused["code"], refused["details"]) == (422, "INVALID_INPUT", {"field": field})
    assert ANTHROPIC_KEY not in json.dumps(refused)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_gateway_key_is_refused(stack, method):
    body = {"provider": "anthropic", "key": ANTHROPIC_KEY} if method == "POST" else None
    unknown = f"ok-{'1' * 16}-{'1' * 43}"

    status, refused = call(stack, method, body=body, gateway_key=unknown)

    assert (status, refused["code"]) == (401, "UNAUTHORIZED")


def test_a_sixth_write_in_a_minute_has_to_wait(stack):
    # A minute may turn over once meanwhile.
    answers = [call(stack, "DELETE", f"{PATH}?provider=kagi") for _ in range(11)]

    assert {status for status, _ in answers} <= {404, 429}
    assert any((status, body["code"]) == (429, "RATE_LIMITED") for status, body in answers)
