"""What every function has that runs requests on stored keys, on the light AWS client."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.chat import Deadline
from ownkey.domain.dates import utc_now
from ownkey.domain.provider_keys import Credential
from ownkey.domain.search import SearchAnswer, SearchOutput, SearchRequest, SearchWish
from ownkey.domain.upstream import Transport
from ownkey.observability import Logger
from ownkey.services.authentication import Authenticator
from ownkey.services.caller_keys import CallerKeys
from ownkey.services.funds import FundsGate
from ownkey.services.key_notes import KeyNotes
from ownkey.services.searches import Searches
from ownkey.services.usage_keeping import PatientUsageStore
from ownkey.storage.accounts import AccountRepository
from ownkey.storage.aws.client import JsonClient
from ownkey.storage.aws.credentials import credential_source
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.services import DYNAMODB, KMS, DynamoDB, Kms
from ownkey.storage.chat_context import ChatContextRepository
from ownkey.storage.provider_keys import ProviderKeyRepository
from ownkey.storage.spending import SpendingRepository
from ownkey.storage.table import ClientErrors
from ownkey.storage.usage import UsageRepository
from ownkey.vault.opening import KeyOpener

if TYPE_CHECKING:
    from decimal import Decimal

    from ownkey.search.searcher import Searcher


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerParts:
    """What knows callers, their keys and what they spend, and what reaches providers."""

    authenticator: Authenticator
    caller_keys: CallerKeys
    opener: KeyOpener
    notes: KeyNotes
    usage: PatientUsageStore
    spending: SpendingRepository
    transport: HttpTransport
    searches: Searches
    funds: FundsGate
    logger: Logger


def build_caller_parts(settings: Settings, *, service: str) -> CallerParts:
    """Return the parts. What is heavy waits for the first request."""
    light: dict[str, Any] = {
        "region": settings.region,
        "credentials": credential_source(utc_now),
        "endpoint_url": settings.aws_endpoint_url,
    }
    dynamodb, kms = DynamoDB(JsonClient(DYNAMODB, **light)), Kms(JsonClient(KMS, **light))
    errors = (AwsCallError,)
    logger = build_logger(settings, service=service)
    keys = ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors)
    contexts = ChatContextRepository(
        dynamodb,
        errors,
        accounts_table=settings.accounts_table,
        provider_keys_table=settings.provider_keys_table,
        usage_table=settings.usage_table,
    )
    opener = KeyOpener(kms, settings.provider_keys_kms_key, errors, monotonic=time.monotonic)
    notes = KeyNotes(keys=keys, now=utc_now, logger=logger)
    transport = HttpTransport(EgressPolicy(REGISTRY, settings.upstreams))
    accounts = AccountRepository(dynamodb, settings.accounts_table, errors)
    usage = UsageRepository(dynamodb, settings.usage_table, errors, retention_days=settings.usage_retention_days)
    return CallerParts(
        authenticator=Authenticator(GatewayKeyAuthenticator(accounts, utc_now), None),
        caller_keys=CallerKeys(keys=keys, contexts=contexts),
        opener=opener,
        notes=notes,
        usage=PatientUsageStore(store=usage, logger=logger),
        spending=SpendingRepository(dynamodb, settings.usage_table, errors),
        transport=transport,
        searches=Searches(engines=LazySearcher(transport, settings), opener=opener, notes=notes, now=utc_now),
        funds=FundsGate(LazyBalances(dynamodb, settings.accounts_table, errors), settings.balance_enforcement),
        logger=logger,
    )


class LazyBalances:
    """Prepaid balances, which are looked at only where nothing is noted of them."""

    def __init__(self, dynamodb: DynamoDB, table_name: str, errors: ClientErrors) -> None:
        self._arguments = (dynamodb, table_name, errors)

    def balance_of(self, user_id: str) -> "Decimal":
        """Return what a user has left, in US dollars."""
        from ownkey.storage.balances import BalanceRepository

        return BalanceRepository(*self._arguments).balance_of(user_id)


class LazySearcher:
    """The search engines, imported by the first search: most requests make none."""

    def __init__(self, transport: Transport, settings: Settings) -> None:
        self._transport, self._settings = transport, settings
        self._made: Searcher | None = None

    def prepare(
        self, wish: SearchWish, engine: str, *, query: str, output: SearchOutput = "searchResults"
    ) -> SearchRequest:
        """Return what is to be sent; raises CallerError when the engine has no such option or depth."""
        return self._searcher().prepare(wish, engine, query=query, output=output)

    def search(self, request: SearchRequest, *, credential: Credential, deadline: Deadline) -> SearchAnswer:
        """Return what was found; raises UpstreamError."""
        return self._searcher().search(request, credential=credential, deadline=deadline)

    def _searcher(self) -> "Searcher":
        if self._made is None:
            from ownkey.search.searcher import Searcher

            self._made = Searcher(REGISTRY, self._transport, self._settings.upstreams)
        return self._made
