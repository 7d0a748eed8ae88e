"""What may follow a model's name: `:groq` chooses a provider, `:cheap` the cheapest."""

from dataclasses import replace

from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import InvalidParameterError
from ownkey.domain.routing import ProviderSelection
from ownkey.routing.providers import Providers

CHEAPEST = frozenset({"cheap", "price", "floor"})


def apply_suffixes(request: ChatRequest, providers: Providers) -> ChatRequest:
    """Return the request with the suffixes of its model taken for what they mean.

    Only our own are taken off; what else follows a colon (`:free`, Bedrock's `:0`) is part of the model's id.

    Raises:
        InvalidParameterError: two of them contradict each other, or what else the request says of providers.
    """
    model, found = request.model, []
    while True:
        rest, colon, suffix = model.rpartition(":")
        suffix = suffix.lower()
        if not (colon and rest and (suffix in CHEAPEST or suffix in providers.chat or suffix in providers.others)):
            break
        model = rest
        found.append(suffix)
    if not found:
        return request
    _refuse_contradictions(request, found)
    [suffix] = found
    if suffix in CHEAPEST:
        selection = ProviderSelection(param="model", cheapest_first=True)
    else:
        selection = ProviderSelection(param="model", only=(suffix,), allow_fallbacks=False)
    return replace(request, model=model, selection=selection)


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
