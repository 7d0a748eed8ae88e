from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.errors import ProviderKeyMissingError, ProviderKeyUnusableError
from ownkey.domain.prices import Price, Rates
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Candidate, KeyRing, PassedOver, Shortlist
from ownkey.routing.planner import plan

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CHAT = ("openai", "openrouter", "groq", "azure")
LISTED = (Candidate("openai", "gpt-4.1"), Candidate("openrouter", "openai/gpt-4.1"))


def key(provider, **changes):
    stamp = "2026-01-01T00:00:00+00:00"
    fields = {"owner": "user#1", "provider": provider, "key_id": provider, "status": KeyStatus.ACTIVE}
    return ProviderKey(**{**fields, "created_at": stamp, "updated_at": stamp, "key_suffix": "abcd", **changes})


def ring(*held, credential="user", **changes):
    return KeyRing(credential, {slug: key(slug, **changes) for slug in held})


def planned(candidates, *rings, fail_fast=True):
    route = plan(Shortlist(tuple(candidates)), rings, now=NOW, fail_fast=fail_fast)
    return [(attempt.credential, attempt.provider) for attempt in route.attempts]


def test_the_first_candidate_with_a_usable_key_is_used():
    assert planned(LISTED, ring("openrouter")) == [("user", "openrouter")]


def test_the_fee_for_what_is_free_has_the_lowest_paid_price_as_its_base():
    paid, free = (Price(rates=Rates(input=Decimal(rate), output=Decimal(rate))) for rate in (3, 0))
    candidates = (Candidate("groq", "m", free), Candidate("openai", "m", paid))
    lowest = Price(rates=Rates(input=Decimal(1), output=Decimal(1)))
    route = plan(Shortlist(candidates, lowest_paid_price=lowest), (ring("groq", "openai"),), now=NOW, fail_fast=False)
    assert [(attempt.price, attempt.fee_price) for attempt in route.attempts] == [(free, lowest), (paid, None)]


def test_fail_fast_plans_one_attempt_and_fallbacks_all():
    keys = ring("openrouter", "openai")
    assert planned(LISTED, keys) == [("user", "openai")]
    assert planned(LISTED, keys, fail_fast=False) == [("user", "openai"), ("user", "openrouter")]


def test_every_ring_is_tried_before_the_next_one():
    rings = ring("openrouter", credential="team"), ring("openai", "openrouter")
    assert planned(LISTED, *rings) == [("team", "openrouter")]
    expected = [("team", "openrouter"), ("user", "openai"), ("user", "openrouter")]
    assert planned(LISTED, *rings, fail_fast=False) == expected


def test_a_plan_says_whom_it_passes_over_and_why():
    keys = KeyRing("user", {**ring("openrouter", "groq").keys, **ring("azure", status=KeyStatus.INVALID).keys})
    candidates = [Candidate(slug, "m") for slug in ("openai", "azure", "openrouter", "groq")]
    shortlist = Shortlist(tuple(candidates), (PassedOver("novita", "ignored, as asked"),))
    route = plan(shortlist, (keys,), now=NOW, fail_fast=True)
    assert route.passed_over == (
        PassedOver("novita", "ignored, as asked"),
        PassedOver("openai", "no personal key is stored for it"),
        PassedOver("azure", "the azure key ending in abcd was rejected by the provider"),
        PassedOver("groq", "the first failure is the answer"),
    )


def test_a_missing_key_names_the_providers_that_would_do():
    with pytest.raises(ProviderKeyMissingError, match="openai, openrouter"):
        planned(LISTED, ring("groq"))
    with pytest.raises(ProviderKeyMissingError, match="x-use-byok"):
        planned(LISTED, ring(credential="platform"))


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"status": KeyStatus.INVALID}, "rejected"), ({"expires_at": "2026-01-02T00:00:00+00:00"}, "expired")],
)
def test_an_unusable_key_says_why(changes, word):
    with pytest.raises(ProviderKeyUnusableError, match=f"abcd .*{word}"):
        planned(LISTED[:1], ring("openai", **changes))


@given(
    candidates=st.lists(
        st.builds(Candidate, st.sampled_from(CHAT), st.just("m")), min_size=1, unique_by=lambda c: c.provider
    ),
    held=st.sets(st.sampled_from(CHAT)),
    invalid=st.sets(st.sampled_from(CHAT)),
)
def test_a_plan_holds_only_keyed_providers_once_and_in_order(candidates, held, invalid):
    keys = {slug: key(slug, status=KeyStatus.INVALID if slug in invalid else KeyStatus.ACTIVE) for slug in held}
    wanted = [("user", c.provider) for c in candidates if c.provider in held - invalid]
    if not wanted:
        with pytest.raises((ProviderKeyMissingError, ProviderKeyUnusableError)):
            planned(candidates, KeyRing("user", keys), fail_fast=False)
        return
    assert planned(candidates, KeyRing("user", keys), fail_fast=False) == wanted
