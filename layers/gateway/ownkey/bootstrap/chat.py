"""ChatFunction, on the light AWS client. What is heavy waits for the first request."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.egress import EgressPolicy
from ownkey.adapters.registry import REGISTRY
from ownkey.adapters.transport import HttpTransport
from ownkey.api.errors import chat_error
from ownkey.auth.gateway_keys import GatewayKeyAuthenticator
from ownkey.bootstrap.shared import build_logger
from ownkey.config import Settings
from ownkey.domain.chat import JsonObject
from ownkey.domain.dates import utc_now
from ownkey.domain.routing import ModelListing
from ownkey.observability import Logger
from ownkey.routing.providers import Providers
from ownkey.services.authentication import Authenticator
from ownkey.services.chat import ChatService
from ownkey.services.chat_ledger import ChatLedger
from ownkey.services.chat_routing import ChatRouter
from ownkey.services.funds import FundsGate
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFunction:
    """What the chat function is made of."""

    authenticator: Authenticator
    service: ChatService
    logger: Logger


def build_chat_function(settings: Settings) -> ChatFunction:
    """Return the chat function's parts, on the light AWS client."""
    credentials = credential_source(utc_now)
    light: dict[str, Any] = {
        "region": settings.region,
        "credentials": credentials,
        "endpoint_url": settings.aws_endpoint_url,
    }
    dynamodb, kms = DynamoDB(JsonClient(DYNAMODB, **light)), Kms(JsonClient(KMS, **light))
    errors = (AwsCallError,)
    logger = build_logger(settings, service="chat")
    accounts = AccountRepository(dynamodb, settings.accounts_table, errors)
    keys = ProviderKeyRepository(dynamodb, settings.provider_keys_table, errors)
    usage = UsageRepository(dynamodb, settings.usage_table, errors, retention_days=settings.usage_retention_days)
    adapter = build_chat_adapter(settings)
    spending = SpendingRepository(dynamodb, settings.usage_table, errors)
    contexts = ChatContextRepository(
        dynamodb,
        errors,
        accounts_table=settings.accounts_table,
        provider_keys_table=settings.provider_keys_table,
        usage_table=settings.usage_table,
    )
    service = ChatService(
        router=ChatRouter(
            keys=keys,
            contexts=contexts,
            catalog=LazyCatalog(),
            providers=chat_providers(adapter),
            judge=adapter,
            funds=FundsGate(LazyBalances(dynamodb, settings.accounts_table, errors), settings.balance_enforcement),
        ),
        adapter=adapter,
        opener=KeyOpener(kms, settings.provider_keys_kms_key, errors, monotonic=time.monotonic),
        admission=spending,
        ledger=ChatLedger(
            keys=keys, usage=usage, spending=spending, fee_rate=settings.fee_rate, now=utc_now, logger=logger
        ),
        describe_error=describe_error,
        now=utc_now,
    )
    authenticator = Authenticator(GatewayKeyAuthenticator(accounts, utc_now), None)
    return ChatFunction(authenticator=authenticator, service=service, logger=logger)


def chat_providers(adapter: ChatAdapter) -> Providers:
    """Return what routing needs to know of the table of providers."""
    return Providers(
        chat=tuple(slug for slug in REGISTRY if adapter.supports(slug)),
        others=tuple(slug for slug in REGISTRY if not adapter.supports(slug)),
        makers={slug: spec.maker for slug, spec in REGISTRY.items() if spec.maker},
    )


class LazyCatalog:
    """The model catalog, whose data is read by the first look-up: it is not needed to start."""

    def listing_of(self, model: str) -> ModelListing:
        """Return what is known of `model`."""
        from ownkey.catalog.models import listing_of

        return listing_of(model)

    def nearest_names(self, model: str) -> tuple[str, ...]:
        """Return the names of models most like `model`."""
        from ownkey.catalog.models import nearest_names

        return nearest_names(model)


class LazyBalances:
    """Prepaid balances, which are looked at only where nothing is noted of them."""

    def __init__(self, dynamodb: DynamoDB, table_name: str, errors: ClientErrors) -> None:
        self._arguments = (dynamodb, table_name, errors)

    def balance_of(self, user_id: str) -> "Decimal":
        """Return what a user has left, in US dollars."""
        from ownkey.storage.balances import BalanceRepository

        return BalanceRepository(*self._arguments).balance_of(user_id)


def build_chat_adapter(settings: Settings) -> ChatAdapter:
    """Return the adapter of all chat providers, behind the one egress client."""
    transport = HttpTransport(EgressPolicy(REGISTRY, settings.upstreams))
    return ChatAdapter(REGISTRY, transport, settings.upstreams)


def describe_error(error: Exception) -> JsonObject:
    """Return the `error` object of a chunk that ends a broken stream."""
    answer = chat_error(error)
    return {**answer.body["error"], "status": answer.status}
