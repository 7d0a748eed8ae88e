"""From a request and what is stored to a plan of attempts. No I/O, nothing decrypted."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ownkey.domain.chat import ChatRequest
from ownkey.domain.errors import (
    ModelNotFoundError,
    ProviderKeyMissingError,
    ProviderKeyUnusableError,
    ProviderUnsupportedError,
    UnknownProviderError,
)
from ownkey.domain.provider_keys import ProviderKey
from ownkey.domain.routing import Attempt, Candidate, CredentialOwner, RoutePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The provider slugs, by what they can do here."""

    chat: Collection[str]
    """Providers that can run a chat completion."""
    others: Collection[str]
    """Known providers that cannot: search engines."""

    def require_chat(self, slug: str) -> None:
        """Raise unless `slug` can run a chat completion."""
        if slug in self.chat:
            return
        if slug in self.others:
            raise ProviderUnsupportedError(f"{slug} cannot run chat completions. Choose one of: {_listed(self.chat)}.")
        raise UnknownProviderError(f"There is no provider {slug[:64]!r}. Choose one of: {_listed(self.chat)}.")


def candidates_for(
    request: ChatRequest,
    listed: tuple[Candidate, ...],
    providers: Providers,
    nearest_names: Callable[[str], tuple[str, ...]] = lambda _: (),
) -> tuple[Candidate, ...]:
    """Return the providers that may run the request's model, best first.

    Args:
        request: what was asked.
        listed: whom the catalog lists for this model, best first; empty when it does not know it.
        providers: what exists.
        nearest_names: finds the names of models that the caller may have meant.

    Raises:
        UnknownProviderError: the pinned or chosen provider does not exist.
        ProviderUnsupportedError: it cannot run chat completions.
        ModelNotFoundError: nobody is known to run the model.
    """
    runnable = tuple(candidate for candidate in listed if candidate.provider in providers.chat)
    named = request.byok.provider or request.provider
    if named:
        providers.require_chat(named)
        first = Candidate(named, _id_at(named, request.model, runnable))
        others = () if request.byok.disable_fallbacks else runnable
        return (first, *(candidate for candidate in others if candidate.provider != named))
    prefix, _, rest = request.model.partition("/")
    if prefix in providers.chat and rest and not any(candidate.provider == prefix for candidate in runnable):
        runnable = (Candidate(prefix, rest), *runnable)
    if not runnable:
        near = _listed(nearest_names(request.model))
        raise ModelNotFoundError(
            f"No provider is known to run the model {request.model!r}. {f'Did you mean {near}? ' if near else ''}"
            "If it is right, name its provider: as provider/model, or with byok.provider (header x-byok-provider)."
        )
    return runnable


def plan(
    candidates: Iterable[Candidate],
    keys: Mapping[str, ProviderKey],
    *,
    credential: CredentialOwner,
    now: datetime,
    fail_fast: bool,
) -> RoutePlan:
    """Return the attempts that the stored keys allow, in the candidates' order.

    Raises:
        ProviderKeyMissingError: there is no key for any of the candidates.
        ProviderKeyUnusableError: there is, but none that may be used.
    """
    candidates = tuple(candidates)
    held = [(candidate, keys[candidate.provider]) for candidate in candidates if candidate.provider in keys]
    if not held:
        raise _missing(candidates, credential)
    attempts = tuple(
        Attempt(candidate.provider, candidate.upstream_model, key, credential)
        for candidate, key in held
        if key.usable_at(now)
    )
    if not attempts:
        raise _unusable([key for _, key in held], now)
    return RoutePlan(attempts[:1] if fail_fast else attempts)


def _id_at(provider: str, model: str, runnable: tuple[Candidate, ...]) -> str:
    """Return the model's id at a named provider: the catalog's, else as written less the provider's own prefix."""
    for candidate in runnable:
        if candidate.provider == provider:
            return candidate.upstream_model
    prefix, _, rest = model.partition("/")
    # An aggregator's own models look like `openrouter/auto`: there the prefix is part of the id.
    own_model = provider == "openrouter" and "/" not in rest
    return rest if prefix == provider and rest and not own_model else model


def _missing(candidates: tuple[Candidate, ...], credential: CredentialOwner) -> ProviderKeyMissingError:
    names = _listed(candidate.provider for candidate in candidates)
    if credential == "platform":
        return ProviderKeyMissingError(
            f"This gateway has no key of its own for {names}. Send x-use-byok: true to use a key that you have stored."
        )
    return ProviderKeyMissingError(
        f"You have stored no key that can run this model. Store one for: {names} (POST /api/user/provider-keys)."
    )


def _unusable(keys: list[ProviderKey], now: datetime) -> ProviderKeyUnusableError:
    reasons = []
    for key in keys:
        why = "has expired" if key.expired_at(now) else "was rejected by the provider"
        shown = f" ending in {key.key_suffix}" if key.key_suffix else ""
        reasons.append(f"the {key.provider} key{shown} {why}")
    return ProviderKeyUnusableError(
        f"No stored key can be used: {'; '.join(reasons)}. Store a new one (POST /api/user/provider-keys)."
    )


def _listed(slugs: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(slugs))
