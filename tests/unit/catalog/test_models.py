import pytest

from ownkey.catalog.models import FAMILIES, providers_of


@pytest.mark.parametrize(
    ("model", "provider", "upstream_model"),
    [
        ("gpt-4.1", "openai", "gpt-4.1"),
        ("openai/gpt-4.1", "openai", "gpt-4.1"),
        ("gpt-4o-mini-2024-07-18", "openai", "gpt-4o-mini-2024-07-18"),
        ("ft:gpt-4o-mini", None, None),
        ("o4-mini", "openai", "o4-mini"),
        ("gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b"),
        ("glm-4.6", "zai", "glm-4.6"),
        ("z-ai/glm-4.6", "zai", "glm-4.6"),
        ("llama-3.3-70b-versatile", "groq", "llama-3.3-70b-versatile"),
        ("anthropic/gpt-4.1", None, None),
        ("my-own-model", None, None),
    ],
)
def test_who_runs_a_model_first(model, provider, upstream_model):
    found = providers_of(model)
    first = (found[0].provider, found[0].upstream_model) if found else (None, None)
    assert first == (provider, upstream_model)


def test_no_family_lists_a_provider_that_does_not_exist():
    from ownkey.adapters.registry import REGISTRY

    assert {slug for family in FAMILIES for slug in family.providers} <= set(REGISTRY)
