"""`x-provider` and the body's `provider`: which providers the operator's keys may be used at."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ownkey.domain.chat import ByokOptions, JsonObject
from ownkey.domain.errors import InvalidParameterError, UnsupportedParameterError
from ownkey.domain.routing import ProviderSelection

MAX_PROVIDERS = 64
_SLUG = re.compile(r"[\x21-\x7e]{1,64}")
_SORTED = {"price": True, "auto": False, "none": False, "default": False}
_UNMEASURED = frozenset({"speed", "throughput", "latency"})


def parse_selection(value: Any, headers: Mapping[str, str], byok: ByokOptions) -> ProviderSelection | None:
    """Return what the request says of providers for traffic on the operator's keys; the body wins over the header.

    Raises:
        InvalidParameterError: a field is wrong, or the request brings its own key as well.
    """
    param = "x-provider" if value is None else "provider"
    value = headers.get("x-provider") if value is None else value
    if value in (None, ""):
        return None
    if byok.enabled:
        raise InvalidParameterError(
            f"{param} chooses among the operator's own keys. With BYOK, choose by byok.provider instead.", param=param
        )
    if isinstance(value, str):
        return ProviderSelection(param=param, only=(_slug(value, param),), allow_fallbacks=False)
    if not isinstance(value, dict):
        raise InvalidParameterError('provider must be a slug or an object such as {"only": ["groq"]}.', param=param)
    return _of_object(value)


def _of_object(value: JsonObject) -> ProviderSelection:
    fields: JsonObject = {}
    for name, wish in value.items():
        if name not in _READERS:
            raise InvalidParameterError(
                f"provider.{name[:64]} is not a field; use {', '.join(_READERS)}.", param=f"provider.{name[:64]}"
            )
        if wish is not None:
            fields |= _READERS[name](wish, f"provider.{name}")
    if not {"sort", "order"} & value.keys() and {"ignore", "max_price"} & value.keys():
        fields["cheapest_first"] = True
    return ProviderSelection(param="provider", **fields)


def _slug(value: Any, param: str) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    if not _SLUG.fullmatch(text):
        raise InvalidParameterError(f"{param} must name a provider by its slug, such as openai.", param=param)
    return text


def _slugs(field: str) -> Callable[[Any, str], JsonObject]:
    def read(value: Any, param: str) -> JsonObject:
        if not isinstance(value, list) or not 0 < len(value) <= MAX_PROVIDERS:
            raise InvalidParameterError(f"{param} must be an array of 1 to {MAX_PROVIDERS} slugs.", param=param)
        return {field: tuple(dict.fromkeys(_slug(each, f"{param}[{place}]") for place, each in enumerate(value)))}

    return read


def _boolean(field: str) -> Callable[[Any, str], JsonObject]:
    def read(value: Any, param: str) -> JsonObject:
        if not isinstance(value, bool):
            raise InvalidParameterError(f"{param} must be true or false.", param=param)
        return {field: value}

    return read


def _sort(value: Any, param: str) -> JsonObject:
    if isinstance(value, str) and value in _UNMEASURED:
        raise UnsupportedParameterError(
            f"This gateway does not measure {value}; sort by price, or leave {param} out.", param=param
        )
    if not isinstance(value, str) or value not in _SORTED:
        raise InvalidParameterError(f"{param} must be one of {', '.join(_SORTED)}.", param=param)
    return {"cheapest_first": _SORTED[value]}


def _max_price(value: Any, param: str) -> JsonObject:
    from decimal import Decimal  # few requests cap a price

    names = {"prompt": "max_input_price", "completion": "max_output_price"}
    if not isinstance(value, dict) or not value or not value.keys() <= names.keys():
        raise InvalidParameterError(
            f'{param} must be an object of US dollars per million tokens, such as {{"prompt": 1, "completion": 4}}.',
            param=param,
        )
    limits = {}
    for name, limit in value.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit < 1e9:
            raise InvalidParameterError(f"{param}.{name} must be a number, at least 0.", param=f"{param}.{name}")
        limits[names[name]] = Decimal(str(limit))
    return limits


_READERS: Mapping[str, Callable[[Any, str], JsonObject]] = {
    "order": _slugs("order"),
    "only": _slugs("only"),
    "ignore": _slugs("ignore"),
    "sort": _sort,
    "max_price": _max_price,
    "allow_fallbacks": _boolean("allow_fallbacks"),
    "require_parameters": _boolean("require_parameters"),
}
"""The fields of the object form, and how each is read."""
