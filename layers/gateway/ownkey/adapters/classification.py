"""From what a provider says of a failure to the one error class that means it."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

from ownkey.adapters.protocols.error_reports import ErrorReport, read_report, report_of
from ownkey.adapters.spec import ProviderSpec
from ownkey.domain.errors import (
    ProviderFailureError,
    ProviderKeyRejectedError,
    ProviderQuotaError,
    ProviderRateLimitedError,
    ProviderRequestError,
    ProviderTimeoutError,
    RefusalKind,
    UpstreamError,
)
from ownkey.domain.redaction import redact
from ownkey.domain.secrets import Secret

ERROR_BODY_LIMIT = 64 * 1024
"""How much of an error body is read."""
MESSAGE_LIMIT = 500
"""How much of a provider's own words callers get."""

Meaning = Literal["rejected", "quota", "rate_limited", "timeout", "failure"] | RefusalKind

_BY_STATUS: Mapping[int, Meaning] = {
    401: "rejected",
    402: "quota",
    403: "rejected",
    404: "not_found",
    408: "timeout",
    410: "not_found",
    413: "too_large",
    422: "unprocessable",
    424: "failure",
    425: "failure",
    429: "rate_limited",
    432: "quota",  # Tavily: the plan's limit
    433: "quota",  # Tavily: the limit for what is paid as it is used
    435: "too_large",
    498: "rate_limited",
    499: "failure",
    504: "timeout",
    522: "timeout",
    524: "timeout",
}
"""Other 4xx are bad requests; everything else is a failure of the provider."""

_BAD_KEY = ("code:invalid_api_key",)
_NO_MONEY = ("code:insufficient_quota", "code:insufficient_balance", "code:billing_error", "code:payment_required")
_NO_MODEL = ("code:model_not_found", "code:deploymentnotfound")
_TOO_LONG = (
    "code:context_length_exceeded",
    "code:model_context_window_exceeded",
    "maximum context length",
    "exceeds the context window",
    "context window exceeds limit",
    "exceed context limit",
    "exceeds the available context size",
    "the model's context length",
    "prompt is too long",
    "prompt exceeds max length",
    "maximum prompt length is",
    "longer than the maximum model length",
    "input is too long for requested model",
    "input tokens exceeded",
    "range of input length should be",
    "exceeds the maximum number of tokens allowed",
    "exceeded model token limit",
    "must be less than max_seq_len",
    "reduce the length of the messages",
)
"""How providers, and the servers that hosts of open models run, say that a prompt does not fit. Too many bytes, or too
many tokens in a minute, are something else."""
_FAILURES: Mapping[str, tuple[type[UpstreamError], str, str]] = {
    "quota": (ProviderQuotaError, "Your {name} account has no credit or quota left", "Add credit there."),
    "rate_limited": (ProviderRateLimitedError, "{name} asks you to slow down", "Try again later."),
    "timeout": (ProviderTimeoutError, "{name} did not answer in time (status {status})", "Try again."),
    "failure": (ProviderFailureError, "{name} failed with status {status}", "Try again."),
}
_REFUSALS: Mapping[RefusalKind, tuple[str, str]] = {
    "bad_request": ("refused the request", "Correct the request and send it again."),
    "not_found": ("did not find what the request names", "Check the model's id, and that your account may use it."),
    "too_large": ("refused the request as too large", "Send less and try again."),
    "unprocessable": ("could not process the request", "Correct the request and send it again."),
}
_SHORTEN = "Shorten the messages, ask for a shorter answer, or choose a model with a longer context."


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorClassifier:
    """Makes errors out of what one provider says, for one call with one credential."""

    spec: ProviderSpec
    secrets: tuple[Secret, ...] = ()
    """What no message may hold a piece of."""
    key_suffix: str | None = None
    """The characters of the key that may be shown."""
    now: Callable[[], float] = time.time

    def of_response(self, status: int, headers: Mapping[str, str], body: bytes) -> UpstreamError:
        """Return the error that an HTTP answer other than a success means. Header names are lower case."""
        report = read_report(body)
        retry_after = retry_after_seconds(headers, self.now())
        return self._error(status, report, report.retry_after_seconds if retry_after is None else retry_after)

    def of_payload(self, payload: Any) -> UpstreamError:
        """Return the error that a JSON object inside a successful answer reports."""
        report = report_of(payload)
        status = report.status
        if status is None and _is_refusal(self.spec, report):
            status = 400
        return self._error(502 if status is None else status, report, report.retry_after_seconds)

    def failure(self, what: str) -> ProviderFailureError:
        """Return the error for an answer that is none; `what` completes "<Provider> …"."""
        return ProviderFailureError(f"{self.spec.name} {what}. Try again.", provider=self.spec.slug)

    def _error(self, status: int, report: ErrorReport, retry_after: float | None) -> UpstreamError:
        meaning = _meaning(self.spec, status, report)
        name, provider = self.spec.name, self.spec.slug
        if meaning == "rejected":
            # Never with the provider's own words: they quote keys.
            ending = f" ending in …{self.key_suffix}" if self.key_suffix else ""
            message = f"{name} rejected your API key{ending}. Check the key with {name}, then store a working one."
            return ProviderKeyRejectedError(message, provider=provider, upstream_status=status)
        said = self._said(report)
        if failure := _FAILURES.get(meaning):
            kind, lead, advice = failure
            message = _sentences(lead.format(name=name, status=status), said, advice)
            return kind(message, provider=provider, upstream_status=status, retry_after_seconds=retry_after)
        refusal = cast("RefusalKind", meaning)
        lead, advice = _REFUSALS[refusal]
        too_long = refusal != "not_found" and _is_too_long(self.spec, report)
        return ProviderRequestError(
            _sentences(f"{name} {lead}", said, _SHORTEN if too_long else advice),
            provider=provider,
            kind=refusal,
            prompt_too_long=too_long,
            param=redact(report.param[:100], self.secrets) if report.param else None,
            upstream_status=status,
        )

    def _said(self, report: ErrorReport) -> str:
        """Return the provider's own words, fit to be shown."""
        if report.is_web_page:
            return "it answered with a web page"
        # Cut twice: redacting megabytes is slow, and a cut before redaction could leave a piece of a key unknown.
        text = redact(report.message[: 4 * MESSAGE_LIMIT], self.secrets)
        return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"


