"""The public catalog: which models there are, who runs them, and which of them a caller's own keys can run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ownkey.catalog.facts import ModelFacts
from ownkey.catalog.models import all_models, model_facts, nearest_names
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import ModelNotFoundError, NotFoundError
from ownkey.domain.provider_keys import ProviderKey
from ownkey.services.model_rows import model_row, providers_row

PROVIDERS_SUFFIX = "/providers"
MAX_NAME_LENGTH = 256
"""As long as a model's name may be in a chat."""


class KeyMetadata(Protocol):
    """Knows what an owner has stored, without ciphertexts; `storage/provider_keys.py` is the one."""

    def list(self, owner: str) -> Sequence[ProviderKey]:
        """Return an owner's keys; raises StoreUnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsService:
    """Answers questions about models. Canonical ids and all other names of a model mean the same."""

    keys: KeyMetadata
    now: Callable[[], datetime]

    def all(self, *, detailed: bool) -> JsonObject:
        """Return every model of the catalog."""
        return _listed(all_models(), detailed=detailed)

    def runnable_by(self, owner: str, *, detailed: bool) -> JsonObject:
        """Return the models that `owner` holds a usable key for; raises StoreUnavailableError."""
        now = self.now()
        held = {key.provider for key in self.keys.list(owner) if key.usable_at(now)}
        runnable = [facts for facts in all_models() if any(row.provider in held for row in facts.providers)]
        return _listed(runnable, detailed=detailed)

    def one(self, model: str, *, detailed: bool) -> JsonObject:
        """Return one model; raises ModelNotFoundError."""
        return model_row(_found(model), detailed=detailed)

    def providers(self, path: str) -> JsonObject:
        """Return who runs the model that `path`, `<id>/providers`, names.

        Raises:
            ModelNotFoundError: the catalog does not know the model.
            NotFoundError: the path is another one.
        """
        if not path.endswith(PROVIDERS_SUFFIX):
            raise NotFoundError("There is nothing here. Ask for /api/models/{id}/providers.")
        return providers_row(_found(path.removesuffix(PROVIDERS_SUFFIX)))


def _listed(models: Sequence[ModelFacts], *, detailed: bool) -> JsonObject:
    return {"object": "list", "data": [model_row(facts, detailed=detailed) for facts in models]}


def _found(model: str) -> ModelFacts:
    facts = model_facts(model) if len(model) <= MAX_NAME_LENGTH else None
    if facts is None:
        near = ", ".join(nearest_names(model))
        raise ModelNotFoundError(
            f"The catalog has no model {model[:128]!r}. {f'Did you mean {near}? ' if near else ''}"
            "GET /api/v1/models lists what it has."
        )
    return facts
