"""Who runs a model, best first.

A bare or canonical name resolves through families: names that follow their maker's own scheme at every provider. A
name that no family knows is not guessed; callers pin its provider instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ownkey.domain.routing import Candidate


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """Models whose ids follow one scheme."""

    pattern: str
    """Matches the whole name, without the maker's prefix."""
    prefixes: tuple[str, ...]
    """The makers' prefixes that callers may put before it, as in `openai/gpt-4.1`."""
    providers: Mapping[str, str]
    """Provider slug -> the model's id there; `{}` stands for the bare name. Best first."""


FAMILIES = (
    ModelFamily(
        r"gpt-oss-(?:20|120)b",
        ("openai",),
        {
            "groq": "openai/{}",
            "cerebras": "{}",
            "deepinfra": "openai/{}",
            "nvidia": "openai/{}",
            "sambanova": "{}",
            "siliconflow": "openai/{}",
            "openrouter": "openai/{}",
            "vercel": "openai/{}",
        },
    ),
    ModelFamily(
        r"(?:gpt-(?!oss)|chatgpt-|o\d)[\w.:-]*",
        ("openai",),
        {"openai": "{}", "azure": "{}", "openrouter": "openai/{}", "vercel": "openai/{}"},
    ),
    ModelFamily(
        r"glm-\d[\w.-]*",
        ("zai", "z-ai", "zai-org"),
        {"zai": "{}", "openrouter": "z-ai/{}", "vercel": "zai/{}", "novita": "zai-org/{}"},
    ),
    ModelFamily(r"claude-[\w.-]+", ("anthropic",), {"openrouter": "anthropic/{}", "vercel": "anthropic/{}"}),
    ModelFamily(r"gemini-[\w.-]+", ("google",), {"openrouter": "google/{}", "vercel": "google/{}"}),
    ModelFamily(r"llama-3\.[13]-[\w-]*(?:versatile|instant)", ("groq",), {"groq": "{}"}),
)


def providers_of(model: str) -> tuple[Candidate, ...]:
    """Return the providers that run `model`, best first; empty when the catalog does not know it."""
    prefix, slash, name = model.rpartition("/")
    for family in FAMILIES:
        if (not slash or prefix in family.prefixes) and re.fullmatch(family.pattern, name):
            return tuple(Candidate(slug, pattern.format(name)) for slug, pattern in family.providers.items())
    return ()
