"""WebSearchFunction, on the light AWS client."""

from dataclasses import dataclass

from ownkey.bootstrap.callers import build_caller_parts
from ownkey.config import Settings
from ownkey.domain.dates import utc_now
from ownkey.observability import Logger
from ownkey.services.authentication import Authenticator
from ownkey.services.web_search import WebSearchService


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSearchFunction:
    """What the web search function is made of."""

    authenticator: Authenticator
    service: WebSearchService
    logger: Logger


def build_web_search_function(settings: Settings) -> WebSearchFunction:
    """Return the web search function's parts."""
    parts = build_caller_parts(settings, service="web-search")
    service = WebSearchService(
        caller_keys=parts.caller_keys,
        searches=parts.searches,
        funds=parts.funds,
        admission=parts.spending,
        usage=parts.usage,
        spending=parts.spending,
        now=utc_now,
        logger=parts.logger,
    )
    return WebSearchFunction(authenticator=parts.authenticator, service=service, logger=parts.logger)
