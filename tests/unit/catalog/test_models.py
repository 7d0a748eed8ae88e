from decimal import Decimal

import pytest

from ownkey.adapters.registry import REGISTRY
from ownkey.catalog.facts import load_catalog
from ownkey.catalog.families import FAMILIES
from ownkey.catalog.models import all_models, canonical_id, listing_of, model_facts, nearest_names, providers_of
from ownkey.domain.routing import ModelListing


def known(model):
    facts = model_facts(model)
    assert facts is not None
    return facts


def listed(model):
    return [(each.provider, each.upstream_model) for each in providers_of(model)]


@pytest.mark.parametrize(
    ("model", "provider", "upstream_model"),
    [
        ("gpt-4.1", "openai", "gpt-4.1"),
        ("openai/gpt-4.1", "openai", "gpt-4.1"),
        ("GPT-4.1", "openai", "gpt-4.1"),
        ("gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini-2024-07-18"),
        ("gpt-4.1-2025-04-14", "openai", "gpt-4.1-2025-04-14"),
        ("ft:gpt-4o-mini", None, None),
        ("o4-mini", "openai", "o4-mini"),
        ("gpt-5-pro", "openai-responses", "gpt-5-pro"),
        ("openai/gpt-5.3-codex", "openai-responses", "gpt-5.3-codex"),
        ("gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b"),
        ("glm-4.6", "zai", "glm-4.6"),
        ("z-ai/glm-4.6", "zai", "glm-4.6"),
        ("zai-org/GLM-4.6", "zai", "glm-4.6"),
        ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("claude-sonnet-4.5", "anthropic", "claude-sonnet-4-5"),
        ("anthropic/claude-sonnet-4.5", "anthropic", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "anthropic", "claude-sonnet-4-5-20250929"),
        ("claude-3.5-sonnet", "anthropic", "claude-3-5-sonnet-20241022"),
        ("claude-3-5-sonnet-20240620", "anthropic", "claude-3-5-sonnet-20240620"),
        ("gemini-2.5-flash", "google", "gemini-2.5-flash"),
        ("llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("Meta-Llama-3.3-70B-Instruct", "groq", "llama-3.3-70b-versatile"),
        ("amazon.nova-pro-v1:0", "aws", "amazon.nova-pro-v1:0"),
        ("openrouter/auto", "openrouter", "openrouter/auto"),
        ("auto", None, None),
        ("anthropic/gpt-4.1", None, None),
        ("my-own-model", None, None),
        ("", None, None),
        ("/", None, None),
    ],
)
def test_who_runs_a_model_first(model, provider, upstream_model):
    found = providers_of(model)
    first = (found[0].provider, found[0].upstream_model) if found else (None, None)
    assert first == (provider, upstream_model)


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    ],
)
def test_an_id_of_bedrock_goes_to_bedrock_as_written_and_to_the_others_by_their_own(model):
    first, second, *_ = providers_of(model)
    assert (first.provider, first.upstream_model) == ("aws", model)
    assert (second.provider, second.upstream_model) == ("anthropic", "claude-haiku-4-5")


@pytest.mark.parametrize(
    ("model", "provider", "upstream_model"),
    [
        ("gpt-99", "openai", "gpt-99"),
        ("o99-mini", "openai", "o99-mini"),
        ("openai/gpt-99-pro", "openai-responses", "gpt-99-pro"),
        ("gpt-99-codex-max", "openai-responses", "gpt-99-codex-max"),
        ("claude-opus-99-1", "anthropic", "claude-opus-99-1"),
        ("anthropic/claude-opus-99.1", "anthropic", "claude-opus-99-1"),
        ("claude-opus-99-1-20991231", "anthropic", "claude-opus-99-1-20991231"),
        ("gemini-99-pro", "google", "gemini-99-pro"),
        ("glm-99", "zai", "glm-99"),
        ("eu.anthropic.claude-opus-99-v1:0", "aws", "eu.anthropic.claude-opus-99-v1:0"),
    ],
)
def test_a_model_newer_than_the_data_goes_to_its_maker(model, provider, upstream_model):
    assert model_facts(model) is None
    assert listed(model)[0] == (provider, upstream_model)


def test_a_model_of_the_responses_api_alone_is_not_offered_through_chat_completions():
    assert {"openai", "azure"}.isdisjoint(slug for slug, _ in listed("gpt-5-pro"))


def test_the_responses_api_comes_after_chat_completions():
    assert [slug for slug, _ in listed("gpt-4.1")][:2] == ["openai", "openai-responses"]


def test_aggregators_come_last():
    for model in ("gpt-4.1", "claude-sonnet-4.5", "gpt-oss-120b", "glm-4.6"):
        assert [slug for slug, _ in listed(model)][-2:] == ["openrouter", "vercel"]


