"""The generator, over a few models as the sources state them."""

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pytest

from scripts.catalog import FOLDER, load_overlay
from scripts.catalog_build import ORDER, Overlay, build_models, known_keys, newer_than, render
from scripts.catalog_sources import PROVIDERS, Listing, ids_in, is_chat, listings_of, newer_listings, prices_from

DAY = date(2026, 11, 1)
NOTHING = Overlay({}, {}, frozenset())


def model(*, output=("text",), cost=None, context=1000, **others):
    return {
        "modalities": {"input": ["text", "image"], "output": list(output)},
        "limit": {"context": context, "output": 100},
        "tool_call": True,
        "reasoning": False,
        "cost": cost or {"input": 1, "output": 2.5},
        **others,
    }


def upstream(**providers):
    return {name: {"models": providers.get(name.replace("-", "_"), {})} for name in PROVIDERS}


SAMPLE = upstream(
    openai={
        "gpt-9": model(cost={"input": 0.1, "output": 0.2, "cache_read": 0, "cache_write": 0.125}),
        "gpt-9-2027-01-01": model(cost={"input": 3, "output": 4}),
        "gpt-9-2027-02-02": model(cost={"input": 0.1, "output": 0.2, "cache_write": 0.125}),
        "gpt-9-pro": model(cost={"input": 1, "output": 2.5, "reasoning": 2.5}),
        "gpt-9-image": model(output=("text", "image")),
        "text-embedding-9": model(),
    },
    azure={"gpt-9": model(cost={"input": 7, "output": 8})},
    openrouter={
        "openai/gpt-9": model(context=500),
        "openai/gpt-9:free": model(),
        "~openai/gpt-latest": model(),
        "openai/gpt-9-old": model(status="deprecated"),
    },
    amazon_bedrock={
        "anthropic.claude-opus-9-20270101-v1:0": model(),
        "eu.anthropic.claude-opus-9-20270101-v1:0": model(),
        "us.anthropic.claude-opus-9-20270101-v1:0": model(),
    },
    nvidia={"z-ai/glm-9": model(cost={"input": 0, "output": 0})},
    novita_ai={"zai-org/glm-9": model(cost={"input": 0, "output": 0}), "zai-org/GLM-9-FP8": model()},
)


def built(data=SAMPLE, overlay=NOTHING, price=lambda provider, identifier: None):
    return build_models(listings_of(data), overlay, price)


def test_one_line_per_model_whatever_the_order_of_the_sources():
    def text(data):
        models, ids = built(data)
        return render({"as_of": "2026-11-01", "models": models, "ids": ids})

    backwards = {name: {"models": dict(reversed(SAMPLE[name]["models"].items()))} for name in reversed(SAMPLE)}
    assert text(SAMPLE) == text(SAMPLE)
    assert text(backwards) == text(SAMPLE)
    assert json.loads(text(SAMPLE))["models"] == built()[0]
    assert len([line for line in text(SAMPLE).splitlines() if ":[" in line]) == len(built()[0])


def test_only_models_that_chat_are_taken():
    assert set(built()[0]) == {
        "openai/gpt-9",
        "openai/gpt-9-2027-01-01",
        "openai/gpt-9-pro",
        "anthropic/claude-opus-9",
        "zai/glm-9",
    }


def test_a_line_holds_what_is_common_and_a_row_what_differs():
    line = built()[0]["openai/gpt-9"]
    price = "0.1/0.2//0.125"
    assert line == [
        "gpt9",
        "vt",
        1000,
        100,
        {
            "openai": ["gpt-9", price],
            "openai-responses": ["gpt-9", price],
            "azure": ["gpt-9", "7/8"],
            "azure-responses": ["gpt-9", "7/8"],
            "openrouter": ["openai/gpt-9", "1/2.5", 500],
        },
    ]


def released_and_named(**listed):
    """Return what the line says of a model that several providers list, each with a date and a name."""
    data = upstream(
        **{slug: {"z-ai/glm-9": model(release_date=day, name=name)} for slug, (day, name) in listed.items()}
    )
    return built(data)[0]["zai/glm-9"][5:]


