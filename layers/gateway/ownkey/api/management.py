"""The HTTP edge of the management functions: one resolver, one way to read a body, one way to answer."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from pydantic import BaseModel, ValidationError

from ownkey.api.errors import management_error
from ownkey.api.proxy import SECURITY_HEADERS, request_id_of
from ownkey.domain.chat import JsonObject
from ownkey.domain.errors import CallerError, InvalidInputError, InvalidJsonError, NotFoundError
from ownkey.domain.redaction import redact
from ownkey.observability import Logger

STANDARD_HEADERS: Mapping[str, str] = {"Content-Type": "application/json", **SECURITY_HEADERS}
"""What every management answer carries, besides `x-request-id`."""

SchemaT = TypeVar("SchemaT", bound=BaseModel)

# Pydantic's own texts for these name the value that was sent, or say less than we can.
_TEXT_OF_PROBLEM = {
    "missing": "is required",
    "extra_forbidden": "is not a known field; remove it",
    "union_tag_invalid": "is not one of the known kinds",
}


def management_resolver(logger: Logger) -> APIGatewayRestResolver:
    """Return a resolver that answers in the flat error shape, whatever happens.

    Every answer, errors and unknown routes included, carries `STANDARD_HEADERS` and `x-request-id`, and every call
    writes one log line without its body.
    """
    app = APIGatewayRestResolver(debug=False)

    def unknown_route(_: Exception) -> Response[str]:
        return _error_answer(NotFoundError("There is nothing here. Check the method and the path."))

    def with_standard_answers(
        app: APIGatewayRestResolver, next_middleware: Callable[[APIGatewayRestResolver], Response[str]]
    ) -> Response[str]:
        request_id = request_id_of(app.current_event.raw_event)
        call: dict[str, Any] = {
            "request_id": request_id,
            "method": app.current_event.http_method,
            "path": app.current_event.path,
        }
        try:
            response = next_middleware(app)
        except CallerError as exc:
            response = _error_answer(exc)
        except Exception as exc:
            logger.error("management call failed", error=exc, **call)
            response = _error_answer(exc)
        logger.info("management call", status=response.status_code, **call)
        response.headers.update({**STANDARD_HEADERS, "x-request-id": request_id})
        return response

    app.not_found(unknown_route)
    app.use(middlewares=[with_standard_answers])
    return app


def answer(
    status: int, body: JsonObject, *, cookies: Sequence[str] = (), headers: Mapping[str, str] | None = None
) -> Response[str]:
    """Return a JSON answer. `cookies` are whole `Set-Cookie` values; the standard headers are added by the resolver."""
    all_headers: dict[str, str | list[str]] = dict(headers or {})
    if cookies:
        all_headers["Set-Cookie"] = list(cookies)
    return Response(
        status_code=status,
        content_type=STANDARD_HEADERS["Content-Type"],
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False),
        headers=all_headers,
    )


def read_body(app: APIGatewayRestResolver, schema: type[SchemaT]) -> SchemaT:
    """Return the request body as `schema`.

    No error of this function repeats a value that was sent: it may be a secret.

    Raises:
        InvalidJsonError: the body is not a JSON object.
        InvalidInputError: it does not fit `schema`; `field` is the JSON path of the first problem.
    """
    sent = _json_object(app.current_event.raw_event)
    try:
        return schema.model_validate(sent)
    except ValidationError as exc:
        problem = exc.errors(include_input=False, include_url=False, include_context=False)[0]
    # Outside the except block: pydantic's exception prints the input, so it is neither cause nor context of ours.
    path = redact(_json_path(problem["loc"]))
    text = _TEXT_OF_PROBLEM.get(problem["type"]) or "is wrong: " + redact(problem["msg"])
    raise InvalidInputError(f"{path or 'The body'} {text}.", field=path or None)


class CurrentRequest:
    """The request that a resolver is answering, for those who know no resolver."""

    def __init__(self, app: APIGatewayRestResolver) -> None:
        self._app = app

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._app.current_event.http_method

    @property
    def path(self) -> str:
        """The path without the stage."""
        return self._app.current_event.path

    @property
    def source_ip(self) -> str | None:
        """The caller's address as API Gateway saw it; never what a header says."""
        context = self._app.current_event.raw_event.get("requestContext") or {}
        return (context.get("identity") or {}).get("sourceIp")

    @property
    def console_url(self) -> str:
        """Where the console is: the host and the base path that API Gateway matched, never what a header says."""
        context = self._app.current_event.raw_event.get("requestContext") or {}
        prefix = str(context.get("path") or "").partition("/api/")[0]
        return f"https://{context.get('domainName')}{prefix}/"

    @property
    def headers(self) -> dict[str, str]:
        """The headers under lower-case names."""
        return headers_of(self._app)

    def required(self, name: str) -> str:
        """Return a query parameter; raises InvalidInputError when it is missing or empty."""
        return required_query(self._app, name)

    def query(self, name: str) -> str | None:
        """Return a query parameter, or None."""
        return (self._app.current_event.raw_event.get("queryStringParameters") or {}).get(name)

    def number(self, name: str, *, default: int, most: int) -> int:
        """Return a query parameter that is a whole number from 1 to `most`; raises InvalidInputError."""
        text = self.query(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= most:
            raise InvalidInputError(
                f"The query parameter `{name}` must be a whole number from 1 to {most}.", field=name
            )
        return int(text)

    def require_json(self) -> None:
        """Raise InvalidInputError unless the body says that it is JSON.

        A form on another site cannot say so. Routes that act without a session need it: nobody may be signed in to a
        stranger's account without noticing.
        """
        media_type = headers_of(self._app).get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json":
            raise InvalidInputError("Send the body as JSON, with the header `Content-Type: application/json`.")

    def body(self, schema: type[SchemaT]) -> SchemaT:
        """Return the body as `schema`; raises what `read_body` raises."""
        return read_body(self._app, schema)


def headers_of(app: APIGatewayRestResolver) -> dict[str, str]:
    """Return the request's headers under lower-case names; several `Cookie` headers count as one."""
    event = app.current_event.raw_event
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        if values:
            headers[str(name).lower()] = "; ".join(values) if str(name).lower() == "cookie" else str(values[-1])
    return headers


def required_query(app: APIGatewayRestResolver, name: str) -> str:
    """Return a query parameter; raises InvalidInputError when it is missing or empty."""
    value = (app.current_event.raw_event.get("queryStringParameters") or {}).get(name)
    if not value:
        raise InvalidInputError(f"The query parameter `{name}` is required.", field=name)
    return str(value)


def _error_answer(error: Exception) -> Response[str]:
    described = management_error(error)
    return answer(described.status, described.body, headers=described.headers)


def _json_object(event: Mapping[str, Any]) -> JsonObject:
    text = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            text = base64.b64decode(text, validate=True).decode()
        sent = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError, binascii.Error):
        sent = None
    if not isinstance(sent, dict):
        raise InvalidJsonError("The body must be a JSON object. Send one, with Content-Type: application/json.")
    return sent


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json_path(location: Sequence[str | int]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path
