"""A chat completion: what was asked, what it cost in tokens, what came back."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ownkey.domain.routing import CredentialOwner, ProviderSelection
from ownkey.domain.search import SearchWish

if TYPE_CHECKING:
    from decimal import Decimal  # not needed to start

JsonObject = dict[str, Any]
"""A JSON object as it is on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByokOptions:
    """What a request says about bringing its own key."""

    enabled: bool = False
    provider: str | None = None
    """The pinned provider's slug; None leaves the choice to the catalog."""
    disable_fallbacks: bool = True
    """Fail fast: the first failure is the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A validated `POST /api/v1/chat/completions`."""

    body: JsonObject
    """The OpenAI body, unknown fields kept, OwnKey's own fields taken out."""
    model: str
    """The model as the caller wrote it."""
    stream: bool = False
    include_usage: bool = False
    """Whether the caller asked for a usage chunk in the stream."""
    byok: ByokOptions = field(default_factory=ByokOptions)
    selection: ProviderSelection | None = None
    """The providers chosen for platform-key traffic, by `x-provider`, the body's `provider` or the model's suffix."""
    team_id: str | None = None
    search: SearchWish | Literal[False] | None = None
    """The web search to make first; False when the body wants none, None when only a suffix of the model could ask."""

    def may_fall_back(self, credential: CredentialOwner) -> bool:
        """Return whether another provider may be tried when the first fails, on keys of this kind of owner."""
        if credential != "platform":
            return not self.byok.disable_fallbacks
        return self.selection is None or self.selection.allow_fallbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one request. Input includes cached and cache-write tokens, output includes reasoning."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    hour_cache_write_tokens: int = 0
    """Those of the cache writes that are kept for an hour, at a price of their own."""
    reasoning_tokens: int = 0
    reported_cost: "Decimal | None" = None
    """What the provider itself said that the request cost, in US dollars, exact; None when it said nothing."""

    def to_openai(self) -> JsonObject:
        """Return OpenAI's `usage` object."""
        details: JsonObject = {"cached_tokens": self.cached_input_tokens}
        if self.cache_write_tokens:
            details["cache_write_tokens"] = self.cache_write_tokens
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt_tokens_details": details,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole answer: OpenAI's `chat.completion` object, normalised."""

    body: JsonObject
    usage: Usage | None
    """None when the provider reported nothing."""
    dropped: tuple[str, ...] = ()
    """Request fields that were left out because the provider cannot take them."""


class ChunkStream(Protocol):
    """A streamed answer that the provider has begun (its status was good).

    Iterating gives OpenAI `chat.completion.chunk` objects, normalised: `choices` non-empty, no usage chunk, no
    `[DONE]`. It ends after the upstream's proper end, and raises an `UpstreamError` when the upstream fails, reports
    an error or stops before it. `usage` is the last usage seen so far. `close` hangs up on the provider; safe twice.
    """

    dropped: tuple[str, ...]
    usage: Usage | None

    def __iter__(self) -> Iterator[JsonObject]: ...

    def close(self) -> None:
        """Hang up on the provider."""
        ...


class Deadline(Protocol):
    """How long this invocation may still run."""

    def remaining_seconds(self) -> float:
        """Return the seconds left, never negative."""
        ...
