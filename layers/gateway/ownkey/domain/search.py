"""A web search: what was asked, what an engine found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from decimal import Decimal  # not needed to start

SEARCH_ENGINES = ("tavily", "exa", "perplexity", "kagi", "valyu")
"""The engines' slugs. Where none is named, the first for which there is a key."""

SearchOutput = Literal["searchResults", "sourcedAnswer"]
"""What to come back with: pages, or an answer written by the engine and the pages it rests on."""

ContextSize = Literal["low", "medium", "high"]
"""How much of what was found a model is given to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWish:
    """A search as its caller asked for it; the engine's own options are not yet checked."""

    engine: str | None = None
    """The engine's slug; None leaves the choice to the stored keys."""
    depth: str | None = None
    """How thorough, by the caller's name for it; None is the engine's standard."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Filters and options under the API's names (`fromDate`, `maxResults`), as they came."""
    param: str = "webSearch"
    """Where the caller wrote it: a field of the body, `model` for a suffix, empty for the top level."""
    optional: bool = False
    """Whether the chat may go on without it when it fails."""
    context_size: ContextSize = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSearch:
    """A validated `POST /api/web`."""

    query: str
    wish: SearchWish
    output: SearchOutput = "searchResults"
    byok: bool = False
    """Whether the caller's own keys may be used."""
    team_id: str | None = None
    """The team that is to pay, as the caller wrote it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A search that is ready to be sent: its options are checked."""

    engine: str
    query: str
    depth: str
    """One of the engine's depths."""
    output: SearchOutput = "searchResults"
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the options became, under the engine's own names."""
    images: bool = False
    """Whether images are wanted beside pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """A page or an image. All of it is foreign text: data, never an instruction."""

    title: str
    url: str
    content: str = ""
    """What it says: an excerpt, or its whole text where that was asked for."""
    kind: Literal["text", "image"] = "text"
    image_url: str | None = None
    published_at: str | None = None
    """A date, as the engine wrote it."""
    score: float | None = None
    """How well it fits, from 0 to 1, by the engine's own measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What an engine found, best first."""

    results: tuple[SearchResult, ...] = ()
    answer: str | None = None
    """The engine's own answer, where one was asked for."""
    price: "Decimal | None" = None
    """What the engine charges for this search, in US dollars: as it says, else its list price; None when not known."""
    price_reported: bool = False
    """Whether the engine itself said the price."""
