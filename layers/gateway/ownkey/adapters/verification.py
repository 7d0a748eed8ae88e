"""Whether a provider takes a key: the row's cheapest call, judged in three states."""

import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ownkey.adapters.auth_headers import BEARER, auth_headers
from ownkey.adapters.classification import ErrorClassifier
from ownkey.adapters.deadlines import BoundedDeadline
from ownkey.adapters.protocols.azure import azure_path
from ownkey.adapters.protocols.error_reports import ErrorReport, read_report
from ownkey.adapters.spec import ProviderSpec, Verification
from ownkey.domain.chat import Deadline
from ownkey.domain.errors import (
    ProviderKeyRejectedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    UpstreamError,
)
from ownkey.domain.provider_keys import Credential
from ownkey.domain.secrets import Secret
from ownkey.domain.upstream import Transport, UpstreamRequest, UpstreamResponse

VERIFICATION_SECONDS = 10.0
"""How long a check may take in all."""
AWS_TIMEOUT_SECONDS = 5.0
READ_LIMIT = 256 * 1024

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_AWS_BAD_KEY = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a provider let know about a key."""

    valid: bool | None
    """None: nobody could tell."""
    reason: str | None = None
    """Why not, in our words; never the provider's text."""


class KeyVerifier:
    """Asks providers whether they take a key."""

    def __init__(
        self, specs: Mapping[str, ProviderSpec], transport: Transport, base_urls: Mapping[str, str] | None = None
    ) -> None:
        """Make a verifier; `base_urls` take the place of providers' own, by slug."""
        self._specs = specs
        self._transport = transport
        self._base_urls = base_urls or {}

    def verify(self, provider: str, credential: Credential, *, model: str | None, deadline: Deadline) -> Verdict:
        """Return the provider's verdict, within ten seconds; it never raises for what a provider does.

        `model` is what to ask for where the check runs a model.
        """
        spec = self._specs[provider]
        verification = spec.verification
        if verification is None:
            return Verdict(valid=None, reason=f"{spec.name} has no call that proves a key. Use it once to find out.")
        bounded = BoundedDeadline(deadline, VERIFICATION_SECONDS)
        if verification.method == "STS":
            return self._ask_aws(spec, credential, bounded)
        try:
            verdict, status = self._ask(spec, verification, credential, model, bounded, BEARER)
            if status == 401 and spec.bearer_else:
                verdict, _ = self._ask(spec, verification, credential, model, bounded, spec.bearer_else)
        except UpstreamError as exc:
            return Verdict(valid=None, reason=_no_answer(spec, exc))
        return verdict

    def _ask(
        self,
        spec: ProviderSpec,
        verification: Verification,
        credential: Credential,
        model: str | None,
        deadline: Deadline,
        word: str,
    ) -> tuple[Verdict, int]:
        """Return what one call says, and its status."""
        request = UpstreamRequest(
            provider=spec.slug,
            method=verification.method,
            url=self._url(spec, verification, credential),
            headers=_headers(spec, verification, credential, word),
            body=_body(verification, model),
            secrets=tuple(credential.secrets.values()),
        )
        with closing(self._transport.send(request, deadline)) as response:
            return _judged(spec, verification, response, response.read(READ_LIMIT)), response.status

    def _url(self, spec: ProviderSpec, verification: Verification, credential: Credential) -> str:
        override = self._base_urls.get(spec.slug, "").rstrip("/")
        if verification.url.startswith("https://"):
            path = "/" + verification.url.split("/", 3)[3]
            return f"{'/'.join(override.split('/')[:3])}{path}" if override else verification.url
        path = azure_path(credential.settings, verification.url) if spec.url_style == "azure" else verification.url
        return f"{override or spec.base_url or credential.settings.get('endpoint', '')}{path}"

    def _ask_aws(self, spec: ProviderSpec, credential: Credential, deadline: Deadline) -> Verdict:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        region = credential.settings.get("region", "")
        if not _REGION.fullmatch(region):
            return Verdict(valid=None, reason="The credential names no AWS region. Store it again with one.")
        endpoint = self._base_urls.get(spec.slug) or f"https://sts.{region}.amazonaws.com"
        try:
            with closing(_sts_client(credential, region, endpoint, deadline)) as client:
                client.get_caller_identity()
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") in _AWS_BAD_KEY:
                return Verdict(valid=False, reason=f"{spec.name} rejected the key.")
            return Verdict(valid=None, reason=f"{spec.name} could not check the key just now. Try again later.")
        except (BotoCoreError, ResponseParserError, OSError, ValueError):
            # Nothing of it is passed on: botocore quotes what it could not use.
            return Verdict(valid=None, reason=f"{spec.name} could not be reached in time. Try again later.")
        return Verdict(valid=True)