GROQ, OPENROUTER = ("2027-02-02", "Glm9"), ("2027-02-01", "GLM-9")


@pytest.mark.parametrize(
    ("listed", "stated"),
    [
        ({"zai": ("2027-03-01", "GLM 9"), "openrouter": OPENROUTER, "groq": GROQ}, ["2027-03-01", "GLM 9"]),
        ({"groq": GROQ, "openrouter": OPENROUTER, "novita_ai": GROQ}, ["2027-02-02", "GLM-9"]),
        ({"groq": GROQ, "openrouter": OPENROUTER}, ["2027-02-01", "GLM-9"]),
        ({"groq": GROQ, "openrouter": ("2027-02", "GLM-9")}, ["2027-02-02", "GLM-9"]),
        ({"groq": ("2027-02", "GLM 9")}, ["2027-02", "GLM 9"]),
        ({"groq": ("", "")}, []),
    ],
    ids=["its maker", "most providers", "the first source", "a day over a month", "a month", "nobody"],
)
def test_release_and_name_are_stated_by(listed, stated):
    assert released_and_named(**listed) == stated


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Claude 9 (latest)", "Claude 9"),
        ("GLM 9 (Global)", "GLM 9"),
        ("zai-org/GLM-9-FP8", "GLM-9-FP8"),
        ("Qwen9 TEE", "Qwen9"),
        ("GPT-4o (2024-05-13)", "GPT-4o (2024-05-13)"),
        ("Claude 9 (Fast)", "Claude 9 (Fast)"),
    ],
)
def test_a_name_is_the_models_not_the_offers(name, plain):
    assert released_and_named(openrouter=("2027-01-01", name))[1] == plain


def test_what_a_model_takes_is_part_of_its_abilities():
    takes = {"input": ["text", "image", "pdf", "audio", "video"], "output": ["text"]}
    line = built(upstream(openrouter={"z-ai/glm-9": model(modalities=takes, structured_output=True)}))[0]["zai/glm-9"]
    assert line[1] == "vtspam"


def test_a_model_of_the_responses_api_alone_has_no_row_for_chat_completions():
    assert list(built()[0]["openai/gpt-9-pro"][4]) == ["openai-responses", "azure-responses"]


def test_bedrock_is_asked_through_a_profile():
    assert built()[0]["anthropic/claude-opus-9"][4]["aws"][0] == "us.anthropic.claude-opus-9-20270101-v1:0"


def test_zero_is_a_price_only_where_models_cost_nothing():
    rows = built()[0]["zai/glm-9"][4]
    assert rows["nvidia"] == ["z-ai/glm-9", "0/0"]
    assert rows["novita"] == ["zai-org/glm-9"]


def test_a_second_id_of_a_provider_is_kept():
    assert built()[1] == {"novita": {"zai-org/GLM-9-FP8": "zai/glm-9"}}


def test_the_overlay_adds_and_merges():
    overlay = Overlay({"akash": ["Big-GLM"]}, {"big-glm": "zai/glm-9"}, frozenset())
    line = built(overlay=overlay)[0]["zai/glm-9"]
    assert line[0] == "glm9 bigglm"
    assert line[4]["akash"] == ["Big-GLM", None, None, None, None][:1]


@dataclass
class Tier:
    start: int
    price: Decimal


@dataclass
class Tiered:
    base: Decimal
    tiers: list[Tier]


@dataclass
class Prices:
    input_mtok: Decimal | Tiered | None = None
    output_mtok: Decimal | Tiered | None = None
    cache_read_mtok: Decimal | Tiered | None = None
    cache_write_mtok: Decimal | Tiered | None = None
    output_reasoning_mtok: Decimal | Tiered | None = None
    cache_write_1h_mtok: Decimal | Tiered | None = None


@dataclass
class Since:
    start_date: date


@dataclass
class Conditional:
    prices: Prices
    constraint: Since | None = None


@dataclass
class PricedModel:
    id: str
    prices: Prices | list[Conditional]
    deprecated: bool | None = None
    context_window: int | None = 4000

    def get_prices(self, moment):
        if isinstance(self.prices, Prices):
            return self.prices
        valid = [each for each in self.prices if not each.constraint or each.constraint.start_date <= moment.date()]
        return valid[-1].prices


