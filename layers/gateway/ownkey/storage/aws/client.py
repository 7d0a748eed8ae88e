"""Calls of AWS's JSON services: signed, timed out, and tried again when that helps."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ownkey.domain.dates import utc_now
from ownkey.storage.aws.connection import KeptConnection, NoAnswerError
from ownkey.storage.aws.credentials import CredentialSource
from ownkey.storage.aws.errors import AwsCallError
from ownkey.storage.aws.signing import signed_headers

TRIES = 3
BACKOFF_SECONDS = 0.05
"""The longest first wait; each further one may be twice as long. The wait itself is drawn from zero to that."""

THROTTLED = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "RequestLimitExceeded"}
)
"""Refusals that pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonService:
    """How one AWS service is spoken to."""

    name: str
    target: str
    """The prefix of `X-Amz-Target`."""
    json_version: str

    def origin(self, region: str) -> str:
        """Return the service's own address in a region."""
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"https://{self.name}.{region}.{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How a client tells the time and waits. Tests bring their own."""

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class JsonClient:
    """Calls one service over one kept connection, at most three times a call."""

    def __init__(
        self,
        service: JsonService,
        *,
        region: str,
        credentials: CredentialSource,
        endpoint_url: str | None = None,
        waiting: Waiting | None = None,
    ) -> None:
        self._service = service
        self._region = region
        self._credentials = credentials
        self._waiting = waiting or Waiting()
        self._connection = KeptConnection(endpoint_url or service.origin(region), self._waiting.monotonic)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return the answer of `operation`, whose bytes travel as base64; raises AwsCallError."""
        body = json.dumps(request, separators=(",", ":"), default=_base64_of).encode()
        for tried in range(1, TRIES + 1):
            try:
                return self._once(operation, body)
            except AwsCallError as exc:
                if tried == TRIES or not _may_pass(exc):
                    raise
            self._waiting.sleep(_jitter() * BACKOFF_SECONDS * 2 ** (tried - 1))
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Hang up; the next call connects again."""
        self._connection.close()

    def _once(self, operation: str, body: bytes) -> dict[str, Any]:
        service = self._service
        headers = signed_headers(
            {
                "Host": self._connection.host,
                "Content-Type": f"application/x-amz-json-{service.json_version}",
                "X-Amz-Target": f"{service.target}.{operation}",
            },
            body,
            self._credentials.current(),
            service=service.name,
            region=self._region,
            now=self._waiting.now(),
        )
        try:
            status, answer = self._connection.post(headers, body)
        except NoAnswerError as exc:
            raise AwsCallError(operation, "NoAnswer", str(exc)) from exc
        try:
            parsed = json.loads(answer, object_hook=_with_octets) if answer else {}
        except ValueError:
            parsed = None
        if status == 200 and isinstance(parsed, dict):
            return parsed
        raise _refusal(operation, status, parsed)


def _refusal(operation: str, status: int, answer: Any) -> AwsCallError:
    fields = answer if isinstance(answer, dict) else {}
    code = str(fields.get("__type", "")).rpartition("#")[2] or f"HTTP {status}"
    message = str(fields.get("message") or fields.get("Message") or "no message")
    details = {"CancellationReasons": fields["CancellationReasons"]} if "CancellationReasons" in fields else {}
    return AwsCallError(operation, code, message, ResponseMetadata={"HTTPStatusCode": status}, **details)


def _may_pass(error: AwsCallError) -> bool:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code == "NoAnswer" or code in THROTTLED or status >= 500


def _jitter() -> float:
    import random

    return random.random()  # noqa: S311 - spreads retries; nothing secret


def _base64_of(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot be sent to AWS")


def _with_octets(fields: dict[str, Any]) -> dict[str, Any]:
    """Turn DynamoDB's binary attribute values into bytes, as boto3 does."""
    if len(fields) == 1 and isinstance(fields.get("B"), str):
        return {"B": base64.b64decode(fields["B"])}
    return fields
