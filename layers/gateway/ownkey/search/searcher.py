"""Runs one search at one engine."""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

from ownkey import __version__
from ownkey.adapters.auth_headers import BEARER, auth_headers
from ownkey.adapters.classification import ERROR_BODY_LIMIT, ErrorClassifier
from ownkey.adapters.deadlines import BoundedDeadline
from ownkey.adapters.protocols.error_reports import read_report
from ownkey.adapters.retries import RetryOnce
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.chat import Deadline
from ownkey.domain.errors import UpstreamError
from ownkey.domain.provider_keys import Credential
from ownkey.domain.search import SearchAnswer, SearchOutput, SearchRequest, SearchWish
from ownkey.domain.upstream import Transport, UpstreamRequest, UpstreamResponse
from ownkey.search.engines.engine import Engine
from ownkey.search.engines.reading import RESULT_LIMIT, NoAnswerError
from ownkey.search.preparation import engine_named, prepared

SEARCH_SECONDS = 20.0
"""How long a search may take in all."""
ANSWER_LIMIT = 8 * 1024 * 1024
"""The largest answer that is taken, in bytes."""


class Searcher:
    """Searches the web at every engine."""

    def __init__(
        self,
        specs: Mapping[str, ProviderSpec],
        transport: Transport,
        base_urls: Mapping[str, str] | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a searcher.

        Args:
            specs: the providers, by slug.
            transport: sends the requests.
            base_urls: URLs that take the place of engines' own, by slug.
            sleep: waits before a request is sent a second time.
        """
        self._specs = specs
        self._transport = transport
        self._base_urls = base_urls or MappingProxyType({})
        self._sleep = sleep

    def prepare(
        self, wish: SearchWish, engine: str, *, query: str, output: SearchOutput = "searchResults"
    ) -> SearchRequest:
        """Return what is to be sent to `engine`.

        Raises:
            UnknownProviderError: there is no such engine.
            ProviderUnsupportedError: the engine writes no answers.
            InvalidParameterError: the depth or an option is none of the engine's, or has a wrong value.
        """
        return prepared(engine_named(engine, wish.param), wish, query=query, output=output)

    def search(self, request: SearchRequest, *, credential: Credential, deadline: Deadline) -> SearchAnswer:
        """Return what the engine found, within twenty seconds. Finding nothing is an answer.

        Raises:
            UpstreamError: the engine failed; no message holds a key.
        """
        engine, spec = engine_named(request.engine), self._specs[request.engine]
        errors = ErrorClassifier(spec=spec, secrets=tuple(credential.secrets.values()), key_suffix=credential.suffix)
        bounded = BoundedDeadline(deadline, SEARCH_SECONDS)
        with closing(self._send(engine, request, credential, bounded)) as response:
            if not 200 <= response.status < 300:
                raise errors.of_response(response.status, response.headers, _read_error(response))
            body = response.read(ANSWER_LIMIT + 1)
        return _parsed(engine, request, body, errors)

    def _send(
        self, engine: Engine, request: SearchRequest, credential: Credential, deadline: Deadline
    ) -> UpstreamResponse:
        transport = RetryOnce(self._transport, self._sleep)
        response = transport.send(self._upstream(engine, request, credential, BEARER), deadline)
        other_word = self._specs[engine.slug].bearer_else
        if response.status != 401 or not other_word:
            return response
        response.close()
        return transport.send(self._upstream(engine, request, credential, other_word), deadline)

    def _upstream(self, engine: Engine, request: SearchRequest, credential: Credential, word: str) -> UpstreamRequest:
        spec, rendered = self._specs[engine.slug], engine.render(request)
        base_url = self._base_urls.get(engine.slug) or spec.base_url
        return UpstreamRequest(
            provider=engine.slug,
            method="POST",
            url=f"{base_url.rstrip('/')}{rendered.path}",
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "User-Agent": f"ownkey/{__version__}",
                **spec.extra_headers,
                **auth_headers(spec, credential, word),
            },
            body=json.dumps(rendered.body, separators=(",", ":")).encode(),
            secrets=tuple(credential.secrets.values()),
        )


def _read_error(response: UpstreamResponse) -> bytes:
    try:
        return response.read(ERROR_BODY_LIMIT)
    except UpstreamError:
        return b""  # the status says enough


def _parsed(engine: Engine, request: SearchRequest, body: bytes, errors: ErrorClassifier) -> SearchAnswer:
    if len(body) > ANSWER_LIMIT:
        raise errors.failure("sent an answer that is too large")
    try:
        # Money is read as it is written.
        payload: Any = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError, InvalidOperation):
        what = "a web page" if read_report(body).is_web_page else "no JSON"
        raise errors.failure(f"answered with {what} instead of search results") from None
    if not isinstance(payload, dict):
        raise errors.failure("sent an answer that is none")
    answer = _read(engine, request, payload)
    if _reports_failure(payload, answer, wants_answer=request.output == "sourcedAnswer"):
        raise errors.of_payload(payload)
    if answer is None:
        raise errors.failure("sent an answer without results")
    results = tuple(found for found in answer.results if request.images or found.kind == "text")[:RESULT_LIMIT]
    price = answer.price if answer.price_reported else engine.list_price(request, results)
    return replace(answer, results=results, price=price)


def _read(engine: Engine, request: SearchRequest, payload: Mapping[str, Any]) -> SearchAnswer | None:
    try:
        return engine.parse(request, payload)
    except NoAnswerError:
        return None


def _reports_failure(payload: Mapping[str, Any], answer: SearchAnswer | None, *, wants_answer: bool) -> bool:
    """Return whether a good status is belied by the body. Valyu adds remarks as `error` to searches that succeeded."""
    if payload.get("success") is False:
        return True
    found = answer and (answer.answer if wants_answer else answer.results)
    return bool(payload.get("error")) and payload.get("success") is not True and not found
