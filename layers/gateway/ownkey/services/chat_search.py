"""The web search that comes before a chat, and what becomes of it in the answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ownkey.api.errors import row_of
from ownkey.domain.chat import ChatRequest, Deadline, JsonObject
from ownkey.domain.errors import GatewayError, MisconfiguredError, UpstreamError
from ownkey.domain.routing import SearchPlan
from ownkey.services.searches import MadeSearch, Searches


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """What a chat stands on: its request with the sources in it, or why there are none."""

    request: ChatRequest
    search: MadeSearch | None = None
    skipped: str | None = None
    """The engine that was to be asked, and the error code that it came to."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that say so."""
        if self.search is None:
            return {"x-ownkey-search-skipped": self.skipped or ""}
        attempt = self.search.attempt
        return {"x-ownkey-search": attempt.provider, "x-ownkey-search-credential": attempt.credential}

    def cite_completion(self, body: JsonObject) -> None:
        """Add to a whole completion which passages rest on which source, and that there was a search."""
        if self.search:
            from ownkey.search.citations import cite_completion

            cite_completion(body, self.search.answer.results)
            body["usage"] = self.counted(body["usage"])

    def cite_chunks(self, chunks: Iterator[JsonObject]) -> Iterator[JsonObject]:
        """Yield the chunks of a stream, the last delta of each choice with its citations."""
        if not self.search:
            return chunks
        from ownkey.search.citations import cite_chunks

        return cite_chunks(chunks, self.search.answer.results)

    def counted(self, usage: JsonObject) -> JsonObject:
        """Return OpenAI's usage object with the searches in it."""
        return {**usage, "num_search_queries": 1} if self.search else usage


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSearch:
    """Searches the web before a chat."""

    searches: Searches

    def ground(
        self,
        request: ChatRequest,
        plan: SearchPlan,
        *,
        deadline: Deadline,
        request_id: str,
        note_failure: Callable[[str], None],
    ) -> Grounding:
        """Return the request with what was found in it; a search that fails is noted by its error code.

        Raises:
            CallerError: there is nothing to search for, or the engine has no such option.
            UpstreamError: the engine failed, and the caller does not let the chat go on without it.
            InternalError: a key does not open.
        """
        from ownkey.search.grounding import query_of, with_sources  # most chats do not search

        wish, attempt = plan.wish, plan.attempt
        if attempt is None:
            return Grounding(request=request, skipped=_code(wish.engine, plan.skipped))
        query = query_of(request.body["messages"])
        try:
            made = self.searches.make(wish, attempt, query=query, deadline=deadline, request_id=request_id)
        except (UpstreamError, MisconfiguredError) as error:  # the second: the engine rejects the operator's key
            note_failure(row_of(error).code)
            if not wish.optional:
                raise
            return Grounding(request=request, skipped=_code(attempt.provider, error))
        body = with_sources(request.body, made.answer.results, wish.context_size)
        return Grounding(request=replace(request, body=body), search=made)


def _code(engine: str | None, error: GatewayError | None) -> str:
    code = row_of(error).code if error else ""
    return f"{engine}; {code}" if engine else code
