import pytest

from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.routing import ProviderSelection
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
