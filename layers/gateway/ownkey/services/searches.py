"""One web search on a stored key: open it, ask the engine, price it. Chats and `/api/web` share it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from ownkey.billing.pricing import UNKNOWN, charge_for_search
from ownkey.domain.chat import Deadline, Usage
from ownkey.domain.errors import MisconfiguredError, ProviderKeyRejectedError, UpstreamError
from ownkey.domain.identity import Principal
from ownkey.domain.prices import Charge
from ownkey.domain.provider_keys import Credential, ProviderKey
from ownkey.domain.routing import Attempt
from ownkey.domain.search import SearchAnswer, SearchOutput, SearchRequest, SearchWish
from ownkey.domain.teams import Team
from ownkey.domain.usage import UsageOutcome, UsageRecord
from ownkey.services.key_notes import KeyNotes

SEARCH_MODEL = "web-search"
"""What stands in a search's usage record where a chat's has its model."""


class SearchEngines(Protocol):
    """Asks search engines; `search/searcher.py` has the one."""

    def prepare(
        self, wish: SearchWish, engine: str, *, query: str, output: SearchOutput = "searchResults"
    ) -> SearchRequest:
        """Return what is to be sent; raises CallerError when the engine has no such option or depth."""
        ...

    def search(self, request: SearchRequest, *, credential: Credential, deadline: Deadline) -> SearchAnswer:
        """Return what was found; raises UpstreamError."""
        ...


class KeyOpening(Protocol):
    """Decrypts one stored key."""

    def open(self, key: ProviderKey) -> Credential:
        """Return the credential; raises VaultUnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSearch:
    """A search that an engine has answered."""

    request: SearchRequest
    attempt: Attempt
    answer: SearchAnswer
    charge: Charge
    """What it costs the caller here, once they get something for it."""
    started_at: datetime
    ended_at: datetime

    def record(
        self, principal: Principal, *, request_id: str, team: Team | None, outcome: UsageOutcome = "completed"
    ) -> UsageRecord:
        """Return its usage record. A search whose chat failed costs nothing."""
        record = failed_search(
            self.attempt,
            principal,
            depth=self.request.depth,
            request_id=request_id,
            team=team,
            error_code=None,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )
        charge = self.charge if outcome == "completed" else self.charge.waived()
        return replace(record, charge=charge, outcome=outcome, time_to_first_byte_ms=record.duration_ms)


def failed_search(
    attempt: Attempt,
    principal: Principal,
    *,
    depth: str,
    request_id: str,
    team: Team | None,
    error_code: str | None,
    started_at: datetime,
    ended_at: datetime,
) -> UsageRecord:
    """Return the usage record of a search that the engine of `attempt` did not answer: it costs nothing."""
    return UsageRecord(
        request_id=request_id,
        user_id=principal.user_id,
        payer_id=team.owner_id if team else principal.user_id,
        owner=attempt.key.owner,
        provider=attempt.provider,
        model=SEARCH_MODEL,
        upstream_model=depth,
        credential=attempt.credential,
        key_id=attempt.key.key_id,
        gateway_key_id=principal.gateway_key_id,
        byok=attempt.credential != "platform",
        stream=False,
        usage=Usage(),
        searches=1,
        charge=UNKNOWN.waived(),
        team_id=team.team_id if team else None,
        outcome="failed",
        error_code=error_code,
        started_at=started_at,
        duration_ms=round((ended_at - started_at).total_seconds() * 1000),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Searches:
    """Makes searches."""

    engines: SearchEngines
    opener: KeyOpening
    notes: KeyNotes
    now: Callable[[], datetime]

    def make(
        self,
        wish: SearchWish,
        attempt: Attempt,
        *,
        query: str,
        output: SearchOutput = "searchResults",
        deadline: Deadline,
        request_id: str,
    ) -> MadeSearch:
        """Return what the engine of `attempt` found, and note how the key fared.

        Raises:
            CallerError: the engine cannot do what is wished; nobody was asked.
            UpstreamError: the engine failed.
            InternalError: the key does not open, or the engine rejects the operator's own.
        """
        started_at = self.now()
        request = self.engines.prepare(wish, attempt.provider, query=query, output=output)
        try:
            answer = self.engines.search(request, credential=self.opener.open(attempt.key), deadline=deadline)
        except UpstreamError as error:
            self.notes.failed(attempt, error, request_id=request_id)
            if isinstance(error, ProviderKeyRejectedError) and attempt.credential == "platform":
                raise MisconfiguredError(f"{attempt.provider} rejects the platform's own key") from error
            raise
        self.notes.used(attempt.key, request_id=request_id)
        return MadeSearch(
            request=request,
            attempt=attempt,
            answer=answer,
            charge=charge_for_search(answer, attempt),
            started_at=started_at,
            ended_at=self.now(),
        )
