"""What can go wrong, by whose doing.

    GatewayError
    ├── CallerError                     the caller can mend it
    │   ├── InvalidJsonError            the body is not JSON
    │   ├── InvalidParameterError       a field or header is wrong; `param` says which
    │   ├── UnsupportedParameterError   the upstream cannot do it and dropping it would change the answer
    │   ├── MissingGatewayKeyError      no credential at all
    │   ├── InvalidGatewayKeyError      a bad, unknown, revoked or expired gateway key
    │   ├── ModelNotFoundError          nobody is known to run the model
    │   ├── UnknownProviderError        no such provider slug
    │   ├── ProviderUnsupportedError    the provider cannot run this request
    │   ├── ProviderKeyMissingError     no stored key would do
    │   ├── ProviderKeyUnusableError    the stored key is expired or marked invalid
    │   ├── OriginNotAllowedError       the gateway key does not work on pages of this origin
    │   ├── DailyRequestLimitError      the gateway key's requests of today are used up; `retry_after_seconds`
    │   ├── DailySpendingLimitError     the gateway key's money of today is used up; `retry_after_seconds`
    │   ├── TeamForbiddenError          the named team is not one of the caller's
    │   ├── TeamPausedError             the team's traffic is stopped
    │   ├── TeamKeyRequiredError        the team allows its own keys only, and has none that would do
    │   ├── ModelNotAllowedError        the team does not allow its members this model
    │   ├── UsageLimitError             a monthly limit of the team or the member is reached
    │   ├── InsufficientBalanceError    the balance that would pay is used up
    │   ├── NotSignedInError            management: no valid session or gateway key
    │   ├── ForbiddenError              management: signed in, but not allowed
    │   ├── NotFoundError               management: no such thing of the caller's
    │   ├── ConflictError               management: clashes with what is stored
    │   ├── InvalidInputError           management: a field is wrong
    │   ├── SelfTargetError             management: not to be done to oneself
    │   └── RateLimitedError            management: too many calls; `retry_after_seconds`
    ├── UpstreamError                   a provider answered badly, late or not at all
    │   ├── ProviderKeyRejectedError    401/403: the provider refuses the stored key
    │   ├── ProviderQuotaError          the provider account has no money or quota left
    │   ├── ProviderRateLimitedError    429; `retry_after_seconds` when the provider said so
    │   ├── ProviderRequestError        the provider refuses this request: 400, 404, 413, 422
    │   ├── ProviderFailureError        5xx, a broken stream, an answer that is not one, no connection
    │   └── ProviderTimeoutError        too late
    └── InternalError                   our fault, or our cloud's
        ├── StoreUnavailableError       DynamoDB or Cognito is down or throttled
        ├── VaultUnavailableError       KMS is down or throttled, or a stored key does not open
        └── MisconfiguredError          a setting is missing or wrong

Messages are written for the caller and end with what to do. No class knows HTTP: `api/errors.py` maps them.
"""

from typing import Literal


class GatewayError(Exception):
    """Base of everything the gateway raises on purpose."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class CallerError(GatewayError):
    """The caller can mend it; `param` is the JSON path or header to mend, when it is a single one."""

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class InvalidJsonError(CallerError):
    """The request body is not a JSON object."""


class InvalidParameterError(CallerError):
    """A field or header has a wrong value; `param` is its JSON path or header name."""

    def __init__(self, message: str, *, param: str | None) -> None:
        super().__init__(message, param=param)


class UnsupportedParameterError(InvalidParameterError):
    """The upstream cannot do what `param` asks, and leaving it out would change the answer."""


class MissingGatewayKeyError(CallerError):
    """The request carries no credential."""


class InvalidGatewayKeyError(CallerError):
    """The gateway key is malformed, unknown, revoked or expired; which of them is not said."""


class ModelNotFoundError(CallerError):
    """The catalog does not know the model and the request names no provider for it."""


class UnknownProviderError(CallerError):
    """No provider has this slug."""


class ProviderUnsupportedError(CallerError):
    """The provider exists but cannot run this request."""


class ProviderKeyMissingError(CallerError):
    """No stored key would do; the message names the providers that would."""


class ProviderKeyUnusableError(CallerError):
    """The stored key is expired or was marked invalid after the provider refused it."""


class TeamForbiddenError(CallerError):
    """The team named by `x-team-id` is not one of the caller's."""


