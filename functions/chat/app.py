"""POST /api/v1/chat/completions."""

from typing import Any

from ownkey.api.chat_request import parse_chat_request
from ownkey.api.deadline import METERING_SECONDS, InvocationDeadline
from ownkey.api.errors import chat_error
from ownkey.api.proxy import HttpRequest, ProxyResponse, event_stream_head, json_response, settled_response
from ownkey.bootstrap.chat import build_chat_function
from ownkey.config import Settings
from ownkey.domain.errors import CallerError, UpstreamError
from ownkey.services.chat import CompletedAnswer, StreamedAnswer

chat = build_chat_function(Settings.from_environment())


def lambda_handler(event: dict[str, Any], context: Any) -> ProxyResponse:
    """Answer one chat completion, streamed or whole; every failure in OpenAI's envelope."""
    request = HttpRequest.from_event(event)
    try:
        principal = chat.authenticator.program(request.headers)
        wanted = parse_chat_request(request.json_object(), request.headers)
        if request.flag("explain"):
            return json_response(200, chat.service.explain(wanted, principal), request_id=request.request_id)
        answer = chat.service.answer(
            wanted, principal, deadline=InvocationDeadline(context, METERING_SECONDS), request_id=request.request_id
        )
        return _sent(answer, request, context)
    except Exception as error:  # the outermost edge: nothing leaves but our own error shape
        if not isinstance(error, CallerError | UpstreamError):
            chat.logger.error("the request failed", error=error, request_id=request.request_id)
        failure = chat_error(error)
        return json_response(failure.status, failure.body, request_id=request.request_id, headers=failure.headers)


def _sent(answer: CompletedAnswer | StreamedAnswer, request: HttpRequest, context: Any) -> ProxyResponse:
    """Return the response that settles itself once it has gone out."""
    if isinstance(answer, StreamedAnswer):
        head = event_stream_head(request_id=request.request_id, headers=answer.headers)
        return settled_response(head, answer.frames, answer.settle, context=context)
    try:
        whole = json_response(200, answer.body, request_id=request.request_id, headers=answer.headers)
    except Exception as error:
        answer.fail(error)
        raise
    return settled_response(whole, iter((whole["body"].encode(),)), answer.settle, context=context)
