"""What may follow a model's name: `:groq` chooses a provider, `:cheap` the cheapest, `:online` searches the web."""

from dataclasses import replace
from typing import Literal

from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.routing import ProviderSelection
from ownkey.domain.search import SearchWish
from ownkey.routing.providers import Providers
from ownkey.routing.search_suffixes import read_suffix

CHEAPEST = frozenset({"cheap", "price", "floor"})
ONLINE = "online"


def apply_suffixes(request: ChatRequest, providers: Providers) -> ChatRequest:
    """Return the request with the suffixes of its model taken for what they mean.

    Only our own are taken off; what else follows a colon (`:free`, Bedrock's `:0`) is part of the model's id. What the
    body says of web search counts more than a suffix.

    Raises:
        InvalidParameterError: two of them contradict each other, or what else the request says of providers.
        UnknownProviderError: a search engine is none of ours.
    """
    model, choices, searches = request.model, [], []
    while True:
        rest, colon, suffix = model.rpartition(":")
        suffix = suffix.lower()
        if not (colon and rest):
            break
        if suffix == ONLINE or suffix.startswith(f"{ONLINE}/"):
            searches.append(suffix)
        elif suffix in CHEAPEST or suffix in providers.chat or suffix in providers.others:
            choices.append(suffix)
        else:
            break
        model = rest
    search = _search(request, searches)
    if not choices:
        return replace(request, model=model, search=search) if searches else request
    _refuse_contradictions(request, choices)
    [suffix] = choices
    if suffix in CHEAPEST:
        selection = ProviderSelection(param="model", cheapest_first=True)
    else:
        selection = ProviderSelection(param="model", only=(suffix,), allow_fallbacks=False)
    return replace(request, model=model, selection=selection, search=search)


def _search(request: ChatRequest, suffixes: list[str]) -> SearchWish | Literal[False] | None:
    if not suffixes:
        return request.search
    if len(suffixes) > 1:
        raise InvalidParameterError("The model has more than one :online suffix. Keep one.", param="model")
    wish = read_suffix(suffixes[0].removeprefix(ONLINE).removeprefix("/"))
    return wish if request.search is None else request.search


def _refuse_contradictions(request: ChatRequest, found: list[str]) -> None:
    shown = ":" + found[0]
    if len(found) > 1:
        raise InvalidParameterError(
            f"The model has more than one suffix that chooses providers (:{found[1]} and {shown}). Keep one.",
            param="model",
        )
    if request.byok.enabled:
        raise InvalidParameterError(
            f"The model's suffix {shown} chooses among the operator's own keys. With BYOK, leave it out and choose by "
            "byok.provider.",
            param="model",
        )
    if request.selection:
        raise InvalidParameterError(
            f"The model's suffix {shown} and {request.selection.param} both choose providers. Keep one of them.",
            param="model",
        )
