"""Brings the listings of all sources together: one line per model, the same for the same input."""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ownkey.catalog.families import is_responses_only
from ownkey.catalog.names import ModelName, author_of, fold, parse_name
from scripts.catalog_sources import PRICED, Listing

MAKERS = {"openai": "openai", "anthropic": "anthropic", "google": "google", "zai": "zai", "nvidia": "nvidia"}
"""Providers that run what they make themselves -> their name in canonical ids."""
ORDER = (
    "openai", "openai-responses", "anthropic", "google", "zai", "azure", "azure-responses", "azure-anthropic-foundry",
    "groq", "cerebras", "sambanova", "deepinfra", "novita", "siliconflow", "gmicloud", "nvidia", "chutes", "meganova",
    "akash", "aws", "openrouter", "vercel",
)  # fmt: skip
"""Makers and their clouds, then hosts (the fast ones first), then aggregators."""
_NAMED_BY = ("openrouter", "vercel", "openai", "google", "zai", "novita")
"""Whose spelling becomes the canonical one: they write names in lower case, with dots."""
_REGIONS = ("global.", "us.", "")
"""Which of Bedrock's ids is sent: most models are not to be had without an inference profile."""


@dataclass(slots=True)
class Model:
    """One model while it is put together."""

    author: str
    key: str
    listings: dict[str, list[tuple[ModelName, Listing]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(frozen=True, slots=True)
class Overlay:
    """Our own corrections; see overlay.json."""

    listed: Mapping[str, list[str]]
    """Provider -> ids of models that it runs and no source lists."""
    same: Mapping[str, str]
    """A name -> the name of the model that it is."""
    retired: Collection[str]
    """Names that no source marks as gone."""
    prices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Provider -> its id of a model -> the price, where the sources are wrong."""


def known_keys(ids: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return what identifies the models of these ids."""
    return frozenset((name.author, name.key) for name in map(parse_name, ids))


def newer_than(known: Collection[tuple[str, str]], listings: Iterable[Listing], overlay: Overlay) -> list[Listing]:
    """Return the listings of models that are new: made by their provider, or run by at least two."""
    fresh: dict[tuple[str, str], list[Listing]] = defaultdict(list)
    for listing in listings:
        name = _named(listing, overlay)
        is_odd = _is_odd(listing, name) or name.key in overlay.retired
        if not is_odd and name.author and (name.author, name.key) not in known:
            fresh[name.author, name.key].append(listing)
    return [
        listing
        for (author, _), several in fresh.items()
        if any(MAKERS.get(each.provider) == author for each in several) or len({each.provider for each in several}) > 1
        for listing in several
        if listing.provider in PRICED
        and (listing.provider not in {"google", "openai", "anthropic"} or MAKERS[listing.provider] == author)
    ]


def build_models(
    listings: Iterable[Listing], overlay: Overlay, price: Callable[[str, str], str | None]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, str]]]:
    """Return the lines of the models, and the further ids that providers know them by."""
    models: dict[tuple[str, str], Model] = {}
    own = [Listing(provider=slug, id=each) for slug, ids in overlay.listed.items() for each in ids]
    for listing in [*listings, *own]:
        name = _named(listing, overlay)
        if _is_odd(listing, name):
            continue
        better = overlay.prices.get(listing.provider, {}).get(listing.id) or price(listing.provider, listing.id)
        priced = replace(listing, price=better) if better else listing
        model = models.setdefault((name.author, name.key), Model(name.author, name.key))
        if priced.id not in {each.id for _, each in model.listings[listing.provider]}:
            model.listings[listing.provider].append((name, priced))
    for model in [*models.values()]:
        for snapshot in _split_snapshots(model):
            models[snapshot.author, snapshot.key] = snapshot
    return _lines([model for model in models.values() if set(model.listings) - {"azure"}], overlay)