@dataclass
class PricedProvider:
    id: str
    models: list[PricedModel] = field(default_factory=list)

    def find_model(self, identifier):
        return next((each for each in self.models if each.id == identifier), None)


PLAIN = Prices(Decimal("0.10"), Decimal("2E+1"))
CHANGED = [Conditional(PLAIN), Conditional(Prices(Decimal(5), Decimal(6)), Since(date(2026, 10, 1)))]
TIERED = Prices(Tiered(Decimal(1), [Tier(200, Decimal(2))]), Decimal(3), None, Decimal("1.25"))


@pytest.mark.parametrize(
    ("prices", "day", "text"),
    [
        (PLAIN, DAY, "0.1/20"),
        (CHANGED, DAY, "@2026-10-01 5/6"),
        (CHANGED, date(2026, 9, 30), "0.1/20"),
        (TIERED, DAY, "1/3//1.25;200:2/3//1.25"),
        (Prices(Decimal(1), Decimal(2), output_reasoning_mtok=Decimal(3)), DAY, "1/2///3"),
        (Prices(Decimal(1), Decimal(2), cache_write_1h_mtok=Decimal(4)), DAY, "1/2////4"),
        (Prices(Decimal(1)), DAY, None),
        (Prices(Decimal(-1), Decimal(1)), DAY, None),
        (Prices(Decimal(0), Decimal(0)), DAY, None),
    ],
)
def test_a_price_is_that_of_the_day_written_exactly(prices, day, text):
    price = prices_from([PricedProvider("openai", [PricedModel("gpt-9", prices)])], day)
    assert price("openai", "GPT-9") == text
    assert price("openai", "gpt-10") is None
    assert price("chutes", "gpt-9") is None


def test_the_better_price_is_taken():
    rows = built(price=lambda provider, identifier: "9/9" if provider == "openai" else None)[0]["openai/gpt-9"][4]
    assert rows["openai"][1] == "9/9"
    assert rows["openrouter"][1] == "1/2.5"


def test_our_own_correction_of_a_price_is_taken_before_all_others():
    overlay = Overlay({}, {}, frozenset(), {"openai": {"gpt-9": "7/7"}})
    rows = built(overlay=overlay, price=lambda provider, identifier: "9/9")[0]["openai/gpt-9"][4]
    assert rows["openai"][1] == "7/7"
    assert rows["openrouter"][1] == "9/9"


def test_new_models_need_their_maker_or_two_witnesses():
    priced = [
        PricedProvider("openai", [PricedModel("gpt-10", PLAIN), PricedModel("gpt-9", PLAIN)]),
        PricedProvider("openrouter", [PricedModel("x-ai/grok-10", PLAIN), PricedModel("x-ai/grok-11", PLAIN)]),
        PricedProvider("x-ai", [PricedModel("grok-10", PLAIN)]),
        PricedProvider("zai", [PricedModel("GLM-10", PLAIN), PricedModel("glm-1", PLAIN)]),
    ]
    overlay = Overlay({}, {}, frozenset({"glm1"}))
    fresh = newer_than(known_keys(ids_in(SAMPLE)), newer_listings(priced, DAY), overlay)
    assert {(each.provider, each.id) for each in fresh} == {
        ("openai", "gpt-10"),
        ("openrouter", "x-ai/grok-10"),
        ("zai", "glm-10"),
    }
    assert Listing(provider="openai", id="gpt-10", context=4000, price="0.1/20") in fresh


@pytest.mark.parametrize("name", ["text-embedding-3", "gpt-image-1", "whisper-1", "llama-guard-4", "gemini-live-2"])
def test_what_does_not_chat_is_told_by_its_name(name):
    assert not is_chat(name)


def test_providers_and_overlay_are_known_here():
    from ownkey.adapters.registry import REGISTRY

    overlay = load_overlay(FOLDER / "overlay.json")
    assert set(PROVIDERS.values()) <= set(ORDER) <= set(REGISTRY)
    assert set(overlay.listed) <= set(ORDER)