def _meaning(spec: ProviderSpec, status: int, report: ErrorReport) -> Meaning:
    says = partial(_says, report)
    if 400 <= status < 500:
        if says(*_BAD_KEY, *spec.bad_key_signals):
            return "rejected"
        if says(*_NO_MONEY, *spec.billing_signals):
            return "quota"
        if status in (400, 403) and says(*_NO_MODEL, *spec.no_model_signals):
            return "not_found"
        if status == 403 and says(*spec.refusal_signals):
            return "bad_request"
        if status == 403 and report.is_web_page:
            return "failure"  # of whoever stands before the provider: it has not seen the key
    return _BY_STATUS.get(status, "bad_request" if 400 <= status < 500 else "failure")


def _says(report: ErrorReport, *signals: str) -> bool:
    words = report.message.lower()
    return any(signal[5:] in report.codes if signal.startswith("code:") else signal in words for signal in signals)


def _is_refusal(spec: ProviderSpec, report: ErrorReport) -> bool:
    """Return whether an error that names no status is one that a 4xx would have told."""
    known = ("code:invalid_request_error", *_BAD_KEY, *_NO_MONEY, *spec.bad_key_signals, *spec.billing_signals)
    return _says(report, *known) or _is_too_long(spec, report)


def _is_too_long(spec: ProviderSpec, report: ErrorReport) -> bool:
    return _says(report, *_TOO_LONG, *spec.too_long_signals)


def _sentences(lead: str, said: str, advice: str) -> str:
    if not said:
        return f"{lead}. {advice}"
    return f"{lead}: {said}{'' if said[-1] in '.!?…' else '.'} {advice}"


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Return how long a provider asks to wait, by `retry-after-ms` or `retry-after` (seconds or a date)."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return _seconds_until(headers.get("retry-after", ""), now)


def _seconds_until(date: str, now: float) -> float | None:
    if not date:
        return None
    from email.utils import parsedate_to_datetime  # only a few providers answer with a date

    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, OverflowError):
        return None