class TeamPausedError(CallerError):
    """The team that pays is paused or suspended."""


class TeamKeyRequiredError(CallerError):
    """The team allows its own provider keys only, and has stored none that would do."""


class ModelNotAllowedError(CallerError):
    """The team that pays does not allow its members this model."""


class UsageLimitError(CallerError):
    """A monthly limit of the team that pays, or of the member in it, is reached and enforced."""


class InsufficientBalanceError(CallerError):
    """The balance that would pay for the request is used up."""


class OriginNotAllowedError(CallerError):
    """The request comes from a page whose origin is not on the gateway key's list."""


class _DailyLimitError(CallerError):
    """A limit of the gateway key is used up until the day ends, in UTC."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DailyRequestLimitError(_DailyLimitError):
    """The gateway key's requests of today are used up."""


class DailySpendingLimitError(_DailyLimitError):
    """The gateway key's money of today is used up."""


class NotSignedInError(CallerError):
    """A management call without a valid session or gateway key."""


class ForbiddenError(CallerError):
    """A management call by somebody who may not make it."""


class NotFoundError(CallerError):
    """A management call about something that the caller does not own."""


class ConflictError(CallerError):
    """A management call that clashes with what is stored."""


class InvalidInputError(CallerError):
    """A management call with a wrong field; `field` is its JSON path."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class SelfTargetError(CallerError):
    """A management call that people may make about others, but not about themselves."""


class RateLimitedError(CallerError):
    """Too many management calls; try again after `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class UpstreamError(GatewayError):
    """A provider answered badly, late or not at all.

    `message` has been through the redactor. `upstream_status` is None when no answer came.
    `fallback_allowed` says whether another attempt may help: never for a request the provider understood and refused.
    `nothing_sent` is true only when it is certain that the provider saw no byte of the request.
    """

    fallback_allowed = True

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        upstream_status: int | None = None,
        retry_after_seconds: float | None = None,
        nothing_sent: bool = False,
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.upstream_status = upstream_status
        self.retry_after_seconds = retry_after_seconds
        self.nothing_sent = nothing_sent


class ProviderKeyRejectedError(UpstreamError):
    """The provider refuses the stored key."""


class ProviderQuotaError(UpstreamError):
    """The provider account has no money or quota left."""


class ProviderRateLimitedError(UpstreamError):
    """The provider asks to slow down."""


RefusalKind = Literal["bad_request", "not_found", "too_large", "unprocessable"]


class ProviderRequestError(UpstreamError):
    """The provider understood the request and refuses it; `kind` says how, `prompt_too_long` that it does not fit."""

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        kind: RefusalKind = "bad_request",
        prompt_too_long: bool = False,
        param: str | None = None,
        upstream_status: int | None = None,
    ) -> None:
        super().__init__(message, provider=provider, upstream_status=upstream_status)
        self.kind = kind
        self.prompt_too_long = prompt_too_long
        self.param = param
        # A model that this provider does not have may be had elsewhere; a bad request stays bad.
        self.fallback_allowed = kind == "not_found"


class ProviderFailureError(UpstreamError):
    """The provider failed: 5xx, a broken stream, an answer that is not one, no connection."""


class ProviderTimeoutError(UpstreamError):
    """The provider did not answer in time."""


class InternalError(GatewayError):
    """Our fault, or our cloud's. Callers may try again."""


class StoreUnavailableError(InternalError):
    """DynamoDB or Cognito is down or throttled."""


class VaultUnavailableError(InternalError):
    """KMS is down or throttled, or a stored key does not open."""


class MisconfiguredError(InternalError):
    """A setting is missing or wrong; the message says which, for the operator's log."""
