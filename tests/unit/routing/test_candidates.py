import pytest

from ownkey.domain.errors import ModelNotFoundError, ProviderUnsupportedError, UnknownProviderError
from ownkey.domain.routing import Candidate, ModelListing, ProviderSelection
from ownkey.routing.candidates import candidates_for
from tests.support.routing import PROVIDERS, ask, listing

LISTED = listing(Candidate("openai", "gpt-4.1"), Candidate("openrouter", "openai/gpt-4.1"))
UNKNOWN = ModelListing()


def only(*slugs):
    return ProviderSelection(param="provider.only", only=slugs)


@pytest.mark.parametrize(
    ("request_", "known", "expected"),
    [
        (ask(), LISTED, [("openai", "gpt-4.1"), ("openrouter", "openai/gpt-4.1")]),
        (ask(pinned="openrouter"), LISTED, [("openrouter", "openai/gpt-4.1")]),
        (ask(pinned="openrouter", fallbacks=True), LISTED, [("openrouter", "openai/gpt-4.1"), ("openai", "gpt-4.1")]),
        (ask(pinned="groq"), LISTED, [("groq", "gpt-4.1")]),
        (ask("brand-new", pinned="groq"), UNKNOWN, [("groq", "brand-new")]),
        (ask("brand-new", pinned="anthropic"), UNKNOWN, [("anthropic", "brand-new")]),
        (ask("vendor/brand-new", pinned="groq"), UNKNOWN, [("groq", "vendor/brand-new")]),
        (ask("groq/brand-new", pinned="groq"), UNKNOWN, [("groq", "brand-new")]),
        (ask("openrouter/auto", pinned="openrouter"), UNKNOWN, [("openrouter", "openrouter/auto")]),
        (ask("openrouter/openai/gpt-5", pinned="openrouter"), UNKNOWN, [("openrouter", "openai/gpt-5")]),
        (ask("groq/openai/gpt-oss-120b"), UNKNOWN, [("groq", "openai/gpt-oss-120b")]),
        (ask("groq/brand-new"), UNKNOWN, [("groq", "brand-new")]),
        (ask(selection=only("groq")), LISTED, [("groq", "gpt-4.1")]),
        (ask("new", selection=only("groq", "openai")), UNKNOWN, [("groq", "new"), ("openai", "new")]),
        (ask("openai/gpt-4.1"), LISTED, [("openai", "gpt-4.1"), ("openrouter", "openai/gpt-4.1")]),
        (
            ask(),
            listing(*LISTED.candidates, Candidate("linkup", "x")),
            [(c.provider, c.upstream_model) for c in LISTED.candidates],
        ),
    ],
)
def test_candidates(request_, known, expected):
    found = candidates_for(request_, known, PROVIDERS).candidates
    assert [(candidate.provider, candidate.upstream_model) for candidate in found] == expected


@pytest.mark.parametrize(
    ("request_", "known", "error", "param"),
    [
        (ask("nobody-knows"), UNKNOWN, ModelNotFoundError, None),
        (ask("vendor/nobody-knows"), UNKNOWN, ModelNotFoundError, None),
        (ask(pinned="linkup"), UNKNOWN, UnknownProviderError, "byok.provider"),
        (ask(pinned="tavily"), UNKNOWN, ProviderUnsupportedError, "byok.provider"),
        (ask(selection=only("groq", "tavily")), LISTED, ProviderUnsupportedError, "provider.only"),
        (ask(selection=only("groq", "linkup")), LISTED, UnknownProviderError, "provider.only"),
        (ask(pinned="anthropic"), LISTED, ProviderUnsupportedError, "byok.provider"),
        (ask(selection=only("anthropic")), LISTED, ProviderUnsupportedError, "provider.only"),
    ],
)
def test_requests_without_a_candidate(request_, known, error, param):
    with pytest.raises(error) as raised:
        candidates_for(request_, known, PROVIDERS)
    assert raised.value.param == param


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(ModelNotFoundError, match=r"Did you mean openai/gpt-4\.1\?"):
        candidates_for(ask("gpt41"), UNKNOWN, PROVIDERS, nearest_names=lambda model: ("openai/gpt-4.1",))


def test_ignored_providers_are_not_candidates():
    selection = ProviderSelection(param="provider", ignore=("openai", "unheard-of"))
    found = candidates_for(ask(selection=selection), LISTED, PROVIDERS)
    assert [candidate.provider for candidate in found.candidates] == ["openrouter"]
    assert [each.provider for each in found.passed_over] == ["openai"]
