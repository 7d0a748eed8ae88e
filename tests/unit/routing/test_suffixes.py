from dataclasses import replace

import pytest

from ownkey.domain.errors import InvalidParameterError, UnknownProviderError
from ownkey.domain.routing import ProviderSelection
from ownkey.domain.search import SearchWish
from ownkey.routing.suffixes import apply_suffixes
from tests.support.routing import PROVIDERS, ask

GROQ = ProviderSelection(param="model", only=("groq",), allow_fallbacks=False)
CHEAPEST = ProviderSelection(param="model", cheapest_first=True)


@pytest.mark.parametrize(
    ("model", "rest", "selection"),
    [
        ("gpt-oss-120b:groq", "gpt-oss-120b", GROQ),
        ("openai/gpt-oss-120b:GROQ", "openai/gpt-oss-120b", GROQ),
        ("llama:cheap", "llama", CHEAPEST),
        ("llama:price", "llama", CHEAPEST),
        ("llama:Floor", "llama", CHEAPEST),
        ("deepseek/deepseek-r1:free:groq", "deepseek/deepseek-r1:free", GROQ),
        ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free", None),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-4-5-20250929-v1:0", None),
        ("qwen3:thinking", "qwen3:thinking", None),
        (":groq", ":groq", None),
        ("gpt-4.1", "gpt-4.1", None),
    ],
)
def test_our_own_suffixes_are_taken_off_and_others_stay(model, rest, selection):
    request = apply_suffixes(ask(model), PROVIDERS)
    assert (request.model, request.selection) == (rest, selection)


@pytest.mark.parametrize(
    "request_",
    [
        ask("llama:cheap:groq"),
        ask("llama:groq:openai"),
        ask("llama:cheap:floor"),
        ask("llama:cheap", byok=True),
        ask("llama:groq", pinned="groq"),
        ask("llama:cheap", selection=ProviderSelection(param="x-provider", only=("groq",))),
        ask("llama:groq", selection=ProviderSelection(param="provider", cheapest_first=True)),
    ],
)
def test_contradictions_are_refused(request_):
    with pytest.raises(InvalidParameterError) as raised:
        apply_suffixes(request_, PROVIDERS)
    assert raised.value.param == "model"


@pytest.mark.parametrize(
    ("model", "rest", "search"),
    [
        ("gpt-4.1:online", "gpt-4.1", SearchWish(param="model")),
        ("openai/gpt-4.1:ONLINE/Exa", "openai/gpt-4.1", SearchWish(engine="exa", param="model")),
        ("gpt-4.1:online/tavily-deep", "gpt-4.1", SearchWish(engine="tavily", depth="deep", param="model")),
        ("deepseek/deepseek-r1:free:online", "deepseek/deepseek-r1:free", SearchWish(param="model")),
    ],
)
def test_a_suffix_asks_for_a_web_search(model, rest, search):
    request = apply_suffixes(ask(model, byok=True), PROVIDERS)
    assert (request.model, request.search, request.selection) == (rest, search, None)


def test_searching_and_choosing_a_provider_go_together_in_any_order():
    for model in ("llama:groq:online/exa", "llama:online/exa:groq"):
        request = apply_suffixes(ask(model), PROVIDERS)
        assert (request.model, request.selection) == ("llama", GROQ)
        assert request.search == SearchWish(engine="exa", param="model")


@pytest.mark.parametrize("said", [False, SearchWish(engine="kagi")])
def test_what_the_body_says_of_searching_counts_more_than_a_suffix(said):
    request = apply_suffixes(replace(ask("llama:online/exa"), search=said), PROVIDERS)
    assert (request.model, request.search) == ("llama", said)


@pytest.mark.parametrize("model", ["llama:online:online/exa", "llama:online/exa-sideways"])
def test_a_suffix_that_names_no_search_is_refused(model):
    with pytest.raises(InvalidParameterError) as raised:
        apply_suffixes(ask(model), PROVIDERS)
    assert raised.value.param == "model"


@pytest.mark.parametrize("engine", ["linkup", "brave", "nobody"])
def test_a_suffix_that_names_no_engine_of_ours_is_refused(engine):
    with pytest.raises(UnknownProviderError, match="valyu"):
        apply_suffixes(ask(f"llama:online/{engine}"), PROVIDERS)
