"""What an engine's row can say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from ownkey.domain.search import SearchAnswer, SearchRequest, SearchResult
from ownkey.search.engines.checks import Check


def _as_it_is(value: Any) -> Any:
    return value


def _nothing_wrong(_: SearchRequest) -> None:
    return None


class Option(NamedTuple):
    """Where an option goes in the engine's body, and what it may be."""

    field: str
    """The engine's own name; dots lead into objects. Empty: nothing goes out."""
    check: Check
    send: Callable[[Any], Any] = _as_it_is
    """Makes what goes out of what was checked; None is left out."""


class Fault(NamedTuple):
    """What is wrong with a request as a whole."""

    option: str
    """The option to change."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedSearch:
    """A search as it goes out."""

    path: str
    """Below the engine's base URL."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A search engine. `render` and `parse` are pure."""

    slug: str
    depths: Mapping[str, str]
    """The name callers use -> `SearchRequest.depth`, which is the same but where two names mean one depth."""
    options: Mapping[str, Option]
    """API name (camel case) -> option. `snake_case` is taken for the same, a dot for an object in the option."""
    render: Callable[[SearchRequest], RenderedSearch]
    parse: Callable[[SearchRequest, Mapping[str, Any]], SearchAnswer]
    """Reads the JSON object of a good answer; whatever in it is missing or of another type is left out. Raises
    NoAnswerError for one that has no place for results."""
    list_price: Callable[[SearchRequest, tuple[SearchResult, ...]], Decimal | None]
    """What a search costs by the price list, in US dollars, where the engine does not say."""
    check: Callable[[SearchRequest], Fault | None] = _nothing_wrong
    """Looks at the request as a whole; None where nothing is wrong."""
    answers: bool = False
    """Whether it can write an answer of its own."""
    query_limit: int = 2000
    """The longest query it takes, in characters."""


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the layers in one, later ones winning, objects merged field by field."""
    whole: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            below = whole.get(name)
            whole[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else value
    return whole
