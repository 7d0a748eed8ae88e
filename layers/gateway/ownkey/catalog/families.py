"""Models that are newer than the data, when their names leave no doubt who makes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ownkey.catalog.names import parse_name
from ownkey.domain.routing import Candidate

_RESPONSES_ONLY = re.compile(
    r"[\w.]+(?:-[\w.]+)*-(?:pro|codex|deep-research)(?:-[\w.]+)*|codex-[\w.-]+|computer-use\b.*"
)


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """Models whose ids follow one scheme."""

    pattern: str
    """Matches the whole name, without the maker's prefix."""
    prefixes: tuple[str, ...]
    """The makers' prefixes that callers may put before it, as in `openai/gpt-4.1`."""
    providers: Mapping[str, str]
    """Provider slug -> the model's id there; `{}` stands for the name as written, `{dashed}` for it without dots."""


_OPENAI = ("openai",)
_OPENAI_NAMES = r"(?:gpt-(?!oss)|chatgpt-|codex-|o\d)[\w.-]*"
_AGGREGATED = {"openrouter": "openai/{}", "vercel": "openai/{}"}

FAMILIES = (
    ModelFamily(
        rf"(?=(?:{_RESPONSES_ONLY.pattern})$){_OPENAI_NAMES}",
        _OPENAI,
        {"openai-responses": "{}", "azure-responses": "{}"} | _AGGREGATED,
    ),
    ModelFamily(
        _OPENAI_NAMES,
        _OPENAI,
        {"openai": "{}", "openai-responses": "{}", "azure": "{}", "azure-responses": "{}"} | _AGGREGATED,
    ),
    ModelFamily(
        r"claude-[\w.-]+",
        ("anthropic",),
        {
            "anthropic": "{dashed}",
            "azure-anthropic-foundry": "{dashed}",
            "openrouter": "anthropic/{}",
            "vercel": "anthropic/{}",
        },
    ),
    ModelFamily(r"gemini-[\w.-]+", ("google",), {"google": "{}", "openrouter": "google/{}", "vercel": "google/{}"}),
    ModelFamily(
        r"glm-\d[\w.-]*",
        ("zai", "z-ai", "zai-org"),
        {"zai": "{}", "openrouter": "z-ai/{}", "vercel": "zai/{}", "novita": "zai-org/{}"},
    ),
)
"""The first that matches is the one."""


def is_responses_only(name: str) -> bool:
    """Return whether OpenAI runs a model of this name through its Responses API alone."""
    return _RESPONSES_ONLY.fullmatch(name) is not None


def family_providers(model: str) -> tuple[Candidate, ...]:
    """Return who must run a model of this name, best first; empty when its name says nothing."""
    if parse_name(model).is_bedrock:
        return (Candidate("aws", model),)
    prefix, slash, name = model.lower().rpartition("/")
    for family in FAMILIES:
        if (not slash or prefix in family.prefixes) and re.fullmatch(family.pattern, name):
            dashed = name.replace(".", "-")
            return tuple(
                Candidate(slug, pattern.format(name, dashed=dashed)) for slug, pattern in family.providers.items()
            )
    return ()
