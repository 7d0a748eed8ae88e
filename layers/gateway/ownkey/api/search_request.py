"""What a body says of web search, checked where it enters. An engine's own options are checked when it is known."""

from collections.abc import Mapping
from typing import Any, Literal

from ownkey.api.byok import byok_options, refuse_credentials
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import InvalidParameterError, UnknownProviderError, UnsupportedParameterError
from ownkey.domain.search import SEARCH_ENGINES, DirectSearch, SearchOutput, SearchWish

CONTEXT_SIZES = ("low", "medium", "high")
_OWN_FIELDS = frozenset({"enabled", "provider", "depth", "optional", "search_context_size", "searchContextSize"})
_DIRECT_FIELDS = frozenset({"query", "provider", "operation", "depth", "outputType", "structuredOutputSchema", "byok"})
OUTPUTS: tuple[SearchOutput, ...] = ("searchResults", "sourcedAnswer")
MAX_QUERY_CHARACTERS = 4_000
"""Engines have lower limits of their own."""


def parse_search_wish(body: JsonObject) -> SearchWish | Literal[False] | None:
    """Return the search that a chat's body asks for, False when it wants none, None when it does not say.

    Raises:
        InvalidParameterError: a field has a wrong value; `param` is its JSON path.
    """
    param = "webSearch" if body.get("webSearch") is not None else "linkup"
    search = body.get(param)
    if search is None:
        return None
    if isinstance(search, bool):
        return SearchWish() if search else False
    if not isinstance(search, dict):
        raise InvalidParameterError(f'{param} must be an object such as {{"enabled": true}}.', param=param)
    if not _flag(search, "enabled", param):
        return None if search.get("enabled") is None else False
    return SearchWish(
        engine=engine_in(search, param),
        depth=text_in(search, "depth", param),
        options={name: value for name, value in search.items() if name not in _OWN_FIELDS and value is not None},
        param=param,
        optional=_flag(search, "optional", param),
        context_size=_context_size(search, param),
    )


def engine_in(fields: JsonObject, param: str) -> str | None:
    """Return the engine that `provider` names; None when it names none."""
    engine = text_in(fields, "provider", param)
    return engine.strip().lower() or None if engine is not None else None


def text_in(fields: JsonObject, name: str, param: str) -> str | None:
    """Return a text, None when it is not there; raises InvalidParameterError when it is something else."""
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        path = f"{param}.{name}" if param else name
        raise InvalidParameterError(f"{path} must be a string.", param=path)
    return value


def parse_direct_search(body: JsonObject, headers: Mapping[str, str]) -> DirectSearch:
    """Return the validated `POST /api/web`; every field that is not the route's own is an option of the engine.

    Raises:
        InvalidParameterError: a field has a wrong value.
        UnsupportedParameterError: no engine here does what is asked for.
        UnknownProviderError: the provider that is pinned is no search engine.
    """
    refuse_credentials(body)
    query = body.get("query")
    if not isinstance(query, str) or not query.strip() or len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidParameterError(f"query must be a text of 1 to {MAX_QUERY_CHARACTERS:,} characters.", param="query")
    if body.get("operation") not in (None, "search"):
        raise UnsupportedParameterError("operation must be search: no engine here does another.", param="operation")
    output = OUTPUTS[0] if body.get("outputType") is None else body["outputType"]
    if output == "structured" or body.get("structuredOutputSchema") is not None:
        raise UnsupportedParameterError(
            "Structured output is not available. Ask for searchResults or sourcedAnswer.", param="outputType"
        )
    if output not in OUTPUTS:
        raise InvalidParameterError(f"outputType must be one of: {', '.join(OUTPUTS)}.", param="outputType")
    byok = byok_options(body.get("byok"), headers)
    engine = engine_in(body, "")
    if engine is None and byok.provider and byok.provider not in SEARCH_ENGINES:
        raise UnknownProviderError(
            f"byok.provider names {byok.provider[:64]!r}, which is no search engine. Choose one of "
            f"{', '.join(SEARCH_ENGINES)}, or leave it out.",
            param="byok.provider",
        )
    wish = SearchWish(
        engine=engine or byok.provider,
        depth=text_in(body, "depth", ""),
        options={name: value for name, value in body.items() if name not in _DIRECT_FIELDS and value is not None},
        param="",
    )
    team_id = headers.get("x-team-id") or None
    return DirectSearch(query=query.strip(), wish=wish, output=output, byok=byok.enabled, team_id=team_id)


def _flag(search: JsonObject, name: str, param: str) -> bool:
    value = search.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidParameterError(f"{param}.{name} must be true or false.", param=f"{param}.{name}")
    return value is True


def _context_size(search: JsonObject, param: str) -> Any:
    for name in ("search_context_size", "searchContextSize"):
        size = search.get(name)
        if size is not None:
            if size not in CONTEXT_SIZES:
                raise InvalidParameterError(
                    f"{param}.{name} must be one of: {', '.join(CONTEXT_SIZES)}.", param=f"{param}.{name}"
                )
            return size
    return "medium"