def test_a_snapshot_is_asked_for_by_its_date_only_where_it_is_known_so():
    found = dict(listed("gpt-4.1-2025-04-14"))
    assert found["azure"] == "gpt-4.1-2025-04-14"
    assert found["openrouter"] == "openai/gpt-4.1"


def test_another_snapshot_is_not_asked_of_bedrock():
    assert "aws" not in dict(listed("claude-haiku-4-5-20990101"))


def test_a_snapshot_with_prices_of_its_own_is_a_model_of_its_own():
    snapshot, model = known("gpt-4o-2024-05-13"), known("gpt-4o")
    assert snapshot.id == "openai/gpt-4o-2024-05-13"
    assert snapshot.providers[0].price != model.providers[0].price


def test_a_provider_before_the_name_is_the_only_one():
    assert listed("groq/gpt-oss-120b") == [("groq", "openai/gpt-oss-120b")]
    assert listed("azure/gpt-4.1") == [("azure", "gpt-4.1")]


def test_a_variant_is_asked_of_the_aggregator_that_has_variants():
    assert listed("openai/gpt-oss-120b:free") == [("openrouter", "openai/gpt-oss-120b:free")]


def test_every_id_that_a_provider_uses_finds_its_model():
    for facts in all_models():
        for row in facts.providers:
            if not row.provider.startswith("azure"):
                found = model_facts(row.upstream_model)
                assert found is not None, row
                assert row.provider in {each.provider for each in found.providers}, row


def test_every_canonical_id_finds_itself():
    for facts in all_models():
        assert model_facts(facts.id) == facts
        assert model_facts(facts.id.upper()) == facts


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("gpt-4.1-mni", "openai/gpt-4.1-mini"),
        ("claude-sonet-4.5", "anthropic/claude-sonnet-4.5"),
        ("anthropic/claude-sonnnet-4-5", "anthropic/claude-sonnet-4.5"),
    ],
)
def test_a_misspelt_name_has_neighbours(misspelt, meant):
    assert nearest_names(misspelt)[0] == meant
    assert len(nearest_names(misspelt, n=2)) == 2


@pytest.mark.parametrize("model", ["", "//", "xyzzy", "\x00" * 10_000])
def test_nonsense_has_no_neighbours(model):
    assert nearest_names(model) == ()


def test_no_family_lists_a_provider_that_does_not_exist():
    from ownkey.adapters.registry import REGISTRY

    assert {slug for family in FAMILIES for slug in family.providers} <= set(REGISTRY)


def test_the_data_is_read_once():
    assert load_catalog() is load_catalog()


def test_a_listing_holds_the_canonical_id_and_prices():
    listing = listing_of("gpt-4.1")
    assert listing.canonical_id == "openai/gpt-4.1"
    first = listing.candidates[0]
    assert (first.provider, first.price and first.price.rates.total) == ("openai", Decimal(10))
    assert listing_of("my-own-model") == ModelListing()


@pytest.mark.parametrize("name", ["deepseek/deepseek-v3.2", "deepseek/deepseek-v3.2:free", "nvidia/deepseek-v3.2"])
def test_what_anybody_charges_is_known_of_a_model_that_is_named_where_it_is_free(name):
    facts = model_facts("deepseek/deepseek-v3.2")
    assert facts is not None
    totals = [row.price.rates.total for row in facts.providers if row.price and row.price.rates.total]
    lowest = listing_of(name).lowest_paid_price
    assert lowest is not None
    assert lowest.rates.total == min(totals) > 0


def test_nobody_is_known_to_charge_for_what_the_data_does_not_know():
    assert listing_of("openrouter/my-own-model:free").lowest_paid_price is None


def test_a_snapshot_costs_what_its_model_costs():
    assert providers_of("gpt-4.1-2025-04-14")[0].price == providers_of("gpt-4.1")[0].price


def test_a_further_id_costs_what_its_model_costs():
    for identifier, (model, slug, _) in list(load_catalog().by_id.items())[:50]:
        row = load_catalog().models[model][4].get(slug)
        [named] = [each for each in providers_of(identifier) if each.provider == slug]
        assert (named.price is not None) == bool(row and len(row) > 1 and row[1])
        assert canonical_id(identifier) == model


def test_providers_of_one_maker_run_its_models_only():
    makers = {slug: spec.maker for slug, spec in REGISTRY.items() if spec.maker}
    assert makers
    for model, line in load_catalog().models.items():
        rows = line[4]
        for slug in makers.keys() & rows.keys():
            assert makers[slug] == model.partition("/")[0]
