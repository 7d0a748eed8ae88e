from datetime import UTC, datetime

from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import KeyRing, Shortlist
from ownkey.routing.explanation import explain_route
from ownkey.routing.planner import plan
from tests.support.routing import ask, listing, priced

STAMP = "2026-01-01T00:00:00Z"


def explained(credential, request_):
    key = ProviderKey(
        owner="user#1",
        provider="groq",
        key_id="k-1",
        key_suffix="abcd",
        status=KeyStatus.UNVERIFIED,
        created_at=STAMP,
        updated_at=STAMP,
        ciphertext=b"sealed",
    )
    candidates = (priced("openai"), priced("groq", "0.05", "8"))
    ring = KeyRing(credential, {"groq": key})
    route = plan(Shortlist(candidates), (ring,), now=datetime(2026, 11, 23, tzinfo=UTC), fail_fast=True)
    return explain_route(request_, listing(*candidates), route, falls_back=False, billed=None)


def test_a_plan_is_told_with_its_reasons_and_prices():
    assert explained("user", ask("gpt41", byok=True)) == {
        "object": "route_plan",
        "model": "gpt41",
        "canonical_model": "openai/gpt-4.1",
        "byok": True,
        "fallbacks": False,
        "billed_team": None,
        "attempts": [
            {
                "provider": "groq",
                "upstream_model": "groq-model",
                "reason": "the catalog lists it for this model",
                "credential": "user",
                "key_suffix": "abcd",
                "key_status": "unverified",
                "list_price": {"input": "0.05", "output": "8", "currency": "USD", "unit": "per_million_tokens"},
            }
        ],
        "passed_over": [{"provider": "openai", "reason": "no personal key is stored for it"}],
    }


def test_the_operators_keys_are_not_described():
    [attempt] = explained("platform", ask())["attempts"]
    assert attempt["key_suffix"] is None
    assert attempt["credential"] == "platform"