def _headers(
    spec: ProviderSpec, verification: Verification, credential: Credential, word: str
) -> dict[str, str | Secret]:
    headers: dict[str, str | Secret] = {"Accept": "application/json", **spec.extra_headers}
    if verification.body is not None:
        headers["Content-Type"] = "application/json"
    return {**headers, **auth_headers(spec, credential, word)}


def _body(verification: Verification, model: str | None) -> bytes | None:
    if verification.body is None:
        return None
    body = dict(verification.body)
    if model and "model" in body:
        body["model"] = model
    return json.dumps(body).encode()


def _judged(spec: ProviderSpec, verification: Verification, response: UpstreamResponse, body: bytes) -> Verdict:
    report = read_report(body)
    classifier = ErrorClassifier(spec=spec)
    if report.is_web_page and response.status != 401:
        return Verdict(valid=None, reason=f"{spec.name} answered with a web page. Try again later.")
    if 200 <= response.status < 300:
        payload = _reported_failure(body)
        if payload is None:
            return Verdict(valid=True)
        error = classifier.of_payload(payload)
    else:
        error = classifier.of_response(response.status, response.headers, body)
        if response.status in verification.proven_by_status and _proves(error, report):
            return Verdict(valid=True)
    if isinstance(error, ProviderKeyRejectedError):
        return Verdict(valid=False, reason=f"{spec.name} rejected the key.")
    return Verdict(valid=None, reason=_untold(spec, error))


def _reported_failure(body: bytes) -> dict[str, Any] | None:
    """Return the body of a good answer that says it is none."""
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None  # a long list, cut at the read limit
    failed = isinstance(payload, dict) and (payload.get("success") is False or payload.get("error"))
    return payload if failed else None


def _proves(error: UpstreamError, report: ErrorReport) -> bool:
    """Return whether a failure is about what the key may do, rather than about the key, the money or the caller."""
    if isinstance(error, ProviderKeyRejectedError):
        return "invalid_api_key" not in report.codes
    return isinstance(error, ProviderRequestError) and error.kind == "not_found"


def _untold(spec: ProviderSpec, error: UpstreamError) -> str:
    """Return why an answer tells nothing about a key."""
    if isinstance(error, ProviderQuotaError):
        return f"Your {spec.name} account has no credit or quota left. Add credit there."
    if isinstance(error, ProviderRateLimitedError):
        return f"{spec.name} asks to slow down. Try again in a minute."
    if isinstance(error, ProviderRequestError):
        return (
            f"{spec.name} did not understand the check (status {error.upstream_status}). Use the key once to find out."
        )
    return f"{spec.name} had a failure of its own. Try again later."


def _no_answer(spec: ProviderSpec, error: UpstreamError) -> str:
    if isinstance(error, ProviderTimeoutError):
        return f"{spec.name} did not answer in time. Try again later."
    where = " Check the endpoint too." if spec.host_suffixes else ""
    return f"{spec.name} could not be reached. Try again later.{where}"


def _sts_client(credential: Credential, region: str, endpoint: str, deadline: Deadline) -> Any:
    import boto3
    from botocore.config import Config

    seconds = max(0.001, min(AWS_TIMEOUT_SECONDS, deadline.remaining_seconds() / 2))
    token = credential.secrets.get("sessionToken")
    return boto3.Session().client(
        "sts",
        region_name=region,
        endpoint_url=endpoint,  # also keeps an endpoint of the environment's out
        aws_access_key_id=credential.secrets["accessKeyId"].reveal(),
        aws_secret_access_key=credential.secrets["secretAccessKey"].reveal(),
        aws_session_token=token.reveal() if token else None,
        config=Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}, proxies={}),
    )
