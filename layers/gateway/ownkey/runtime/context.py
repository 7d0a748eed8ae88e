"""The `context` argument of a handler, with the attributes that the managed runtime gives it."""

import json
import sys
import time

from ownkey.runtime.client import Invocation
from ownkey.runtime.failures import RuntimeFaultError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TRACE_FIELDS = ("traceparent", "tracestate", "baggage")


class CognitoIdentity:
    """Who called, when the caller came through an identity pool."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, fields: "Mapping[str, Any]") -> None:
        self.cognito_identity_id = fields.get("cognitoIdentityId")
        self.cognito_identity_pool_id = fields.get("cognitoIdentityPoolId")


class Client:
    """The mobile application that called."""

    __slots__ = ("app_package_name", "app_title", "app_version_code", "app_version_name", "installation_id")

    def __init__(self, fields: "Mapping[str, Any]") -> None:
        for name in self.__slots__:
            setattr(self, name, fields.get(name))


class ClientContext:
    """What the calling application said about itself."""

    __slots__ = ("client", "custom", "env")

    def __init__(self, fields: "Mapping[str, Any]") -> None:
        self.custom = fields.get("custom")
        self.env = fields.get("env")
        self.client = None if fields.get("client") is None else Client(fields["client"])


class Context:
    """What a handler is told about its function and this call."""

    streams_responses = True
    """An iterator may be returned as a response's body; the managed runtime's context has no such attribute."""

    def __init__(self, invocation: Invocation, environment: "Mapping[str, str]") -> None:
        self.aws_request_id = invocation.request_id
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invocation.header("invoked-function-arn")
        self.tenant_id = invocation.header("aws-tenant-id")
        client_context = _parsed(invocation.header("client-context"), "Client Context")
        self._trace_fields = _take_trace_fields(client_context)
        self.client_context = None if client_context is None else ClientContext(client_context)
        self.identity = CognitoIdentity(_parsed(invocation.header("cognito-identity"), "Cognito Identity") or {})
        self._deadline_epoch_ms = int(invocation.header("deadline-ms") or 0)

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run, never less than 0."""
        return max(0, self._deadline_epoch_ms - int(time.time() * 1000))

    def w3c(self) -> "dict[str, str]":
        """Return the W3C trace context that came with the call."""
        return dict(self._trace_fields)

    def log(self, message: object) -> None:
        """Write to the function's log as it is."""
        sys.stdout.write(str(message))


def _parsed(header: str | None, name: str) -> "dict[str, Any] | None":
    if not header:
        return None
    try:
        fields = json.loads(header)
    except ValueError as exc:
        raise RuntimeFaultError("Runtime.LambdaContextUnmarshalError", f"Unable to parse {name} JSON: {exc}") from exc
    return fields if isinstance(fields, dict) else {}


def _take_trace_fields(client_context: "dict[str, Any] | None") -> "dict[str, str]":
    fields = (client_context or {}).pop("w3c", None)
    if not isinstance(fields, dict):
        return {}
    return {name: fields[name] for name in TRACE_FIELDS if isinstance(fields.get(name), str)}
