"""Who runs a model, best first, by whatever name the caller knows it.

Names are looked up in the generated data; those that are newer resolve through their maker's scheme, and nothing else
is guessed: callers pin its provider instead.
"""

from dataclasses import replace
from functools import lru_cache

from ownkey.catalog.facts import FREE, Catalog, ModelFacts, facts_of, listed_candidate, load_catalog
from ownkey.catalog.families import family_providers
from ownkey.catalog.names import AUTHORS, ModelName, parse_name
from ownkey.domain.prices import Price
from ownkey.domain.routing import Candidate, ModelListing

_SNAPSHOT_PROVIDERS = frozenset(
    {"openai", "openai-responses", "anthropic", "google", "azure", "azure-responses", "azure-anthropic-foundry"}
)
"""Providers that know every snapshot of their makers' models by its dated id."""


@lru_cache(maxsize=1024)
def listing_of(model: str) -> ModelListing:
    """Return what is known of `model`; remembered, since callers ask for the same few."""
    canonical = canonical_id(model)
    return ModelListing(canonical, providers_of(model), _lowest_paid(canonical))


def providers_of(model: str) -> tuple[Candidate, ...]:
    """Return the providers that run `model`, best first; empty when the catalog does not know it."""
    catalog = load_catalog()
    name = parse_name(model)
    canonical = _canonical(catalog, model, name)
    if canonical is None:
        return family_providers(model)
    rows = catalog.models[canonical][4]
    further = catalog.by_id.get(model.lower())
    candidates = [listed_candidate(slug, row) for slug, row in rows.items()]
    pinned = model.lower().rpartition("/")[0]
    if pinned in rows and pinned != canonical.partition("/")[0]:
        candidates = [each for each in candidates if each.provider == pinned]
    if further:
        named = _known_as(candidates, further[1], further[2])
        return (named, *(each for each in candidates if each.provider != named.provider))
    if name.is_bedrock:
        return (_known_as(candidates, "aws", model), *(each for each in candidates if each.provider != "aws"))
    if name.variant:
        return tuple(
            # Any other variant has a price of its own.
            Candidate(each.provider, f"{each.upstream_model}:{name.variant}", FREE if name.variant == "free" else None)
            for each in candidates
            if each.provider == "openrouter"
        )
    return tuple(_of_snapshot(candidates, model, name)) if name.date else tuple(candidates)


def canonical_id(model: str) -> str | None:
    """Return the catalog's own id of `model`; None when it does not know it."""
    return _canonical(load_catalog(), model, parse_name(model))


def model_facts(model: str) -> ModelFacts | None:
    """Return what is known of `model`, by whatever name; None when the catalog does not know it."""
    canonical = canonical_id(model)
    return None if canonical is None else facts_of(canonical, load_catalog().models[canonical])


def all_models() -> tuple[ModelFacts, ...]:
    """Return every model of the catalog, by canonical id."""
    return tuple(facts_of(model, line) for model, line in load_catalog().models.items())


def nearest_names(model: str, n: int = 3) -> tuple[str, ...]:
    """Return the canonical ids most like `model`, nearest first; for a caller who may have misspelt it."""
    from difflib import get_close_matches  # only those who miss pay for it

    catalog = load_catalog()
    wanted = parse_name(model[:128]).key
    bare = {key: canonical for key, canonical in catalog.by_key.items() if "/" not in key}
    near = get_close_matches(wanted, bare, n=2 * n, cutoff=0.6) if wanted else []
    return tuple(dict.fromkeys(bare[key] for key in near))[:n]


def _canonical(catalog: Catalog, model: str, name: ModelName) -> str | None:
    """Return the canonical id of the model that is meant; None when it is not in the data."""
    lowered = model.lower()
    if lowered in catalog.models:
        return lowered
    if lowered in catalog.by_id:
        return catalog.by_id[lowered][0]
    dated = f"{name.key}{name.date}" if name.date else name.key
    for key in (f"{name.author}/{dated}", dated, f"{name.author}/{name.key}", name.key):
        found = catalog.by_key.get(key)
        if found and _may_mean(catalog, lowered, found):
            return found
    return None


def _lowest_paid(canonical: str | None) -> Price | None:
    """Return the lowest price of a model that is none at all; None when there is none."""
    rows = load_catalog().models[canonical][4] if canonical else {}
    prices = [price for slug, row in rows.items() if (price := listed_candidate(slug, row).price)]
    return min((each for each in prices if each.rates.total), key=lambda each: each.rates.total or 0, default=None)


def _known_as(candidates: list[Candidate], provider: str, identifier: str) -> Candidate:
    """Return the candidate of `provider` under a further id of the model there."""
    listed = [each for each in candidates if each.provider == provider]
    return Candidate(provider, identifier, listed[0].price if listed else None)


def _may_mean(catalog: Catalog, lowered: str, canonical: str) -> bool:
    """Return whether what stands before the name fits the model: nothing, its maker, or one who runs it."""
    prefix, slash, _ = lowered.rpartition("/")
    if not slash:
        return True
    author = AUTHORS.get(prefix, prefix)
    return not author or author == canonical.partition("/")[0] or prefix in catalog.models[canonical][4]


def _of_snapshot(candidates: list[Candidate], model: str, name: ModelName) -> list[Candidate]:
    """Return who runs the snapshot that is named, under its own id where the provider knows snapshots."""
    written = model.lower().rpartition("/")[2]
    if name.author == "anthropic":
        written = written.replace(".", "-")
    found = []
    for each in candidates:
        theirs = parse_name(each.upstream_model)
        if theirs.date and theirs.date != name.date and each.provider == "aws":
            continue
        keeps = each.provider in _SNAPSHOT_PROVIDERS and theirs.date != name.date
        found.append(replace(each, upstream_model=written) if keeps else each)
    return found
