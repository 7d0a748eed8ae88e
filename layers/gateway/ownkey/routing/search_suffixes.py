"""What may follow `:online` in a model's name: `/exa-deep` chooses an engine and how thorough it is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ownkey.domain.errors import InvalidParameterError, UnknownProviderError
from ownkey.domain.search import SEARCH_ENGINES, SearchWish

_THOROUGH: Mapping[str | None, Mapping[str, Any]] = MappingProxyType({None: {}, "deep": {"depth": "deep"}})
_SUFFIXES: Mapping[str, Mapping[str | None, Mapping[str, Any]]] = MappingProxyType(
    {
        "tavily": _THOROUGH,
        "perplexity": _THOROUGH,
        "exa": {
            None: {},
            **{
                depth: {"depth": depth}
                for depth in ("standard", "fast", "auto", "neural", "deep", "instant", "deep-reasoning")
            },
        },
        "kagi": {
            None: {"options": {"kagiSource": "search"}},
            "web": {"options": {"kagiSource": "web"}},
            "news": {"options": {"kagiSource": "news"}},
            "search": {"depth": "deep", "options": {"kagiSource": "search"}},
            "deep": {"depth": "deep", "options": {"kagiSource": "search"}},
        },
        "valyu": {
            **_THOROUGH,
            "web": {"options": {"searchType": "web"}},
            "web-deep": {"depth": "deep", "options": {"searchType": "web"}},
        },
    }
)
"""What comes after the engine's slug, and what it means; None is the slug alone."""


def read_suffix(text: str) -> SearchWish:
    """Return the search that `text`, what follows `:online/`, asks for; empty for a bare `:online`.

    Raises:
        UnknownProviderError: it names no engine of ours.
        InvalidParameterError: the engine has no such depth.
    """
    if not text:
        return SearchWish(param="model")
    engine, dash, rest = text.lower().partition("-")
    if engine not in SEARCH_ENGINES:
        raise UnknownProviderError(
            f"There is no search engine {engine[:64]!r}. After :online/, write one of {', '.join(SEARCH_ENGINES)}.",
            param="model",
        )
    meanings, name = _SUFFIXES[engine], rest if dash else None
    if name not in meanings:
        forms = ", ".join(f"{engine}-{known}" if known else engine for known in meanings)
        raise InvalidParameterError(
            f"The model's suffix names no search that {engine} does. After :online/, write one of {forms}.",
            param="model",
        )
    return SearchWish(engine=engine, param="model", **meanings[name])
