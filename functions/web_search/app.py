"""POST /api/web."""

from typing import Any

from ownkey.api.deadline import InvocationDeadline
from ownkey.api.errors import chat_error
from ownkey.api.proxy import HttpRequest, ProxyResponse, json_response
from ownkey.api.search_request import parse_direct_search
from ownkey.bootstrap.web_search import build_web_search_function
from ownkey.config import Settings
from ownkey.domain.errors import CallerError, UpstreamError

web = build_web_search_function(Settings.from_environment())


def lambda_handler(event: dict[str, Any], context: Any) -> ProxyResponse:
    """Answer one web search; every failure in OpenAI's envelope."""
    request = HttpRequest.from_event(event)
    try:
        principal = web.authenticator.program(request.headers)
        wanted = parse_direct_search(request.json_object(), request.headers)
        answer = web.service.answer(
            wanted, principal, deadline=InvocationDeadline(context), request_id=request.request_id
        )
    except Exception as error:  # the outermost edge: nothing leaves but our own error shape
        if not isinstance(error, CallerError | UpstreamError):
            web.logger.error("the request failed", error=error, request_id=request.request_id)
        failure = chat_error(error)
        return json_response(failure.status, failure.body, request_id=request.request_id, headers=failure.headers)
    return json_response(200, answer.body, request_id=request.request_id, headers=answer.headers)
