"""ChatFunction, on the light AWS client. What is heavy waits for the first request."""

from dataclasses import dataclass

from ownkey.adapters.adapter import ChatAdapter
from ownkey.adapters.registry import REGISTRY
from ownkey.api.errors import chat_error
from ownkey.bootstrap.callers import build_caller_parts
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
from ownkey.services.chat_search import ChatSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFunction:
    """What the chat function is made of."""

    authenticator: Authenticator
    service: ChatService
    logger: Logger


def build_chat_function(settings: Settings) -> ChatFunction:
    """Return the chat function's parts."""
    parts = build_caller_parts(settings, service="chat")
    adapter = ChatAdapter(REGISTRY, parts.transport, settings.upstreams)
    service = ChatService(
        router=ChatRouter(
            caller_keys=parts.caller_keys,
            catalog=LazyCatalog(),
            providers=chat_providers(adapter),
            judge=adapter,
            funds=parts.funds,
        ),
        adapter=adapter,
        opener=parts.opener,
        admission=parts.spending,
        ledger=ChatLedger(
            notes=parts.notes,
            usage=parts.usage,
            spending=parts.spending,
            fee_rate=settings.fee_rate,
            catalog_version=LazyCatalog().version,
            now=utc_now,
            logger=parts.logger,
        ),
        search=ChatSearch(searches=parts.searches),
        describe_error=describe_error,
        now=utc_now,
    )
    return ChatFunction(authenticator=parts.authenticator, service=service, logger=parts.logger)


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

    def version(self) -> str:
        """Return the name of the catalog's data."""
        from ownkey.catalog.facts import load_catalog

        return load_catalog().version

    def nearest_names(self, model: str) -> tuple[str, ...]:
        """Return the names of models most like `model`."""
        from ownkey.catalog.models import nearest_names

        return nearest_names(model)


def describe_error(error: Exception) -> JsonObject:
    """Return the `error` object of a chunk that ends a broken stream."""
    answer = chat_error(error)
    return {**answer.body["error"], "status": answer.status}
