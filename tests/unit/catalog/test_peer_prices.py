"""Our prices beside those of another list, which other hands keep: LiteLLM's, as a locked package ships it.

Of the package only the data is read, and no code of ours prices with it. The catalog is made from models.dev and
genai-prices; where all three agree, a price is right. Where they do not, somebody must look: what has been looked at
stands here, with what was found. After `make lock` or `make catalog` the list may be another.
"""

import importlib.util
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ownkey.billing.pricing import list_cost
from ownkey.catalog.models import all_models
from ownkey.domain.chat import Usage
from ownkey.domain.prices import Price

PREFIXES = {
    "openai": ("",),
    "openai-responses": ("",),
    "anthropic": ("",),
    "google": ("gemini/",),
    "azure": ("azure/", "azure_ai/"),
    "azure-responses": ("azure/", "azure_ai/"),
    "azure-anthropic-foundry": ("azure_ai/",),
    "groq": ("groq/",),
    "cerebras": ("cerebras/",),
    "zai": ("zai/",),
    "aws": ("", "bedrock/"),
    "novita": ("novita/",),
    "deepinfra": ("deepinfra/",),
    "openrouter": ("openrouter/",),
    "vercel": ("vercel_ai_gateway/",),
}
"""What the other list puts before the id that a provider knows a model by."""
KEPT_BY = {"google": "gemini", "vercel": "vercel_ai_gateway", "aws": "bedrock", "openai-responses": "openai"}
"""What it calls a provider, where that is not the slug, or does not begin with it up to a dash."""

SETTLED = {
    ("anthropic", "claude-3-5-haiku-latest"): "retired; its last price was 0.80 and 4",
    ("aws", "amazon.nova-2-lite-v1:0"): "the other list has the price of the global profile",
    ("aws", "anthropic.claude-opus-4-8"): "the other list has the price of the global profile",
    ("aws", "qwen.qwen3-coder-next"): "hosts' prices fall, and the lists follow at their own pace",
    ("aws", "qwen.qwen3-next-80b-a3b"): "hosts' prices fall, and the lists follow at their own pace",
    ("azure", "gpt-4-turbo"): "the other list has a European deployment's price; OpenAI's own is ours",
    ("groq", "gemma-7b-it"): "retired",
}
"""Where the lists differ at makers and their clouds, and why."""
AGREEING = {"novita": 0.9, "openrouter": 0.75, "vercel": 0.75, "deepinfra": 0.4}
"""How much must agree at hosts and aggregators, whose prices change by the week. All but Novita say themselves what
each request cost, and then the catalog is not asked."""

PLAIN = Usage(input_tokens=9_000, output_tokens=700)
CACHED = Usage(input_tokens=9_000, cached_input_tokens=8_000, output_tokens=700)


class Pair(NamedTuple):
    """A model at one provider, as both lists price it."""

    provider: str
    model: str
    ours: Price
    theirs: dict[str, Any]


@cache
def peer() -> dict[str, dict[str, Any]]:
    """Return the other list, by ids in lower case. The package is not imported: it wants more than is installed."""
    found = importlib.util.find_spec("tokencostauto")
    assert found is not None, "make test installs it"
    assert found.submodule_search_locations
    path = Path(found.submodule_search_locations[0], "model_prices.json")
    rows = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return {name.lower(): row for name, row in rows.items() if row.get("mode") in ("chat", "responses")}


def pairs() -> Iterator[Pair]:
    """Yield what both lists know."""
    for facts in all_models():
        for row in facts.providers:
            if row.price is None or row.price.rates.are_free:
                continue
            whose = KEPT_BY.get(row.provider, row.provider.partition("-")[0])
            for prefix in PREFIXES.get(row.provider, ()):
                theirs = peer().get((prefix + row.upstream_model).lower())
                if theirs and str(theirs.get("litellm_provider")).startswith(whose):
                    yield Pair(row.provider, row.upstream_model, row.price, theirs)
                    break


def their_cost(pair: Pair, usage: Usage, above: str = "") -> Decimal:
    """Return what the other list makes of a usage."""
    fresh = usage.input_tokens - usage.cached_input_tokens
    return (
        fresh * Decimal(pair.theirs[f"input_cost_per_token{above}"])
        + usage.cached_input_tokens * Decimal(pair.theirs.get(f"cache_read_input_token_cost{above}", 0))
        + usage.output_tokens * Decimal(pair.theirs[f"output_cost_per_token{above}"])
    )


def agree(ours: Decimal | None, theirs: Decimal) -> bool:
    """Return whether two amounts are the same but for the noise of binary fractions in the other list."""
    return ours is not None and abs(ours - theirs) <= theirs * Decimal("1e-9")


def differing() -> set[tuple[str, str]]:
    return {
        (pair.provider.removesuffix("-responses"), pair.model)
        for pair in pairs()
        if not agree(list_cost(PLAIN, pair.ours), their_cost(pair, PLAIN))
    }


def test_makers_and_their_clouds_cost_the_same_in_both_lists() -> None:
    strict = [pair for pair in pairs() if pair.provider not in AGREEING]
    assert len(strict) > 250
    assert {each for each in differing() if each[0] not in AGREEING} == set(SETTLED)


def test_cached_input_costs_the_same_in_both_lists() -> None:
    both = [
        pair
        for pair in pairs()
        if pair.provider not in AGREEING
        and (pair.provider, pair.model) not in SETTLED
        and pair.ours.rates.cached_input is not None
        and pair.theirs.get("cache_read_input_token_cost")
    ]
    assert len(both) > 150
    assert [pair[:2] for pair in both if not agree(list_cost(CACHED, pair.ours), their_cost(pair, CACHED))] == []


def test_long_prompts_cost_the_same_in_both_lists() -> None:
    checked, wrong = 0, []
    for pair in pairs():
        for tier in pair.ours.long_prompts:
            above = f"_above_{tier.above_input_tokens // 1000}k_tokens"
            if pair.provider not in AGREEING and pair.theirs.get(f"input_cost_per_token{above}"):
                usage = Usage(input_tokens=tier.above_input_tokens + 1, output_tokens=700)
                checked += 1
                if not agree(list_cost(usage, pair.ours), their_cost(pair, usage, above)):
                    wrong.append(pair[:2])
    assert checked > 10
    assert wrong == []


@pytest.mark.parametrize(("provider", "least"), AGREEING.items())
def test_most_of_what_hosts_and_aggregators_charge_is_the_same(provider: str, least: float) -> None:
    known = [pair for pair in pairs() if pair.provider == provider]
    different = [each for each in differing() if each[0] == provider]
    assert len(known) >= 25
    assert 1 - len(different) / len(known) >= least
