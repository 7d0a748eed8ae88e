"""One direct web search: `POST /api/web`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ownkey.api.errors import row_of
from ownkey.billing.pricing import decimal_text
from ownkey.domain.chat import Deadline, JsonObject
from ownkey.domain.dates import iso_utc
from ownkey.domain.errors import MisconfiguredError, UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.search import DirectSearch, SearchResult
from ownkey.domain.teams import Team
from ownkey.domain.usage import UsageRecord
from ownkey.observability import Logger
from ownkey.routing.search_keys import choose_search, engines_of, search_rings
from ownkey.routing.team_rules import check_active, check_limits
from ownkey.services.caller_keys import CallerKeys
from ownkey.services.funds import FundsGate
from ownkey.services.searches import MadeSearch, Searches, failed_search
from ownkey.services.spending import Admission, SpendingStore, admit, count
from ownkey.services.usage_keeping import UsageStore


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearchAnswer:
    """What goes back to the caller."""

    body: JsonObject
    headers: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearchService:
    """Answers direct searches. Every part is handed in; `bootstrap` puts them together."""

    caller_keys: CallerKeys
    searches: Searches
    funds: FundsGate
    admission: Admission
    usage: UsageStore
    spending: SpendingStore
    now: Callable[[], datetime]
    logger: Logger

    def answer(
        self, wanted: DirectSearch, principal: Principal, *, deadline: Deadline, request_id: str
    ) -> WebSearchAnswer:
        """Return what the engine found, recorded.

        Raises:
            GatewayError: as the table in `api/errors.py` says.
        """
        now, wish = self.now(), wanted.wish
        billed, keys = self.caller_keys.load(
            principal,
            team_id=wanted.team_id,
            opted_in=wanted.byok,
            providers=(),
            engines=engines_of(wish),
            now=now,
        )
        if billed:
            check_active(billed.team)
            check_limits(billed)
        team = billed.team if billed else None
        attempt = choose_search(wish, search_rings(billed, keys, opted_in=wanted.byok), now=now)
        on_platform_key = attempt.credential == "platform"
        self.funds.check(principal, team, on_platform_key=on_platform_key)
        admit(self.admission, principal, now)
        try:
            made = self.searches.make(
                wish, attempt, query=wanted.query, output=wanted.output, deadline=deadline, request_id=request_id
            )
        except (UpstreamError, MisconfiguredError) as error:
            self._keep(
                failed_search(
                    attempt,
                    principal,
                    depth=wish.depth or "standard",
                    request_id=request_id,
                    team=team,
                    error_code=row_of(error).code,
                    started_at=now,
                    ended_at=self.now(),
                )
            )
            raise
        self._settle(made, principal, team, request_id)
        headers = {"x-ownkey-provider": attempt.provider, "x-ownkey-credential": attempt.credential}
        if attempt.key.key_suffix and attempt.credential != "platform":
            headers["x-ownkey-key-suffix"] = attempt.key.key_suffix
        return WebSearchAnswer(body=_body(made, request_id), headers=headers)

    def _settle(self, made: MadeSearch, principal: Principal, team: Team | None, request_id: str) -> None:
        record = made.record(principal, request_id=request_id, team=team)
        self._keep(record)
        self.searches.notes.never_failing(
            lambda: count(self.spending, made.charge.amount, principal, team, made.ended_at),
            "what was spent was not counted",
            request_id,
        )
        self.logger.info(
            "web search",
            request_id=request_id,
            user_id=record.user_id,
            provider=record.provider,
            depth=made.request.depth,
            credential_owner=record.credential,
            results=len(made.answer.results),
            duration_ms=record.duration_ms,
        )

    def _keep(self, record: UsageRecord) -> None:
        notes = self.searches.notes
        notes.never_failing(lambda: self.usage.put(record), "the usage record was not stored", record.request_id)


def _body(made: MadeSearch, request_id: str) -> JsonObject:
    request, answer = made.request, made.answer
    data: Any = [_result(result) for result in answer.results]
    if request.output == "sourcedAnswer":
        sources = [{"name": each.title, "url": each.url, "snippet": each.content} for each in answer.results]
        data = {"answer": answer.answer or "", "sources": sources}
    return {
        "data": data,
        "metadata": {
            "query": request.query,
            "provider": request.engine,
            "operation": "search",
            "depth": request.depth,
            "outputType": request.output,
            "timestamp": iso_utc(made.ended_at, "milliseconds"),
            "cost": decimal_text(made.charge.amount),
            "currency": "USD",
            "listPrice": decimal_text(made.charge.list_price),
            "byok": made.attempt.credential != "platform",
            "credential": made.attempt.credential,
            "requestId": request_id,
        },
    }


def _result(result: SearchResult) -> JsonObject:
    shown = {
        "type": result.kind,
        "title": result.title,
        "url": result.url,
        "content": result.content,
        "imageUrl": result.image_url,
        "published_at": result.published_at,
        "score": float(result.score) if result.score is not None else None,
    }
    return {name: value for name, value in shown.items() if value is not None}
