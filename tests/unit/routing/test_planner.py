from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ownkey.domain.chat import ByokOptions, ChatRequest
from ownkey.domain.errors import (
    ModelNotFoundError,
    ProviderKeyMissingError,
    ProviderKeyUnusableError,
    ProviderUnsupportedError,
    UnknownProviderError,
)
from ownkey.domain.provider_keys import KeyStatus, ProviderKey
from ownkey.domain.routing import Candidate
from ownkey.routing.planner import Providers, candidates_for, plan

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CHAT = ("openai", "openrouter", "groq", "azure")
PROVIDERS = Providers(chat=CHAT, others=("tavily", "exa"))
LISTED = (Candidate("openai", "gpt-4.1"), Candidate("openrouter", "openai/gpt-4.1"))


def ask(model="gpt-4.1", *, pinned=None, chosen=None, fallbacks=False):
    byok = ByokOptions(enabled=pinned is not None, provider=pinned, disable_fallbacks=not fallbacks)
    return ChatRequest(body={}, model=model, byok=byok, provider=chosen)


def key(provider, **changes):
    stamp = "2026-01-01T00:00:00+00:00"
    fields = {"owner": "user#1", "provider": provider, "key_id": provider, "status": KeyStatus.ACTIVE}
    return ProviderKey(**{**fields, "created_at": stamp, "updated_at": stamp, "key_suffix": "abcd", **changes})


@pytest.mark.parametrize(
    ("request_", "listed", "expected"),
    [
        (ask(), LISTED, [("openai", "gpt-4.1"), ("openrouter", "openai/gpt-4.1")]),
        (ask(pinned="openrouter"), LISTED, [("openrouter", "openai/gpt-4.1")]),
        (ask(pinned="openrouter", fallbacks=True), LISTED, [("openrouter", "openai/gpt-4.1"), ("openai", "gpt-4.1")]),
        (ask(pinned="groq"), LISTED, [("groq", "gpt-4.1")]),
        (ask("brand-new", pinned="groq"), (), [("groq", "brand-new")]),
        (ask("vendor/brand-new", pinned="groq"), (), [("groq", "vendor/brand-new")]),
        (ask("groq/brand-new", pinned="groq"), (), [("groq", "brand-new")]),
        (ask("openrouter/auto", pinned="openrouter"), (), [("openrouter", "openrouter/auto")]),
        (ask("openrouter/openai/gpt-5", pinned="openrouter"), (), [("openrouter", "openai/gpt-5")]),
        (ask("groq/openai/gpt-oss-120b"), (), [("groq", "openai/gpt-oss-120b")]),
        (ask("groq/brand-new"), (), [("groq", "brand-new")]),
        (ask(chosen="groq"), LISTED, [("groq", "gpt-4.1")]),
        (ask("openai/gpt-4.1"), LISTED, [("openai", "gpt-4.1"), ("openrouter", "openai/gpt-4.1")]),
        (ask(), (*LISTED, Candidate("anthropic", "x")), [("openai", "gpt-4.1"), ("openrouter", "openai/gpt-4.1")]),
    ],
)
def test_candidates(request_, listed, expected):
    found = candidates_for(request_, listed, PROVIDERS)
    assert [(candidate.provider, candidate.upstream_model) for candidate in found] == expected


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (ask("nobody-knows"), ModelNotFoundError),
        (ask("vendor/nobody-knows"), ModelNotFoundError),
        (ask(pinned="linkup"), UnknownProviderError),
        (ask(pinned="tavily"), ProviderUnsupportedError),
        (ask(chosen="tavily"), ProviderUnsupportedError),
    ],
)
def test_requests_without_a_candidate(request_, error):
    with pytest.raises(error):
        candidates_for(request_, (), PROVIDERS)


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(ModelNotFoundError, match=r"Did you mean openai/gpt-4\.1\?"):
        candidates_for(ask("gpt41"), (), PROVIDERS, lambda model: ("openai/gpt-4.1",))


def test_the_first_candidate_with_a_usable_key_is_used():
    keys = {"openrouter": key("openrouter")}
    route = plan(LISTED, keys, credential="user", now=NOW, fail_fast=True)
    assert [attempt.provider for attempt in route.attempts] == ["openrouter"]


def test_fail_fast_plans_one_attempt_and_fallbacks_all():
    keys = {"openrouter": key("openrouter"), "openai": key("openai")}
    assert len(plan(LISTED, keys, credential="user", now=NOW, fail_fast=True).attempts) == 1
    assert len(plan(LISTED, keys, credential="user", now=NOW, fail_fast=False).attempts) == 2


def test_a_missing_key_names_the_providers_that_would_do():
    with pytest.raises(ProviderKeyMissingError, match="openai, openrouter"):
        plan(LISTED, {"groq": key("groq")}, credential="user", now=NOW, fail_fast=True)
    with pytest.raises(ProviderKeyMissingError, match="x-use-byok"):
        plan(LISTED, {}, credential="platform", now=NOW, fail_fast=True)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"status": KeyStatus.INVALID}, "rejected"), ({"expires_at": "2026-01-02T00:00:00+00:00"}, "expired")],
)
def test_an_unusable_key_says_why(changes, word):
    with pytest.raises(ProviderKeyUnusableError, match=f"abcd .*{word}"):
        plan(LISTED[:1], {"openai": key("openai", **changes)}, credential="user", now=NOW, fail_fast=True)


@given(
    candidates=st.lists(
        st.builds(Candidate, st.sampled_from(CHAT), st.just("m")), min_size=1, unique_by=lambda c: c.provider
    ),
    held=st.sets(st.sampled_from(CHAT)),
    invalid=st.sets(st.sampled_from(CHAT)),
)
def test_a_plan_holds_only_keyed_providers_once_and_in_order(candidates, held, invalid):
    keys = {slug: key(slug, status=KeyStatus.INVALID if slug in invalid else KeyStatus.ACTIVE) for slug in held}
    wanted = [c.provider for c in candidates if c.provider in held - invalid]
    if not wanted:
        with pytest.raises((ProviderKeyMissingError, ProviderKeyUnusableError)):
            plan(candidates, keys, credential="user", now=NOW, fail_fast=False)
        return
    route = plan(candidates, keys, credential="user", now=NOW, fail_fast=False)
    assert [attempt.provider for attempt in route.attempts] == wanted