def render(data: Mapping[str, Any]) -> str:
    """Return the data as JSON with a line for every model."""
    parts = []
    for name, value in data.items():
        if name in {"models", "ids"}:
            lines = [f"{json.dumps(key)}:{_compact(each)}" for key, each in sorted(value.items())]
            parts.append(f"{json.dumps(name)}:{{\n" + ",\n".join(lines) + "\n}")
        else:
            parts.append(f"{json.dumps(name)}:{_compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _is_odd(listing: Listing, name: ModelName) -> bool:
    """Return whether an id names a variant, a moving target, or nothing that can be called."""
    is_incomplete = listing.provider == "openrouter" and "/" not in listing.id
    return bool(name.variant) or listing.id.startswith("~") or is_incomplete


def _named(listing: Listing, overlay: Overlay) -> ModelName:
    """Return what a listing's id says, as the overlay corrects it."""
    said = overlay.same.get(listing.id.lower())
    name = parse_name(listing.id)
    if said is None:
        said = overlay.same.get(name.name)
    if said is not None:
        name = replace(parse_name(said), date=name.date)
    # Hosts that only repackage, and those whose ids name no maker.
    return name if name.author else replace(name, author=author_of(name.name) or listing.provider)


def _split_snapshots(model: Model) -> list[Model]:
    """Take dated snapshots that their maker prices apart from a model, and return them as models of their own."""
    maker = next((slug for slug, author in MAKERS.items() if author == model.author), "")
    several = model.listings.get(maker, [])
    undated = next((each.price for name, each in several if not name.date), None)
    apart = {name.date for name, each in several if undated and name.date and each.price not in {None, undated}}
    found = []
    for date in sorted(apart):
        snapshot = Model(model.author, f"{model.key}{date}")
        for provider, rows in model.listings.items():
            taken = [row for row in rows if row[0].date == date]
            if taken:
                snapshot.listings[provider] = taken
                model.listings[provider] = [row for row in rows if row[0].date != date]
        found.append(snapshot)
    for provider in [slug for slug, rows in model.listings.items() if not rows]:
        del model.listings[provider]
    return found


def _lines(models: list[Model], overlay: Overlay) -> tuple[dict[str, list[Any]], dict[str, dict[str, str]]]:
    shared: dict[str, list[Model]] = defaultdict(list)
    for model in models:
        shared[model.key].append(model)
    lines: dict[str, list[Any]] = {}
    further: dict[str, dict[str, str]] = defaultdict(dict)
    for key, several in shared.items():
        several.sort(key=lambda each: (-len(each.listings), each.author))
        for place, model in enumerate(several):
            identifier = f"{model.author}/{_canonical_name(model)}"
            chosen = {slug: _choose(slug, rows) for slug, rows in model.listings.items()}
            for slug, rows in model.listings.items():
                if slug not in {"aws", "azure"}:
                    others = {each.id: identifier for name, each in rows if each is not chosen[slug] and not name.date}
                    further[slug].update(others)
                further[slug].update({each.id: identifier for _, each in rows if each.id.lower() in overlay.same})
            synonyms = {
                fold(name) for name, same in overlay.same.items() if ":" not in name and parse_name(same).key == key
            }
            is_first = place == 0 and model.author != "openrouter"  # its routers go by words such as "auto"
            keys = [key if is_first else f"{model.author}/{key}", *sorted(synonyms - {key} - set(shared))]
            lines[identifier] = _line(model, " ".join(keys if is_first else keys[:1]), chosen)
    return lines, {slug: dict(sorted(ids.items())) for slug, ids in further.items() if ids}


def _canonical_name(model: Model) -> str:
    """Return how the model is called here, without its maker."""

    def rank(item: tuple[str, tuple[ModelName, Listing]]) -> tuple[int, bool, int, str]:
        slug, (name, _) = item
        place = _NAMED_BY.index(slug) if slug in _NAMED_BY else len(_NAMED_BY)
        return place, bool(name.date), len(name.name), name.name

    spellings = [(slug, row) for slug, rows in model.listings.items() for row in rows]
    _, (name, listing) = min(spellings, key=rank)
    written = parse_name(listing.id)
    spelt = written.name if written.key == name.key else name.name
    if model.author == "anthropic":
        spelt = _with_dots(spelt)
    is_snapshot = name.date and model.key.endswith(name.date)
    return f"{spelt}-{name.date[:4]}-{name.date[4:6]}-{name.date[6:]}" if is_snapshot else spelt.removesuffix("-tee")


def _with_dots(name: str) -> str:
    """Return a Claude's name with its version as callers write it: 4.5, not 4-5."""
    *before, last = name.split("-")
    if before and before[-1].isdigit() and last.isdigit():
        return "-".join([*before[:-1], f"{before[-1]}.{last}"])
    return name


def _choose(provider: str, rows: list[tuple[ModelName, Listing]]) -> Listing:
    """Return the listing whose id is sent to the provider: the plainest, or the newest snapshot."""

    def rank(row: tuple[ModelName, Listing]) -> tuple[int, bool, int, int, str]:
        name, listing = row
        region = _region_rank(listing.id) if provider == "aws" else 0
        return region, bool(name.date), -int(name.date or 0), len(listing.id), listing.id

    return min(rows, key=rank)[1]


def _region_rank(identifier: str) -> int:
    for place, prefix in enumerate(_REGIONS):
        if prefix and identifier.startswith(prefix):
            return place
    other = identifier.partition(".")[0] in {"eu", "au", "jp", "apac", "ca"}
    return len(_REGIONS) + other


def _line(model: Model, keys: str, chosen: Mapping[str, Listing]) -> list[Any]:
    """Return a model's line; a row states only what differs from the line."""
    rows = _with_siblings(model, chosen)
    order = sorted(rows, key=lambda slug: (_is_late(model.author, slug, rows), ORDER.index(slug)))
    first = rows[order[0]]
    stated = [first] if MAKERS.get(first.provider) == model.author else list(rows.values())
    context = max((each.context for each in stated if each.context), default=None)
    output = max((each.output for each in stated if each.output), default=None)
    abilities = next((rows[slug].abilities for slug in order if rows[slug].abilities is not None), None)
    providers = {}
    for slug in order:
        row = rows[slug]
        own = [
            None if mine == common else mine
            for mine, common in zip((row.context, row.output, row.abilities), (context, output, abilities), strict=True)
        ]
        full = [row.id, row.price, *own]
        while full[-1] is None:
            full.pop()
        providers[slug] = full
    line = [keys, abilities, context, output, providers, _released(model), _name(model)]
    while line[-1] is None:
        line.pop()
    return line


def _released(model: Model) -> str | None:
    """Return when a model came out: as its maker says, else most of its providers; the day, where anybody knows it."""
    stated = [(slug, listing.released) for slug, listing in _best_first(model) if listing.released]
    by_its_maker = [day for slug, day in stated if MAKERS.get(slug) == model.author]
    said = by_its_maker[:1] or [day for _, day in stated]
    return max(said, key=lambda day: (len(day), said.count(day), -said.index(day)), default=None)


def _name(model: Model) -> str | None:
    """Return what people call a model: its maker's word first, then that of the source with the most care for names."""
    return next((listing.name for _, listing in _best_first(model) if listing.name), None)


def _best_first(model: Model) -> list[tuple[str, Listing]]:
    """Return a model's listings: its maker's, then as `_NAMED_BY` ranks them, the plainest first."""

    def rank(item: tuple[str, tuple[ModelName, Listing]]) -> tuple[bool, int, int, int, str]:
        slug, (_, listing) = item
        place = _NAMED_BY.index(slug) if slug in _NAMED_BY else len(_NAMED_BY)
        return MAKERS.get(slug) != model.author, place, ORDER.index(slug), len(listing.id), listing.id

    rows = [(slug, row) for slug, rows in model.listings.items() if slug != "azure" for row in rows]
    return [(slug, listing) for slug, (_, listing) in sorted(rows, key=rank)]


def _with_siblings(model: Model, chosen: Mapping[str, Listing]) -> dict[str, Listing]:
    """Return the rows, with those of providers that run all that a maker has, under names that callers choose."""
    rows = {slug: row for slug, row in chosen.items() if slug != "azure"}
    azure = chosen.get("azure")
    azure_price = azure.price if azure else None
    if (maker := rows.get("openai")) is not None and model.author == "openai":
        deployed = replace(maker, id=azure.id if azure else maker.id, price=azure_price)
        rows["openai-responses"], rows["azure-responses"] = maker, deployed
        if is_responses_only(maker.id):
            del rows["openai"]
        else:
            rows["azure"] = deployed
    maker = rows.get("anthropic")
    if maker is not None and model.author == "anthropic" and not maker.id.startswith("claude-3"):
        rows["azure-anthropic-foundry"] = replace(maker, price=azure_price)
    return rows


def _is_late(author: str, slug: str, rows: Mapping[str, Listing]) -> int:
    """Return a provider's class: who made it, the clouds of its maker, hosts, aggregators."""
    if MAKERS.get(slug) == author or slug == "openai-responses":
        return 0
    has_maker = author == "amazon" or any(MAKERS.get(each) == author for each in rows)
    if slug.startswith("azure") or (slug == "aws" and has_maker):
        return 1
    return 3 if slug in {"openrouter", "vercel"} else 2


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
